//! A REST client that a script could be: JSON in, status and JSON out.

use std::time::Duration;

use reqwest::Method;
use reqwest::blocking::{Client, RequestBuilder};
use serde::Serialize;
use serde_json::Value;

const REQUEST_WITHIN: Duration = Duration::from_secs(30);

/// One caller of the REST interface; cheap to clone.
#[derive(Clone)]
pub struct Api {
    base: String,
    http: Client,
    bearer: Option<String>,
}

/// An answer: its status and its JSON (null when the body is not JSON).
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub json: Value,
    pub text: String,
}

impl Answer {
    /// The JSON of a success.
    ///
    /// # Panics
    /// On any other status.
    pub fn ok(self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{} {}",
            self.status,
            self.text
        );
        self.json
    }

    /// The stable code of an error answer.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or("")
    }
}

impl Api {
    /// # Panics
    /// When the HTTP client cannot be built.
    pub fn new(base: &str) -> Self {
        // A second call finds the provider installed already.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .timeout(REQUEST_WITHIN)
            .no_proxy()
            .build()
            .expect("client");
        Self {
            base: base.to_owned(),
            http,
            bearer: None,
        }
    }

    #[must_use]
    pub fn with_bearer(&self, token: &str) -> Self {
        Self {
            bearer: Some(token.to_owned()),
            ..self.clone()
        }
    }

    pub fn bearer(&self) -> Option<&str> {
        self.bearer.as_deref()
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub fn is_ready(&self) -> bool {
        self.http
            .get(format!("{}/readyz", self.base))
            .send()
            .is_ok_and(|answer| answer.status().is_success())
    }

    /// # Panics
    /// When no answer comes.
    pub fn get(&self, path: &str) -> Answer {
        Self::send(self.request(Method::GET, path)).expect("an answer")
    }

    /// A page for people, as its text.
    ///
    /// # Panics
    /// When no answer comes.
    pub fn page(&self, path: &str) -> String {
        let page = self.http.get(format!("{}{path}", self.base)).send();
        page.and_then(reqwest::blocking::Response::text)
            .expect("a page")
    }

    /// As `get`, for a server that may be killed under the request.
    pub fn try_get(&self, path: &str) -> Result<Answer, reqwest::Error> {
        Self::send(self.request(Method::GET, path))
    }

    /// # Panics
    /// When no answer comes.
    pub fn post(&self, path: &str, body: &impl Serialize) -> Answer {
        self.try_post(path, body).expect("an answer")
    }

    /// # Panics
    /// When no answer comes.
    pub fn patch(&self, path: &str, body: &impl Serialize) -> Answer {
        let request = self.request(Method::PATCH, path).json(body);
        Self::send(request).expect("an answer")
    }

    /// # Panics
    /// When no answer comes.
    pub fn put(&self, path: &str, body: &impl Serialize) -> Answer {
        let request = self.request(Method::PUT, path).json(body);
        Self::send(request).expect("an answer")
    }

    /// # Panics
    /// When no answer comes.
    pub fn delete(&self, path: &str) -> Answer {
        Self::send(self.request(Method::DELETE, path)).expect("an answer")
    }

    /// As `post`, for a server that may be killed under the request.
    pub fn try_post(&self, path: &str, body: &impl Serialize) -> Result<Answer, reqwest::Error> {
        Self::send(self.request(Method::POST, path).json(body))
    }

    /// As `post`, with an `Idempotency-Key`.
    pub fn try_post_once(
        &self,
        path: &str,
        key: &str,
        body: &impl Serialize,
    ) -> Result<Answer, reqwest::Error> {
        Self::send(
            self.request(Method::POST, path)
                .header("Idempotency-Key", key)
                .json(body),
        )
    }

    /// The raw bytes and the content type of a GET.
    ///
    /// # Panics
    /// On anything but success.
    pub fn bytes(&self, path: &str) -> (Vec<u8>, String) {
        let answer = self.request(Method::GET, path).send().expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        let kind = answer
            .headers()
            .get("content-type")
            .and_then(|v| v.to_str().ok());
        let kind = kind.unwrap_or("").to_owned();
        (answer.bytes().expect("a body").to_vec(), kind)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else if path.starts_with("/api/") || !path.starts_with('/') {
            format!("{}{path}", self.base)
        } else {
            format!("{}/api/v1{path}", self.base)
        };
        let request = self.http.request(method, url);
        match &self.bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    fn send(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
        let answer = request.send()?;
        let status = answer.status().as_u16();
        let text = answer.text()?;
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { status, json, text })
    }
}
