//! Calls to Stripe: form-encoded, with a pinned version. Nothing here tries again: what an unclear
//! answer means is for the caller.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use shared::ids::MerchantId;
use shared::time::Timestamp;

use super::wire::{
    Event, Page, SeenCharge, SeenDispute, SeenIntent, SeenRefund, SeenSession, Whoami, is_id,
};
use crate::app::App;
use crate::config::{Config, Secret};
use crate::payments::error::Error;
use crate::payments::failure::Failure;
use crate::payments::merchants::{self, Keys};

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
const TYPES: [&str; 13] = [
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.succeeded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_reinstated",
];

/// An account's keys: the server's, as configured, or an organization's own.
#[derive(Debug)]
pub struct Account {
    /// Whose it is; `None`: the server's.
    pub merchant: Option<MerchantId>,
    base_url: String,
    secret_key: Secret,
    pub(super) webhook_secret: Secret,
}

impl Account {
    /// `None` where this server has no Stripe account. An empty key is none: with an empty webhook
    /// secret everybody could sign.
    pub fn of_server(config: &Config) -> Option<Self> {
        let set = |secret: &Option<Secret>| {
            let secret = secret.as_ref()?.reveal();
            (!secret.trim().is_empty()).then(|| Secret::new(secret.to_owned()))
        };
        Some(Self {
            merchant: None,
            base_url: base_url(config),
            secret_key: set(&config.stripe.secret_key)?,
            webhook_secret: set(&config.stripe.webhook_secret)?,
        })
    }

    /// An organization's keys, wherever they are about to go.
    pub fn with(config: &Config, merchant: Option<MerchantId>, keys: Keys) -> Option<Self> {
        match keys {
            Keys::Stripe {
                secret_key,
                webhook_secret,
            } => Some(Self {
                merchant,
                base_url: base_url(config),
                secret_key,
                webhook_secret,
            }),
            Keys::Payos { .. } => None,
        }
    }

    /// The account that a payment belongs to.
    pub async fn of(app: &App, merchant: Option<MerchantId>) -> Result<Self, Error> {
        let account = match merchant {
            None => Self::of_server(&app.config),
            Some(id) => {
                let keys = merchants::keys_of(app, id).await?;
                keys.and_then(|keys| Self::with(&app.config, merchant, keys))
            }
        };
        account.ok_or(Error::ProviderUnavailable)
    }

    /// What Stripe calls it: the least that only its keys can ask.
    pub async fn name(&self, app: &App) -> Result<String, Failure> {
        let told: Whoami = self.get(app, "/v1/account").await?;
        named(&told.id).map(str::to_owned)
    }

    /// Whether its money is real.
    pub fn is_live(&self) -> bool {
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
    pub async fn refunds_of(&self, app: &App, intent: &str) -> Result<Vec<SeenRefund>, Failure> {
        let path = format!("/v1/refunds?limit=100&payment_intent={}", named(intent)?);
        let page: Page<SeenRefund> = self.get(app, &path).await?;
        Ok(page.data)
    }

    /// The disputes of one charge; a charge has one or two.
    pub async fn disputes_of(&self, app: &App, intent: &str) -> Result<Vec<SeenDispute>, Failure> {
        let path = format!("/v1/disputes?limit=100&payment_intent={}", named(intent)?);
        let page: Page<SeenDispute> = self.get(app, &path).await?;
        Ok(page.data)
    }

    pub(super) async fn intent(&self, app: &App, intent: &str) -> Result<SeenIntent, Failure> {
        self.get(app, &format!("/v1/payment_intents/{}", named(intent)?))
            .await
    }

    /// Charges that were made in that time, latest first, a hundred at once.
    pub async fn charges(
        &self,
        app: &App,
        (from, to): (Timestamp, Timestamp),
        behind: Option<&str>,
    ) -> Result<Page<SeenCharge>, Failure> {
        let (from, to) = (from.as_secs(), to.as_secs());
        let mut path = format!("/v1/charges?limit=100&created[gte]={from}&created[lt]={to}");
        if let Some(behind) = behind {
            path.push_str("&starting_after=");
            path.push_str(named(behind)?);
        }
        self.get(app, &path).await
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

fn base_url(config: &Config) -> String {
    let base_url = config.stripe.base_url.as_deref();
    base_url.unwrap_or(BASE_URL).to_owned()
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
