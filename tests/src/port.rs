//! What a gateway's double stands on: a port of its own on loopback, and a client for the webhooks
//! that it sends.

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use tokio_util::sync::CancellationToken;

/// How long a webhook may take, as a gateway's dashboard shows.
pub(crate) const WEBHOOK_WITHIN: Duration = Duration::from_secs(10);

/// A router that is served until this is dropped.
pub(crate) struct Port {
    address: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
    pub(crate) http: reqwest::blocking::Client,
}

impl Port {
    pub(crate) fn serve(router: Router) -> Self {
        let stop = CancellationToken::new();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("non-blocking");
        let address = listener.local_addr().expect("its address");
        let stopped = stop.clone().cancelled_owned();
        let serving = async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, router)
                .with_graceful_shutdown(stopped)
                .await
                .expect("served");
        };
        let thread = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(serving);
        });
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::blocking::Client::builder()
            .timeout(WEBHOOK_WITHIN)
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            address,
            stop,
            thread: Some(thread),
            http,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // It ended badly only if a test has failed already.
            let _ended = thread.join();
        }
    }
}
