//! An organizer's own system: hears webhooks, checks their signatures, keeps them all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::runtime::Runtime;

use crate::api::Api;
use crate::poll;

const WITHIN: Duration = Duration::from_secs(30);

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Heard {
    pub id: String,
    at: String,
    signature: String,
    body: String,
}

impl Heard {
    /// # Panics
    /// When it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

type Log = Arc<Mutex<Vec<Heard>>>;

/// Dropping it stops it.
pub struct Receiver {
    url: String,
    log: Log,
    secret: Vec<u8>,
    _runtime: Runtime,
}

impl Receiver {
    /// # Panics
    /// When loopback has no free port.
    #[expect(
        clippy::new_without_default,
        reason = "opening a port is not a default value"
    )]
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("its address");
        let log = Log::default();
        let router = Router::new()
            .route("/hook", post(take))
            .with_state(Arc::clone(&log));
        drop(runtime.spawn(async move { axum::serve(listener, router).await }));
        Self {
            url: format!("http://{address}/hook"),
            log,
            secret: Vec::new(),
            _runtime: runtime,
        }
    }

    /// Subscribes to these kinds of an event.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn subscribe(&mut self, organizer: &Api, event: &str, kinds: &[&str]) {
        let body = json!({ "url": self.url, "kinds": kinds, "eventId": event });
        let made = organizer.post("/webhooks", &body).ok();
        let secret = made["secret"].as_str().expect("a secret");
        let secret = secret.strip_prefix("whsec_").expect("its prefix");
        let secret = data_encoding::BASE64.decode(secret.as_bytes());
        self.secret = secret.expect("base64");
    }

    /// All that came, oldest first. A message that came twice is told once, as the specification asks.
    ///
    /// # Panics
    /// When one is not signed by the secret, or the second is not the first.
    pub fn heard(&self) -> Vec<Heard> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let mut heard: Vec<Heard> = Vec::new();
        for message in log.iter() {
            assert_eq!(message.signature, self.signature(message), "{message:?}");
            match heard.iter().find(|of| of.id == message.id) {
                Some(first) => assert_eq!(first.body, message.body),
                None => heard.push(message.clone()),
            }
        }
        heard
    }

    /// The data of the alerts of that kind, once there are so many.
    ///
    /// # Panics
    /// When they do not come, or more do.
    pub fn alerts(&self, kind: &str, count: usize) -> Vec<Value> {
        let what = format!("{count} of {kind}");
        let found = poll::until(&what, WITHIN, || {
            let heard = self.heard().into_iter();
            let mut found: Vec<Value> = heard.map(|of| of.json()["data"].take()).collect();
            found.retain(|data| data["kind"] == kind);
            (found.len() >= count).then_some(found)
        });
        assert_eq!(found.len(), count, "{found:?}");
        found
    }

    fn signature(&self, of: &Heard) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(&self.secret);
        let mut mac = mac.expect("HMAC takes keys of every length");
        mac.update(format!("{}.{}.{}", of.id, of.at, of.body).as_bytes());
        let digest = mac.finalize().into_bytes();
        format!("v1,{}", data_encoding::BASE64.encode(&digest))
    }
}

async fn take(State(log): State<Log>, headers: HeaderMap, body: String) -> StatusCode {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let heard = Heard {
        id: text("webhook-id"),
        at: text("webhook-timestamp"),
        signature: text("webhook-signature"),
        body,
    };
    log.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(heard);
    StatusCode::OK
}
