//! Codes from a camera: a command writes its pictures to stdout as JPEGs, one after the other.
//!
//! Invariants: only the newest picture is looked at, so that an answer is never about what the
//! camera saw a while ago; a ticket that stays in sight is one reading; memory is two pictures.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use scanner_core::Clock;
use scanner_core::decode::{FrameSplitter, read_image};

use crate::hooks;

/// A code that was out of sight for this long is another reading.
const GONE_MICROS: u64 = 1_500_000;
const READ_BYTES: usize = 64 * 1024;

/// What a device is read with.
const OF_DEVICE: &str = "exec ffmpeg -nostdin -loglevel error -f v4l2 -framerate 15 \
                         -video_size 1280x720 -i DEVICE -f mjpeg -q:v 3 -";

/// The command for what the caller named: a device of the system, or a command.
fn command_of(named: &str) -> String {
    let is_device = named.starts_with("/dev/")
        && named
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte));
    if is_device {
        OF_DEVICE.replace("DEVICE", named)
    } else {
        named.to_owned()
    }
}

/// Tells each code once while it stays in sight, until the command ends or `seen` says that it is
/// enough. Gives how the command ended.
pub(crate) fn watch(
    named: &str,
    clock: &dyn Clock,
    mut seen: impl FnMut(String) -> bool,
) -> std::io::Result<String> {
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(command_of(named))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let newest = Arc::new(Newest::default());
    let stdout = child.stdout.take();
    let mut running = Running(child);
    let into = Arc::clone(&newest);
    std::thread::spawn(move || into.fill(stdout));
    let mut held = Held::default();
    while let Some(frame) = newest.take() {
        // A picture that cannot be read shows no ticket: there will be another.
        let codes = read_image(&frame, clock).unwrap_or_default();
        for code in codes {
            if held.is_new(&code, clock.monotonic_micros()) && !seen(code) {
                return Ok("enough".to_owned());
            }
        }
    }
    Ok(running.0.wait()?.to_string())
}

/// Ended with all that it started, however this is left.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        hooks::end(&mut self.0);
    }
}

/// One place for a picture; a newer one takes it.
#[derive(Default)]
struct Newest {
    place: Mutex<Place>,
    changed: Condvar,
}

#[derive(Default)]
struct Place {
    frame: Option<Vec<u8>>,
    ended: bool,
}

impl Newest {
    fn fill(&self, stdout: Option<ChildStdout>) {
        let mut splitter = FrameSplitter::default();
        let mut bytes = vec![0; READ_BYTES];
        if let Some(mut stdout) = stdout {
            loop {
                match stdout.read(&mut bytes) {
                    Ok(0) => break,
                    Ok(read) => splitter.push(&bytes[..read], |frame| self.put(frame)),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
        }
        self.lock().ended = true;
        self.changed.notify_one();
    }

    fn put(&self, frame: &[u8]) {
        let mut place = self.lock();
        // One that nobody looked at leaves its room.
        let room = place.frame.get_or_insert_default();
        room.clear();
        room.extend_from_slice(frame);
        self.changed.notify_one();
    }

    /// Waits; `None` when there will be no more.
    fn take(&self) -> Option<Vec<u8>> {
        let mut place = self.lock();
        loop {
            if let Some(frame) = place.frame.take() {
                return Some(frame);
            }
            if place.ended {
                return None;
            }
            place = self
                .changed
                .wait(place)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The code that is in sight.
#[derive(Debug, Default)]
struct Held {
    code: String,
    seen_at: u64,
}

impl Held {
    fn is_new(&mut self, code: &str, at: u64) -> bool {
        let stays = self.code == code && at.saturating_sub(self.seen_at) < GONE_MICROS;
        self.seen_at = at;
        if !stays {
            code.clone_into(&mut self.code);
        }
        !stays
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_that_stays_in_sight_is_one_reading() {
        let mut held = Held::default();
        assert!(held.is_new("17", 0));
        for frame in 1..100 {
            assert!(!held.is_new("17", frame * 66_000));
        }
        assert!(held.is_new("18", 7_000_000), "another one");
        assert!(held.is_new("17", 7_100_000));
        assert!(held.is_new("17", 7_100_000 + GONE_MICROS), "it was away");
    }

    #[test]
    fn a_device_gets_its_command_and_a_command_stays() {
        assert!(command_of("/dev/video2").contains("-i /dev/video2 "));
        assert_eq!(command_of("cat frames"), "cat frames");
        let sly = "/dev/video0; rm -rf .";
        assert_eq!(command_of(sly), sly, "what the caller wrote is a command");
    }

    #[test]
    fn only_the_newest_picture_waits() {
        let newest = Newest::default();
        newest.put(b"old");
        newest.put(b"new");
        newest.fill(None);
        assert_eq!(newest.take().as_deref(), Some(&b"new"[..]));
        assert_eq!(newest.take(), None);
    }
}
