//! The door: takes connections within bounds and serves HTTP/1 on each until told to stop.
//!
//! Invariants: a caller who is slow to say what it wants is cut off, so that nobody holds a place
//! by doing nothing; beyond the bound callers wait in the system's queue, and those inside are
//! served as before; after the stop nobody is let in and requests in flight end in order.
//!
//! A head that hyper cannot read (400, 414, 431) it answers by itself with an empty body; it lets
//! nobody put the error shape there.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// From the connection, or the answer before, to the end of a request's head. Also how long an
/// unused connection is kept.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// Connections at once. Each may cost some 20 KiB, and a file descriptor.
const CONNECTIONS_MAX: usize = 4096;
/// Bytes of a request's head; a larger one is answered with 431.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// After an error that will not pass by itself at once: too many open files.
const PAUSE: Duration = Duration::from_secs(1);

/// How much of the server strangers may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConnectionLimits {
    pub(super) head_within: Duration,
    pub(super) connections_max: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            head_within: HEAD_WITHIN,
            connections_max: CONNECTIONS_MAX,
        }
    }
}

/// Serves until `stopping`, then waits for the requests in flight.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    stopping: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let open = TaskTracker::new();
    let accepting = async {
        // The semaphore is never closed.
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let (stream, peer) = accept(&listener).await;
            let router = router.clone();
            open.spawn(connection(
                stream,
                peer,
                router,
                limits,
                stopping.clone(),
                place,
            ));
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stopping.cancelled() => {}
    }
    // Who comes now is refused by the system instead of being left to wait.
    drop(listener);
    open.close();
    open.wait().await;
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // The caller has left already.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionAborted
                        | ErrorKind::ConnectionRefused
                        | ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken; trying again shortly");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Serves one connection; `_place` is given back when it ends.
