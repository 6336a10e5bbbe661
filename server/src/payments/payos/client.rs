//! Calls to PayOS. Nothing here tries again: what an unclear answer means is for the caller, and a
//! create must never be repeated before somebody looked.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Map, Value, json};
use shared::ids::MerchantId;

use super::wire::{CreateLink, Seen, created, is_unknown, looked_at, read};
use crate::app::App;
use crate::config::{Config, Secret};
use crate::payments::error::Error;
use crate::payments::failure::Failure;
use crate::payments::merchants::{self, Keys};

const BASE_URL: &str = "https://api-merchant.payos.vn";
/// A payer waits for a create.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Answers are a few kilobytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// When the gateway does not say for how long.
const BUSY_SECS: u32 = 30;
const BUSY_SECS_MAX: u32 = 3600;
/// Below all codes that are drawn, and not one of the gateway's samples.
const NOBODYS_CODE: i64 = 4_294_967_295;

/// A channel's name and keys: the server's, as configured, or an organization's own.
#[derive(Debug)]
pub struct Channel {
    /// Whose it is; `None`: the server's.
    pub merchant: Option<MerchantId>,
    base_url: String,
    client_id: String,
    api_key: Secret,
    pub checksum_key: Secret,
}

impl Channel {
    /// `None` where this server has no PayOS channel.
    pub fn of_server(config: &Config) -> Option<Self> {
        let payos = &config.payos;
        let copy = |secret: &Secret| Secret::new(secret.reveal().to_owned());
        Some(Self {
            merchant: None,
            base_url: base_url(config),
            client_id: payos.client_id.clone()?,
            api_key: payos.api_key.as_ref().map(copy)?,
            checksum_key: payos.checksum_key.as_ref().map(copy)?,
        })
    }

    /// An organization's keys, wherever they are about to go.
    pub fn with(config: &Config, merchant: Option<MerchantId>, keys: Keys) -> Option<Self> {
        match keys {
            Keys::Payos {
                client_id,
                api_key,
                checksum_key,
            } => Some(Self {
                merchant,
                base_url: base_url(config),
                client_id,
                api_key,
                checksum_key,
            }),
            Keys::Stripe { .. } => None,
        }
    }

    /// The channel that a payment belongs to.
    pub async fn of(app: &App, merchant: Option<MerchantId>) -> Result<Self, Error> {
        let channel = match merchant {
            None => Self::of_server(&app.config),
            Some(id) => {
                let keys = merchants::keys_of(app, id).await?;
                keys.and_then(|keys| Self::with(&app.config, merchant, keys))
            }
        };
        channel.ok_or(Error::ProviderUnavailable)
    }

    /// Whether the gateway knows the channel and its key: it is asked for a link that nobody has. What
    /// the checksum key is worth shows when it signs.
    pub async fn is_taken(&self, app: &App) -> Result<bool, Failure> {
        match self.look(app, NOBODYS_CODE).await {
            Ok(_) => Ok(true),
            Err(failure) if is_unknown(&failure) => Ok(true),
            Err(Failure::Refused { .. }) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn create(&self, app: &App, link: &CreateLink) -> Result<Seen, Failure> {
        let url = format!("{}/v2/payment-requests", self.base_url);
        let data = self.send(app, app.http.post(url).json(link)).await?;
        created(&data).ok_or_else(strange)
    }

    pub async fn look(&self, app: &App, order_code: i64) -> Result<Seen, Failure> {
        let url = format!("{}/v2/payment-requests/{order_code}", self.base_url);
        let data = self.send(app, app.http.get(url)).await?;
        looked_at(&data).ok_or_else(strange)
    }

    pub async fn cancel(&self, app: &App, order_code: i64) -> Result<Seen, Failure> {
        let url = format!("{}/v2/payment-requests/{order_code}/cancel", self.base_url);
        let body = json!({ "cancellationReason": "the hold is over" });
        let data = self.send(app, app.http.post(url).json(&body)).await?;
        looked_at(&data).ok_or_else(strange)
    }

    /// Registers our webhook, which replaces the one that the channel had.
    pub(super) async fn confirm_webhook(&self, app: &App, url: &str) -> Result<(), Failure> {
        let call = format!("{}/confirm-webhook", self.base_url);
        let request = app.http.post(call).json(&json!({ "webhookUrl": url }));
        let (status, body) = self.exchange(app, request).await?;
        // The answer is not signed; it says yes or no.
        let code = serde_json::from_slice::<Value>(&body)
            .ok()
            .and_then(|answer| Some(answer.get("code")?.as_str()?.to_owned()));
        match code {
            Some(code) if code == "00" => Ok(()),
            Some(code) => Err(Failure::Refused {
                code,
                text: "the webhook's address was not taken".to_owned(),
            }),
            None => Err(Failure::Unclear(status.to_string())),
        }
    }

    async fn send(
        &self,
        app: &App,
        request: RequestBuilder,
    ) -> Result<Map<String, Value>, Failure> {
        let (status, body) = self.exchange(app, request).await?;
        let answer = read(&self.checksum_key, &body);
        match answer {
            Err(Failure::Unclear(_)) if status == StatusCode::UNAUTHORIZED => {
                Err(Failure::Refused {
                    code: "401".to_owned(),
                    text: "the keys are not taken".to_owned(),
                })
            }
            // A page of some proxy says nothing about the link.
            Err(Failure::Unclear(_)) if !status.is_success() => {
                Err(Failure::Unclear(status.to_string()))
            }
            Err(Failure::Refused { .. }) if status.is_server_error() => {
                Err(Failure::Unclear(status.to_string()))
            }
            answer => answer,
        }
    }

    /// Through the breaker: while PayOS is away nothing is sent, and nothing was done.
    async fn exchange(
        &self,
        app: &App,
        request: RequestBuilder,
    ) -> Result<(StatusCode, Vec<u8>), Failure> {
        let breaker = &app.breakers.payos;
        let now = app.clock.now();
        breaker.admit(now).map_err(|away| Failure::Busy {
            after_secs: away.wait_secs(now),
        })?;
        let answer = self.call(request).await;
        match &answer {
            Ok((status, _)) if status.is_server_error() => breaker.failed(app.clock.now()),
            Err(Failure::Unclear(_)) => breaker.failed(app.clock.now()),
            Ok(_) | Err(_) => breaker.answered(),
        }
        answer
    }

    async fn call(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), Failure> {
        let request = request
            .timeout(TIMEOUT)
            .header("x-client-id", &self.client_id)
            .header("x-api-key", self.api_key.reveal());
        let mut answer = request.send().await.map_err(broken)?;
        let status = answer.status();
        if status == StatusCode::TOO_MANY_REQUESTS {
            let after = answer.headers().get("retry-after");
            let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
            return Err(Failure::Busy {
                after_secs: after.unwrap_or(BUSY_SECS).clamp(1, BUSY_SECS_MAX),
            });
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Failure::Unclear("it does not end".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, body))
    }
}

fn base_url(config: &Config) -> String {
    let base_url = config.payos.base_url.as_deref();
    base_url.unwrap_or(BASE_URL).to_owned()
}

fn strange() -> Failure {
    Failure::Unclear("it is signed and lacks what it must hold".to_owned())
}

/// Without the address: it is of no use to a reader of logs, and a key could be part of it.
fn broken(error: reqwest::Error) -> Failure {
    Failure::Unclear(error.without_url().to_string())
}
