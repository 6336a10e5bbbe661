//! Calls to Stripe: form-encoded, with a pinned version. Nothing here tries again: what an unclear
//! answer means is for the caller.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::wire::{Event, Page, SeenRefund, SeenSession, is_id};
use crate::app::App;
use crate::config::{Config, Secret};
use crate::payments::failure::Failure;

const BASE_URL: &str = "https://api.stripe.com";
/// What these structures were written against.
const VERSION: &str = "2026-10-28.endive";
/// A payer waits for a create.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A page of a hundred events.
const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// When Stripe does not say for how long.
const BUSY_SECS: u32 = 5;
const BUSY_SECS_MAX: u32 = 3600;
/// What is worth hearing of: the types that [`Event::about`] knows.
const TYPES: [&str; 8] = [
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.succeeded",
    "refund.created",
    "refund.updated",
    "refund.failed",
];

/// The account's keys, as configured.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    base_url: &'a str,
    secret_key: &'a Secret,
    pub(super) webhook_secret: &'a Secret,
}

impl<'a> Account<'a> {
    /// `None` where this server has no Stripe account. An empty key is none: with an empty webhook
    /// secret everybody could sign.
    pub fn of(config: &'a Config) -> Option<Self> {
        let stripe = &config.stripe;
        let set = |secret: &'a Option<Secret>| {
            let secret = secret.as_ref();
            secret.filter(|secret| !secret.reveal().trim().is_empty())
        };
        Some(Self {
            base_url: stripe.base_url.as_deref().unwrap_or(BASE_URL),
            secret_key: set(&stripe.secret_key)?,
            webhook_secret: set(&stripe.webhook_secret)?,
        })
    }

    /// Whether its money is real.
    pub(super) fn is_live(&self) -> bool {
        let key = self.secret_key.reveal();
        key.starts_with("sk_live_") || key.starts_with("rk_live_")
    }

    pub(super) async fn create(
        &self,
        app: &App,
        key: &str,
        form: &str,
    ) -> Result<SeenSession, Failure> {
        self.post(app, "/v1/checkout/sessions", key, form).await
    }

    pub(super) async fn session(&self, app: &App, id: &str) -> Result<SeenSession, Failure> {
        self.get(app, &format!("/v1/checkout/sessions/{}", named(id)?))
            .await
    }

    /// Shuts a session that is open.
    pub(super) async fn expire(&self, app: &App, id: &str) -> Result<SeenSession, Failure> {
        let id = named(id)?;
        let path = format!("/v1/checkout/sessions/{id}/expire");
        self.post(app, &path, &format!("expire:{id}"), "").await
    }

    pub(super) async fn make_refund(
        &self,
        app: &App,
        key: &str,
        form: &str,
    ) -> Result<SeenRefund, Failure> {
        self.post(app, "/v1/refunds", key, form).await
    }

    pub(super) async fn refund(&self, app: &App, id: &str) -> Result<SeenRefund, Failure> {
        self.get(app, &format!("/v1/refunds/{}", named(id)?)).await
    }

    /// The refunds of one charge, latest first; a charge has few.
    pub(super) async fn refunds_of(
        &self,
        app: &App,
        intent: &str,
    ) -> Result<Vec<SeenRefund>, Failure> {
        let path = format!("/v1/refunds?limit=100&payment_intent={}", named(intent)?);
        let page: Page<SeenRefund> = self.get(app, &path).await?;
        Ok(page.data)
    }

    /// Events that no webhook took, latest first.
    pub(super) async fn missed(
        &self,
        app: &App,
        behind: Option<&str>,
    ) -> Result<Page<Event>, Failure> {
        let mut path = "/v1/events?limit=100&delivery_success=false".to_owned();
        for kind in TYPES {
            path.push_str("&types[]=");
            path.push_str(kind);
        }
        if let Some(behind) = behind {
            path.push_str("&starting_after=");
            path.push_str(named(behind)?);
        }
        self.get(app, &path).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        app: &App,
        path: &str,
        key: &str,
        form: &str,
    ) -> Result<T, Failure> {
        let request = app.http.post(format!("{}{path}", self.base_url));
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("idempotency-key", key)
            .body(form.to_owned());
        self.send(app, request).await
    }

    async fn get<T: DeserializeOwned>(&self, app: &App, path: &str) -> Result<T, Failure> {
        let request = app.http.get(format!("{}{path}", self.base_url));
        self.send(app, request).await
    }

    /// Through the breaker: while Stripe is away nothing is sent, and nothing was done.
    async fn send<T: DeserializeOwned>(
        &self,
        app: &App,
        request: RequestBuilder,
    ) -> Result<T, Failure> {
        let breaker = &app.breakers.stripe;
        let now = app.clock.now();
        breaker.admit(now).map_err(|away| Failure::Busy {
            after_secs: away.wait_secs(now),
        })?;
        let answer = self.call(request).await;
        match &answer {
            Err(failure) if failure.is_unclear() => breaker.failed(app.clock.now()),
            Ok(_) | Err(_) => breaker.answered(),
        }
        answer
    }

    async fn call<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        let request = request
            .timeout(TIMEOUT)
            .bearer_auth(self.secret_key.reveal())
            .header("stripe-version", VERSION);
        let mut answer = request.send().await.map_err(broken)?;
        let status = answer.status();
        let header = |name: &str| answer.headers().get(name)?.to_str().ok();
        if status == StatusCode::TOO_MANY_REQUESTS {
            let after = header("retry-after").and_then(|secs| secs.trim().parse().ok());
            return Err(Failure::Busy {
                after_secs: after.unwrap_or(BUSY_SECS).clamp(1, BUSY_SECS_MAX),
            });
        }
        let replayed = header("idempotent-replayed") == Some("true");
        if status.is_server_error() {
            return Err(Failure::Broken {
                status: status.as_u16(),
                replayed,
            });
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Failure::unclear("it does not end"));
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() {
            let read = serde_json::from_slice(&body);
            return read.map_err(|_| Failure::unclear("it lacks what it must hold"));
        }
        Err(refused(status, &body))
    }
}

/// A name that goes into a path. Everything else in it came from Stripe, and still.
fn named(id: &str) -> Result<&str, Failure> {
    if is_id(id) {
        Ok(id)
    } else {
        Err(Failure::unclear("it names what cannot be a name"))
    }
}

/// What Stripe says no to. Its words are not kept: they may repeat what was sent.
fn refused(status: StatusCode, body: &[u8]) -> Failure {
    #[derive(Deserialize)]
    struct Body {
        error: Told,
    }
    #[derive(Deserialize)]
    struct Told {
        r#type: String,
        code: Option<String>,
    }
    // Another call with the same key is under way: nothing is decided.
    if status == StatusCode::CONFLICT || !status.is_client_error() {
        return Failure::Unclear(status.to_string());
    }
    let Ok(Body { error }) = serde_json::from_slice(body) else {
        return Failure::Unclear(status.to_string());
    };
    let code = error.code.unwrap_or_else(|| error.r#type.clone());
    Failure::Refused {
        code: code.chars().take(100).collect(),
        text: status.to_string(),
    }
}

/// Without the address: it is of no use to a reader of logs.
fn broken(error: reqwest::Error) -> Failure {
    Failure::Unclear(error.without_url().to_string())
}
