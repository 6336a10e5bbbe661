//! A program on a terminal of its own: keys in, the screen out.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

const ROWS: u16 = 24;
const COLUMNS: u16 = 80;
/// A machine that is busy with other tests is slow.
const PATIENCE: Duration = Duration::from_mins(1);

struct Seen {
    parser: vt100::Parser,
    bells: usize,
    ended: bool,
}

pub(crate) struct Pty {
    pub(crate) child: Child,
    keys: File,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl Pty {
    /// Starts `command` on a new terminal of 80 columns and 24 rows.
    pub(crate) fn start(mut command: Command) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let size = Winsize {
            ws_row: ROWS,
            ws_col: COLUMNS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).expect("a size");
        let name = ptsname(&master, Vec::new()).expect("a name");
        let no_control = i32::try_from(OFlags::NOCTTY.bits()).expect("a flag");
        let slave = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(no_control)
            .open(OsStr::from_bytes(name.to_bytes()))
            .expect("the other end");
        let child = command
            .stdin(Stdio::from(slave.try_clone().expect("a copy")))
            .stdout(Stdio::from(slave))
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        // It holds the other end's copies for as long as it lives.
        drop(command);
        let seen = Arc::new((
            Mutex::new(Seen {
                parser: vt100::Parser::new(ROWS, COLUMNS, 0),
                bells: 0,
                ended: false,
            }),
            Condvar::new(),
        ));
        let mut output = File::from(master);
        let keys = output.try_clone().expect("a copy");
        let into = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut bytes = [0; 16 * 1024];
            loop {
                // A terminal whose program has ended cannot be read.
                let read = output.read(&mut bytes).unwrap_or(0);
                let mut seen = into.0.lock().unwrap_or_else(PoisonError::into_inner);
                seen.parser.process(&bytes[..read]);
                let bells = bytes[..read].split(|byte| *byte == 7).count() - 1;
                seen.bells += bells;
                seen.ended = read == 0;
                into.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        Self { child, keys, seen }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("typed");
    }

    /// What the screen shows once it is what `wanted` looks for.
    pub(crate) fn wait_for(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        match self.look(PATIENCE, &wanted) {
            Ok(screen) => screen,
            Err(screen) => panic!("{what} never came:\n{screen}"),
        }
    }

    /// The screen, within a time: `Err` when it was never what `wanted` looks for.
    pub(crate) fn look(
        &self,
        patience: Duration,
        wanted: &impl Fn(&str) -> bool,
    ) -> Result<String, String> {
        let seen = self.seen.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |seen: &mut Seen| !seen.ended && !wanted(&seen.parser.screen().contents());
        let (seen, _) = self
            .seen
            .1
            .wait_timeout_while(seen, patience, waits)
            .unwrap_or_else(PoisonError::into_inner);
        let screen = seen.parser.screen().contents();
        if wanted(&screen) {
            Ok(screen)
        } else {
            Err(screen)
        }
    }

    /// A person's pause: nothing is waited for.
    pub(crate) fn pause(&self, millis: u64) {
        let _screen = self.look(Duration::from_millis(millis), &|_| false);
    }

    pub(crate) fn screen(&self) -> String {
        let seen = self.seen.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.parser.screen().contents()
    }

    pub(crate) fn bells(&self) -> usize {
        let seen = self.seen.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.bells
    }

    /// Resident memory, in kilobytes.
    pub(crate) fn resident_kb(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).expect("a process");
        text.lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse().ok())
            .expect("a figure")
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("ends")
    }

    pub(crate) fn kill(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.kill();
    }
}