async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: ConnectionLimits,
    stopping: CancellationToken,
    _place: OwnedSemaphorePermit,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot switch Nagle's algorithm off");
    }
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(Body::new)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Cut off, or gone in the middle of something: everyday life at an open door.
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::Notify;
    use tokio::task::JoinHandle;
    use tokio::time::timeout;

    use super::*;

    /// Longer than anything here takes.
    const PATIENCE: Duration = Duration::from_secs(20);
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: gate\r\n\r\n";

    struct Door {
        address: SocketAddr,
        stopping: CancellationToken,
        server: JoinHandle<()>,
    }

    async fn open(router: Router, limits: ConnectionLimits) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let stopping = CancellationToken::new();
        let server = tokio::spawn(serve(listener, router, limits, stopping.clone()));
        Door {
            address,
            stopping,
            server,
        }
    }

    impl Door {
        async fn connect(&self) -> TcpStream {
            TcpStream::connect(self.address).await.expect("connected")
        }

        async fn ends(self) {
            timeout(PATIENCE, self.server)
                .await
                .expect("the server ends")
                .expect("in order");
        }
    }

    /// Reads one answer, whose body is `end`.
    async fn answer(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        let mut buffer = [0; 1024];
        while !text.ends_with("end") {
            let read = timeout(PATIENCE, stream.read(&mut buffer)).await;
            let read = read.expect("an answer").expect("no error");
            assert_ne!(read, 0, "the connection ended: {text}");
            text.push_str(std::str::from_utf8(&buffer[..read]).expect("text"));
        }
        text
    }

    /// Everything until the other side closes; a reset is an end too.
    async fn rest(stream: &mut TcpStream) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
        drop(read.expect("the connection ends"));
        bytes
    }

    fn greeting() -> Router {
        Router::new().route("/", get(async || "end"))
    }

    #[tokio::test]
    async fn who_dribbles_a_head_is_cut_off() {
        // N1
        let limits = ConnectionLimits {
            head_within: Duration::from_millis(200),
            ..ConnectionLimits::default()
        };
        let door = open(greeting(), limits).await;
        let mut silent = door.connect().await;
        let mut slow = door.connect().await;
        let mut dribbled = 0;
        let all = timeout(PATIENCE, async {
            // Each byte comes soon after the one before: it is the whole head that has a limit.
            let mut byte = [0];
            for next in b"GET / HTTP/1.1\r\nx: "
                .iter()
                .chain(std::iter::repeat(&b'a'))
            {
                if slow.write_all(&[*next]).await.is_err() {
                    break;
                }
                dribbled += 1;
                match timeout(Duration::from_millis(10), slow.read(&mut byte)).await {
                    Err(_still_open) => {}
                    Ok(Ok(1..)) => panic!("half a request was answered"),
                    Ok(Ok(0) | Err(_)) => break,
                }
            }
        });
        all.await.expect("it is cut off");
        assert!(dribbled > 1, "it was heard at first");
        assert!(rest(&mut silent).await.is_empty(), "nothing was asked");
        // Who knows what it wants is served.
        let mut quick = door.connect().await;
        quick.write_all(REQUEST).await.expect("sent");
        assert!(answer(&mut quick).await.starts_with("HTTP/1.1 200"));
        assert!(rest(&mut quick).await.is_empty(), "unused, it ends too");
        door.stopping.cancel();
        door.ends().await;
    }

    #[tokio::test]
    async fn beyond_the_bound_callers_wait_for_a_place() {
        // N1
        let limits = ConnectionLimits {
            connections_max: 2,
            ..ConnectionLimits::default()
        };
        let served = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&served);
        let handler = async move || {
            counter.fetch_add(1, Ordering::SeqCst);
            "end"
        };
        let door = open(Router::new().route("/", get(handler)), limits).await;
        let mut first = door.connect().await;
        let mut second = door.connect().await;
        for inside in [&mut first, &mut second] {
            inside.write_all(REQUEST).await.expect("sent");
            answer(inside).await;
        }
        let mut third = door.connect().await;
        third.write_all(REQUEST).await.expect("sent");
        // Those inside are served while the third has not even been accepted.
        for _ in 0..50 {
            first.write_all(REQUEST).await.expect("sent");
            answer(&mut first).await;
        }
        assert_eq!(served.load(Ordering::SeqCst), 52);
        let mut byte = [0];
        let early = third.try_read(&mut byte).expect_err("nothing yet");
        assert_eq!(early.kind(), ErrorKind::WouldBlock);
        drop(second);
        answer(&mut third).await;
        door.stopping.cancel();
        door.ends().await;
    }

    #[tokio::test]
    async fn a_stop_lets_a_request_end_and_nobody_in() {
        // N7
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (has_begun, may_go) = (Arc::clone(&begun), Arc::clone(&go));
        let handler = async move || {
            has_begun.notify_one();
            may_go.notified().await;
            "end"
        };
        let router = greeting().route("/slow", get(handler));
        let door = open(router, ConnectionLimits::default()).await;
        let mut idle = door.connect().await;
        idle.write_all(REQUEST).await.expect("sent");
        answer(&mut idle).await;
        let mut busy = door.connect().await;
        busy.write_all(b"GET /slow HTTP/1.1\r\nhost: gate\r\n\r\n")
            .await
            .expect("sent");
        begun.notified().await;
        door.stopping.cancel();
        assert!(
            rest(&mut idle).await.is_empty(),
            "an unused one ends at once"
        );
        TcpStream::connect(door.address)
            .await
            .expect_err("the door is shut");
        go.notify_one();
        let text = answer(&mut busy).await;
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        assert!(rest(&mut busy).await.is_empty());
        door.ends().await;
    }

    #[tokio::test]
    async fn a_head_without_end_is_refused() {
        // N1
        let door = open(greeting(), ConnectionLimits::default()).await;
        let mut caller = door.connect().await;
        let head = [
            b"GET / HTTP/1.1\r\nx: ".as_slice(),
            &vec![b'a'; HEAD_BYTES_MAX],
        ]
        .concat();
        // The server may hang up before all of it is sent.
        drop(caller.write_all(&head).await);
        let text = rest(&mut caller).await;
        assert!(!text.starts_with(b"HTTP/1.1 200"));
        door.stopping.cancel();
        door.ends().await;
    }
}
