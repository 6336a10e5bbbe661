//! Where a scanner asks for a claim: a door on loopback beside the running gossip, which may be in
//! this process or in another one on the same data.
//!
//! Invariants: who asks must know a secret that only the owner of the data can read; one question
//! is answered at a time and within a bound; whoever gets no answer is told that nobody was reached,
//! never that anything was granted.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::sync::claim::ClaimSlot;

use super::driver::Wake;
use crate::cache;
use crate::clock::Edge;
use crate::error::Cause;

/// The node answers within 150 ms; its disk and this machine may be slow.
const ANSWER_WITHIN: Duration = Duration::from_millis(600);
/// Who is admitted to the desk has its question ready.
const ASK_WITHIN: Duration = Duration::from_millis(100);
const SECRET_LEN: usize = 16;
const QUESTION_LEN: usize = SECRET_LEN + 8;

/// A use of a ticket to be granted, and the zones of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub slot: ClaimSlot,
    pub zones: u16,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    Granted,
    /// Another device was granted it.
    Taken,
    /// This device was granted it before, and nobody knows what became of that.
    Spent,
    /// Too few homes answered.
    Unreached,
    /// No gossip runs on this device's data, so nobody was asked.
    Closed,
}

/// Where the desk is.
#[derive(Serialize, Deserialize)]
struct Door {
    port: u16,
    secret: [u8; SECRET_LEN],
}

/// Open until it is dropped.
pub(super) struct Desk {
    at: SocketAddr,
    closed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Desk {
    pub(super) fn open(dir: &Path, edge: &Edge, wake: Sender<Wake>) -> Result<Self, Cause> {
        let failed = |error| Cause::Input(format!("no door for claims can be opened: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        let at = listener.local_addr().map_err(failed)?;
        let mut secret = [0; SECRET_LEN];
        edge.entropy.fill(&mut secret).map_err(Cause::Entropy)?;
        let port = at.port();
        let door = serde_json::to_vec(&Door { port, secret });
        door.map_err(std::io::Error::from)
            .and_then(|door| cache::open_door(dir, &door))
            .map_err(failed)?;
        let closed = Arc::new(AtomicBool::new(false));
        let thread = {
            let closed = closed.clone();
            std::thread::Builder::new()
                .name("claims".to_owned())
                .spawn(move || {
                    for stream in listener.incoming().flatten() {
                        if closed.load(Ordering::Relaxed) {
                            return;
                        }
                        // Whoever asked wrongly, or has gone, gets no answer.
                        let _served = serve(stream, &secret, &wake);
                    }
                })
                .map_err(failed)?
        };
        Ok(Self {
            at,
            closed,
            thread: Some(thread),
        })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        // It waits for a caller: this one ends it.
        let _woken = TcpStream::connect_timeout(&self.at, ANSWER_WITHIN);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread for claims had failed");
        }
    }
}

fn serve(
    mut stream: TcpStream,
    secret: &[u8; SECRET_LEN],
    wake: &Sender<Wake>,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(ASK_WITHIN))?;
    stream.set_write_timeout(Some(ASK_WITHIN))?;
    stream.set_nodelay(true)?;
    let mut question = [0; QUESTION_LEN];
    stream.read_exact(&mut question)?;
    let (by, asked) = question.split_at(SECRET_LEN);
    // Compared by hash: how long it takes tells nothing of the secret.
    if blake3::hash(by) != blake3::hash(secret) {
        return Ok(());
    }
    stream.write_all(&[code(ask_node(decode(asked), wake))])
}

/// The running gossip's answer, at most a little later than the homes'.
pub(super) fn ask_node(wanted: Wanted, wake: &Sender<Wake>) -> Claimed {
    let (reply, answer) = sync_channel(1);
    if wake.send(Wake::Claim(wanted, reply)).is_err() {
        return Claimed::Closed;
    }
    answer
        .recv_timeout(ANSWER_WITHIN)
        .unwrap_or(Claimed::Unreached)
}

/// Asks the gossip that runs on this data.
pub(crate) fn claim(dir: &Path, wanted: Wanted) -> Claimed {
    ask(dir, wanted).unwrap_or(Claimed::Closed)
}

/// `None` when no gossip answers.
fn ask(dir: &Path, wanted: Wanted) -> Option<Claimed> {
    let door: Door = serde_json::from_slice(&cache::door(dir)?).ok()?;
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, door.port));
    let mut stream = TcpStream::connect_timeout(&at, ASK_WITHIN).ok()?;
    stream.set_nodelay(true).ok()?;
    stream.set_write_timeout(Some(ASK_WITHIN)).ok()?;
    stream
        .set_read_timeout(Some(ANSWER_WITHIN + ASK_WITHIN))
        .ok()?;
    let mut question = door.secret.to_vec();
    question.extend_from_slice(&encode(wanted));
    stream.write_all(&question).ok()?;
    let mut answer = [0];
    stream.read_exact(&mut answer).ok()?;
    ALL.into_iter().find(|of| code(*of) == answer[0])
}

