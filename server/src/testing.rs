//! A whole application in memory, for the HTTP tests of all slices: real router, real SQLite, a
//! clock that stands still, seeded randomness, no socket.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use serde_json::Value;
use shared::api::accounts::Role;
use shared::ids::{SessionId, UserId};
use shared::time::Timestamp;
use tower::ServiceExt as _;

use crate::accounts::model::User;
use crate::app::{App, AppState};
use crate::config::{Config, Overrides, load_with};
use crate::platform::clock::FixedClock;
use crate::platform::db::{DbError, Query, Versioned};
use crate::platform::entropy::SeededEntropy;
use crate::platform::http::Caller;
use crate::platform::idempotency::Remembered;
use crate::router;

/// 2026-09-21T14:13:20Z.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

/// An application under test. Its data directory goes with it.
pub(crate) struct TestApp {
    pub(crate) app: AppState,
    pub(crate) clock: Arc<FixedClock>,
    router: axum::Router,
    _dir: tempfile::TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON; `Null` when it is not.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The body as JSON, after checking the status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status.as_u16(), status, "{text}");
        self.json()
    }

    /// Checks status, code and the error shape; gives the details.
    #[track_caller]
    pub(crate) fn expect_error(&self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body["statusCode"], status, "{body}");
        assert_eq!(body["code"], code, "{body}");
        assert!(
            body["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{body}"
        );
        assert!(body["error"].is_string(), "{body}");
        body["details"].clone()
    }
}

impl TestApp {
    pub(crate) async fn new() -> Self {
        Self::with_environment(&[]).await
    }

    /// With settings as the environment would give them.
    pub(crate) async fn with_environment(environment: &[(&str, &str)]) -> Self {
        Self::configured(environment, |_config| {}).await
    }

    /// With settings changed beyond what a configuration may say.
    pub(crate) async fn configured(
        environment: &[(&str, &str)],
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let overrides = Overrides {
            data_dir: Some(dir.path().to_owned()),
            ..Overrides::default()
        };
        let mut config = load_with(&overrides, |name| {
            let set = environment.iter().find(|(key, _)| *key == name);
            set.map(|(_, value)| *value)
                .or_else(|| (name == "DATABASE_URL").then_some("sqlite::memory:"))
                .map(str::to_owned)
        })
        .expect("a valid configuration");
        if config.public_url.is_empty() {
            "http://gatehouse.test".clone_into(&mut config.public_url);
        }
        change(&mut config);
        let clock = Arc::new(FixedClock::at(NOW));
        let entropy = Arc::new(SeededEntropy::new(1));
        let app = App::start(config, clock.clone(), entropy)
            .await
            .expect("the application starts");
        Self {
            router: router::build(app.clone()),
            app,
            clock,
            _dir: dir,
        }
    }

    /// A bearer token for a user who need not be stored.
    pub(crate) fn token(&self, user: UserId, role: Role) -> String {
        let session = SessionId::new(NOW, self.app.entropy.id10());
        let caller = Caller::new(user, role, session);
        self.app.tokens.issue(&caller, NOW)
    }

    /// A bearer token for a fresh user who is not stored.
    pub(crate) fn token_for(&self, role: Role) -> String {
        self.token(UserId::new(NOW, self.app.entropy.id10()), role)
    }

    /// A bearer token for a fresh user who is stored, without the cost of hashing a password.
    pub(crate) async fn stored_user(&self, role: Role) -> String {
        let id = UserId::new(NOW, self.app.entropy.id10());
        let name = format!("user-{}", id.as_uuid().simple());
        let user = User {
            id,
            email: format!("{name}@example.com"),
            email_key: format!("{name}@example.com"),
            username_key: name.clone(),
            username: name,
            password_hash: String::new(),
            role,
            created_at: NOW,
            verified_at: None,
            display_name: None,
            erased_at: None,
        };
        let stored: Result<_, DbError> = self.app.db.write(move |tx| tx.insert(&user)).await;
        stored.expect("the user is stored");
        self.token(id, role)
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, token, None).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call("POST", path, token, Some(body)).await
    }

    /// A `POST` with an `Idempotency-Key`.
    pub(crate) async fn keyed(&self, path: &str, token: &str, key: &str, body: &Value) -> Answer {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", key)
            .body(Body::from(body.to_string()))
            .expect("a request");
        self.send(request).await
    }

    /// All that is remembered for `Idempotency-Key`s, as it lies in the database.
    pub(crate) async fn remembered(&self) -> String {
        let query = Query::on("by_expiry");
        let rows = self.app.db.list::<Remembered>(&query).await.expect("read");
        let rows: Vec<_> = rows.into_iter().map(Versioned::into_inner).collect();
        serde_json::to_string(&rows).expect("JSON")
    }

    /// One request. An empty token means none.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(json) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(json.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).expect("a well-formed request"))
            .await
    }

    /// An answer that may have no end: its head, and its body as it comes.
    pub(crate) async fn open(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Body) {
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, body)
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX)
            .await
            .expect("a body that ends");
        Answer {
            status: parts.status,
            headers: parts.headers,
            bytes: bytes.to_vec(),
        }
    }
}
