//! One link while it lives: frames out of a bounded queue, frames in as room allows.
//!
//! Invariants: a peer that sends faster than its frames are used is not read from, which TCP passes
//! on to it; a peer that reads too slowly is let go when its queue is full; silence ends a link.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsStream;

use super::frame::{self, FrameKind};

/// A side that has nothing to say says so this often.
const BEAT_EVERY: Duration = Duration::from_secs(4);
/// Three beats that did not come.
const SILENCE_MAX: Duration = Duration::from_secs(13);
/// For a frame of any size, plus its bytes at `SLOWEST_BYTES_A_SECOND`.
const MOVE_WITHIN: Duration = Duration::from_secs(10);
const SLOWEST_BYTES_A_SECOND: usize = 32 * 1024;
/// Bytes of frames that wait to be used, per link. A larger frame takes all of it.
const ROOM_BYTES: usize = 1024 * 1024;
/// What a small frame counts as: using it costs more than its bytes.
const ROOM_BYTES_MIN: usize = 512;
/// Bytes that wait to be sent, per link.
const QUEUE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Frames that wait together go into one TLS record, up to about this much.
const WRITE_BYTES: usize = 16 * 1024;

/// Room that a frame takes until it has been used: drop it then.
#[derive(Debug)]
pub(crate) struct Hold {
    _permit: OwnedSemaphorePermit,
}

/// The sending end. Dropping it ends the link.
pub(super) struct LinkEnd {
    queue: UnboundedSender<Vec<u8>>,
    queued: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl LinkEnd {
    /// Starts the link. `each` gets every frame but beats; `ended` is told once why it ended.
    pub(super) fn start(
        stream: TlsStream<TcpStream>,
        each: impl Fn(FrameKind, Vec<u8>, Hold) + Send + 'static,
        ended: impl FnOnce(String) + Send + 'static,
    ) -> Self {
        let (queue, waiting) = unbounded_channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let (reader, writer) = split(stream);
        let count = queued.clone();
        let task = tokio::spawn(async move {
            let why = tokio::select! {
                why = read(reader, each) => why,
                why = write(writer, waiting, &count) => why,
            };
            ended(why);
        });
        Self {
            queue,
            queued,
            task: task.abort_handle(),
        }
    }

    /// `false`: the link cannot carry it and has to end.
    #[must_use]
    pub(super) fn send(&self, kind: FrameKind, payload: &[u8]) -> bool {
        let mut bytes = Vec::with_capacity(payload.len() + 4);
        let queued = self.queued.load(Ordering::Relaxed);
        if queued > QUEUE_BYTES_MAX || !frame::put(kind, payload, &mut bytes) {
            return false;
        }
        self.queued.fetch_add(bytes.len(), Ordering::Relaxed);
        // A link that has just ended tells of it by itself.
        self.queue.send(bytes).is_ok()
    }
}

impl Drop for LinkEnd {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read<S: AsyncRead + AsyncWrite>(
    mut from: ReadHalf<S>,
    each: impl Fn(FrameKind, Vec<u8>, Hold),
) -> String {
    let room = Arc::new(Semaphore::new(ROOM_BYTES));
    loop {
        let (kind, len) = match timeout(SILENCE_MAX, frame::header(&mut from)).await {
            Ok(Ok(header)) => header,
            Ok(Err(error)) => return ended(&error),
            Err(_) => return "it fell silent".to_owned(),
        };
        if kind == FrameKind::Beat {
            continue;
        }
        let takes = u32::try_from(len.clamp(ROOM_BYTES_MIN, ROOM_BYTES)).unwrap_or(u32::MAX);
        let Ok(hold) = room.clone().acquire_many_owned(takes).await else {
            return "closed".to_owned();
        };
        match timeout(time_for(len), frame::payload(&mut from, len)).await {
            Ok(Ok(payload)) => each(kind, payload, Hold { _permit: hold }),
            Ok(Err(error)) => return ended(&error),
            Err(_) => return "it sends too slowly".to_owned(),
        }
    }
}

async fn write<S: AsyncRead + AsyncWrite>(
    mut to: WriteHalf<S>,
    mut waiting: UnboundedReceiver<Vec<u8>>,
    queued: &AtomicUsize,
) -> String {
    let mut bytes = Vec::new();
    loop {
        match timeout(BEAT_EVERY, waiting.recv()).await {
            Ok(Some(frame)) => bytes.extend(frame),
            Ok(None) => return "closed".to_owned(),
            Err(_) => {
                if !frame::put(FrameKind::Beat, &[], &mut bytes) {
                    return "closed".to_owned();
                }
                queued.fetch_add(bytes.len(), Ordering::Relaxed);
            }
        }
        while bytes.len() < WRITE_BYTES
            && let Ok(frame) = waiting.try_recv()
        {
            bytes.extend(frame);
        }
        let written = async {
            to.write_all(&bytes).await?;
            to.flush().await
        };
        match timeout(time_for(bytes.len()), written).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return ended(&error),
            Err(_) => return "it reads too slowly".to_owned(),
        }
        queued.fetch_sub(bytes.len(), Ordering::Relaxed);
        // A large frame's memory is not kept for the small ones after it.
        bytes.clear();
        bytes.shrink_to(WRITE_BYTES);
    }
}

fn ended(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            "it hung up".to_owned()
        }
        _ => error.to_string(),
    }
}

fn time_for(len: usize) -> Duration {
    MOVE_WITHIN + Duration::from_secs((len / SLOWEST_BYTES_A_SECOND) as u64)
}
