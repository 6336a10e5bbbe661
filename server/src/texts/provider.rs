//! Handing texts to a provider over HTTP.
//!
//! `POST SMS_URL {to, text, reference}`, with `Idempotency-Key: reference` and the URL's user and password
//! as basic authentication. 2xx: taken. 408, 425, 429, 5xx and no answer: later. Else: never.
//! Invariant: an error names no number and no words.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::{StatusCode, Url};
use serde_json::json;

use crate::config::Secret;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A text on its way.
#[derive(Clone, Debug)]
pub struct Sms<'a> {
    pub to: &'a str,
    pub words: &'a str,
    pub reference: String,
}

/// Why a text did not go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    Later(String),
    Never(String),
}

/// Who sends texts.
pub trait Provider: Send + Sync {
    fn send<'a>(&'a self, text: Sms<'a>) -> BoxFuture<'a, Result<(), Failure>>;
}

/// What is wrong with `SMS_URL`; never with the password in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSmsSettings(&'static str);

/// A provider that takes JSON.
pub struct Http {
    url: Url,
    user: String,
    password: Option<Secret>,
    client: reqwest::Client,
}

impl Http {
    pub fn new(url: &str, client: reqwest::Client) -> Result<Self, BadSmsSettings> {
        let mut url = Url::parse(url).map_err(|_| BadSmsSettings("SMS_URL is not a URL"))?;
        let host = url.host_str().unwrap_or_default();
        let is_near = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        match url.scheme() {
            "https" => {}
            "http" if is_near => {}
            _ => {
                return Err(BadSmsSettings(
                    "SMS_URL must be https:// (http:// only to this machine)",
                ));
            }
        }
        let user = url.username().to_owned();
        let password = url.password().map(|text| Secret::new(text.to_owned()));
        let cleared = url.set_username("").and_then(|()| url.set_password(None));
        cleared.map_err(|()| BadSmsSettings("SMS_URL has no host"))?;
        Ok(Self {
            url,
            user,
            password,
            client,
        })
    }
}

impl Provider for Http {
    fn send<'a>(&'a self, text: Sms<'a>) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            let body = json!({ "to": text.to, "text": text.words, "reference": text.reference });
            let mut request = self.client.post(self.url.clone()).timeout(TIMEOUT);
            if !self.user.is_empty() || self.password.is_some() {
                let password = self.password.as_ref().map(Secret::reveal);
                request = request.basic_auth(&self.user, password);
            }
            let request = request
                .header("idempotency-key", &text.reference)
                .json(&body);
            match request.send().await {
                Ok(answer) => judge(answer.status()),
                Err(error) => Err(Failure::Later(error.without_url().to_string())),
            }
        }
        .boxed()
    }
}

/// A provider's words are not kept: they may repeat what was sent.
fn judge(status: StatusCode) -> Result<(), Failure> {
    let comes_right = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
    );
    let why = format!("the provider answered {}", status.as_u16());
    if status.is_success() {
        Ok(())
    } else if comes_right || status.is_server_error() {
        Err(Failure::Later(why))
    } else {
        Err(Failure::Never(why))
    }
}
