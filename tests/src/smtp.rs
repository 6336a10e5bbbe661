//! A mail server on loopback: real TCP, real SMTP, everything kept, faults on demand.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use data_encoding::BASE64;

/// A client that says nothing for so long has forgotten us.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// What goes wrong with one mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 451 to the recipient: come again.
    Greylisted,
    /// 550 to the recipient: never.
    NoSuchMailbox,
    /// The connection breaks before anything is said.
    HangsUp,
    /// The mail is taken, and the connection breaks before the last 250.
    CutBeforeOk,
}

/// A mail as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    /// Head and body, with the dots undone.
    pub raw: String,
}

impl Received {
    /// The value of a header, its lines joined.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.raw.split("\r\n\r\n").next().unwrap_or_default();
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    }

    /// The part of that media type, decoded.
    pub fn part(&self, media: &str) -> Option<String> {
        let boundary = self.header("Content-Type")?;
        let boundary = boundary.split("boundary=").nth(1)?.trim_matches('"');
        let boundary = format!("--{boundary}");
        let mut parts = self.raw.split(boundary.as_str());
        let part = parts.find(|part| part.contains(&format!("Content-Type: {media}")))?;
        let (head, body) = part.split_once("\r\n\r\n")?;
        Some(if head.contains("quoted-printable") {
            from_quoted_printable(body)
        } else if head.contains("base64") {
            let packed: String = body.split_whitespace().collect();
            String::from_utf8(BASE64.decode(packed.as_bytes()).ok()?).ok()?
        } else {
            body.to_owned()
        })
    }

    /// As a mail program shows it: the subject, an empty line, the text.
    fn readable(&self) -> String {
        let subject = self.header("Subject").unwrap_or_default();
        let text = self.part("text/plain").unwrap_or_default();
        format!("{subject}\n\n{}", text.replace("\r\n", "\n"))
    }

    /// What follows `before` in the text, up to white space: the end of a link.
    pub fn after(&self, before: &str) -> Option<String> {
        let text = self.part("text/plain")?;
        let rest = text.split_once(before)?.1;
        rest.split_whitespace().next().map(str::to_owned)
    }
}

fn from_quoted_printable(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let escaped = (*first == b'=').then(|| others.get(..2)).flatten();
        let byte = escaped
            .and_then(|two| std::str::from_utf8(two).ok())
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &others[2..] } else { others };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[derive(Default)]
struct State {
    mails: Vec<Received>,
    faults: VecDeque<Fault>,
    /// Where scripts read them.
    folder: Option<PathBuf>,
    /// Refused ones too.
    connections: usize,
    stops: bool,
}

/// The mail server. Dropping it stops it.
pub struct Sink {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    listener: Option<JoinHandle<()>>,
}

impl Sink {
    /// # Panics
    /// When loopback has no free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let listener = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if lock(&shared).stops {
                    return;
                }
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || Dialogue::new(stream, shared).map(Dialogue::run));
            }
        });
        Self {
            address,
            state,
            listener: Some(listener),
        }
    }

    /// For `SMTP_URL`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// From now on each mail is also a file `ADDRESS/NUMBER.txt` in that folder: its subject, an empty
    /// line and its text.
    pub fn keep_in(&self, folder: &Path) {
        lock(&self.state).folder = Some(folder.to_owned());
    }

    /// The next mails meet these, one each.
    pub fn fail(&self, faults: &[Fault]) {
        lock(&self.state).faults.extend(faults);
    }

    pub fn mails(&self) -> Vec<Received> {
        lock(&self.state).mails.clone()
    }

    /// Mails to that address.
    pub fn to(&self, address: &str) -> Vec<Received> {
        let mut mails = self.mails();
        mails.retain(|mail| mail.to.iter().any(|to| to == address));
        mails
    }

    pub fn connections(&self) -> usize {
        lock(&self.state).connections
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        lock(&self.state).stops = true;
        // Wakes the listener.
        drop(TcpStream::connect(self.address));
        if let Some(listener) = self.listener.take() {
            drop(listener.join());
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection.
struct Dialogue {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    state: Arc<Mutex<State>>,
    fault: Option<Fault>,
    mail: Received,
}

impl Dialogue {
    fn new(stream: TcpStream, state: Arc<Mutex<State>>) -> Option<Self> {
        stream.set_read_timeout(Some(SILENCE_MAX)).ok()?;
        let fault = {
            let mut state = lock(&state);
            state.connections += 1;
            state.faults.pop_front()
        };
        Some(Self {
            writer: stream.try_clone().ok()?,
            reader: BufReader::new(stream),
            state,
            fault,
            mail: nothing(),
        })
    }

    fn run(mut self) {
        if self.fault == Some(Fault::HangsUp) {
            return;
        }
        let mut goes_on = self.say("220 sink.test ESMTP");
        while goes_on {
            let Some(line) = self.line() else { return };
            goes_on = self.obey(&line);
        }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn say(&mut self, line: &str) -> bool {
        self.writer
            .write_all(format!("{line}\r\n").as_bytes())
            .is_ok()
    }

    fn obey(&mut self, line: &str) -> bool {
        let verb = line.to_ascii_uppercase();
        if verb.starts_with("EHLO") || verb.starts_with("HELO") {
            self.say("250-sink.test\r\n250 8BITMIME")
        } else if verb.starts_with("MAIL FROM:") {
            self.mail.from = address(line);
            self.say("250 2.1.0 fine")
        } else if verb.starts_with("RCPT TO:") {
            match self.fault {
                Some(Fault::Greylisted) => self.say("451 4.7.1 come again"),
                Some(Fault::NoSuchMailbox) => self.say("550 5.1.1 nobody of that name"),
                Some(Fault::HangsUp | Fault::CutBeforeOk) | None => {
                    self.mail.to.push(address(line));
                    self.say("250 2.1.5 fine")
                }
            }
        } else if verb == "DATA" {
            self.say("354 go on") && self.take()
        } else if verb == "QUIT" {
            self.say("221 bye");
            false
        } else if verb == "RSET" || verb == "NOOP" {
            self.mail = nothing();
            self.say("250 fine")
        } else {
            self.say("502 5.5.1 not here")
        }
    }

    fn take(&mut self) -> bool {
        let mut raw = String::new();
        loop {
            let Some(line) = self.line() else {
                return false;
            };
            if line == "." {
                break;
            }
            raw.push_str(line.strip_prefix('.').unwrap_or(&line));
            raw.push_str("\r\n");
        }
        self.mail.raw = raw;
        let mail = std::mem::replace(&mut self.mail, nothing());
        let mut state = lock(&self.state);
        if let Some(folder) = &state.folder {
            keep(folder, state.mails.len(), &mail).expect("the mail folder");
        }
        state.mails.push(mail);
        drop(state);
        self.fault != Some(Fault::CutBeforeOk) && self.say("250 2.0.0 taken")
    }
}

fn keep(folder: &Path, number: usize, mail: &Received) -> std::io::Result<()> {
    for to in &mail.to {
        let folder = folder.join(to);
        std::fs::create_dir_all(&folder)?;
        // A reader sees all of it or nothing.
        let draft = folder.join("draft");
        std::fs::write(&draft, mail.readable())?;
        std::fs::rename(draft, folder.join(format!("{number:04}.txt")))?;
    }
    Ok(())
}

fn nothing() -> Received {
    Received {
        from: String::new(),
        to: Vec::new(),
        raw: String::new(),
    }
}

/// Between the angle brackets.
fn address(line: &str) -> String {
    let inner = line.split_once('<').map_or(line, |(_, rest)| rest);
    inner.split('>').next().unwrap_or_default().to_owned()
}