const ALL: [Claimed; 5] = [
    Claimed::Granted,
    Claimed::Taken,
    Claimed::Spent,
    Claimed::Unreached,
    Claimed::Closed,
];

/// Waits for the answer to one question.
pub(super) type Reply = SyncSender<Claimed>;

const fn code(answer: Claimed) -> u8 {
    match answer {
        Claimed::Granted => b'g',
        Claimed::Taken => b't',
        Claimed::Spent => b's',
        Claimed::Unreached => b'u',
        Claimed::Closed => b'c',
    }
}

fn encode(wanted: Wanted) -> [u8; QUESTION_LEN - SECRET_LEN] {
    let ClaimSlot {
        serial,
        generation,
        slot,
    } = wanted.slot;
    let mut bytes = [0; QUESTION_LEN - SECRET_LEN];
    bytes[..4].copy_from_slice(&serial.to_be_bytes());
    bytes[4] = generation;
    bytes[5] = slot;
    bytes[6..].copy_from_slice(&wanted.zones.to_be_bytes());
    bytes
}

/// `bytes` is as long as `encode` makes it.
fn decode(bytes: &[u8]) -> Wanted {
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    Wanted {
        slot: ClaimSlot {
            serial: u32::from_be_bytes([byte(0), byte(1), byte(2), byte(3)]),
            generation: byte(4),
            slot: byte(5),
        },
        zones: u16::from_be_bytes([byte(6), byte(7)]),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const WANTED: Wanted = Wanted {
        slot: ClaimSlot {
            serial: 48_213,
            generation: 2,
            slot: 1,
        },
        zones: 0x8001,
    };

    /// A desk whose node answers each question as told.
    fn desk(dir: &Path, answers: Vec<Claimed>) -> (Desk, JoinHandle<Vec<Wanted>>) {
        let (wake, woken) = channel();
        let desk = Desk::open(dir, &Edge::system(), wake).expect("opens");
        let node = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for answer in answers {
                if let Ok(Wake::Claim(wanted, reply)) = woken.recv() {
                    asked.push(wanted);
                    reply.send(answer).expect("somebody waits");
                }
            }
            asked
        });
        (desk, node)
    }

    #[test]
    fn a_question_comes_whole_and_its_answer_goes_back() {
        // S24
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(claim(dir.path(), WANTED), Claimed::Closed, "nobody runs");
        let (desk, node) = desk(dir.path(), ALL.to_vec());
        for answer in ALL {
            assert_eq!(claim(dir.path(), WANTED), answer);
        }
        assert_eq!(node.join().expect("ends"), [WANTED; 5]);
        drop(desk);
        assert_eq!(claim(dir.path(), WANTED), Claimed::Closed, "closed");
    }

    #[test]
    fn who_does_not_know_the_secret_gets_no_answer() {
        let dir = tempfile::tempdir().expect("a folder");
        let (desk, node) = desk(dir.path(), vec![Claimed::Granted]);
        let mut stream = TcpStream::connect(desk.at).expect("connects");
        stream.write_all(&[7; QUESTION_LEN]).expect("writes");
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer);
        assert!(answer.is_empty(), "{answer:?}");
        // The next one is served.
        assert_eq!(claim(dir.path(), WANTED), Claimed::Granted);
        assert_eq!(node.join().expect("ends").len(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let file = dir.path().join("claims.door");
            let mode = std::fs::metadata(file).expect("is there").permissions();
            assert_eq!(mode.mode() & 0o077, 0, "for the owner alone");
        }
    }
}
