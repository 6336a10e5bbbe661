//! A client of our own API, as anyone could write it.

use axum::http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::api::error::ErrorBody;

#[derive(Debug, thiserror::Error)]
pub enum RestError {
    #[error("{method} {path} did not answer")]
    Http {
        method: Method,
        path: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("{method} {path} was refused: {} ({}) {:?}", .body.message, .body.code, .body.details)]
    Refused {
        method: Method,
        path: String,
        body: ErrorBody,
    },
}

pub(super) struct Rest {
    pub(super) http: reqwest::Client,
    /// `http://127.0.0.1:8080/api/v1`
    pub(super) base: String,
    pub(super) token: Option<String>,
}

impl Rest {
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, RestError> {
        self.call(Method::GET, path, None::<&()>).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, RestError> {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, RestError> {
        let failed = |source| RestError::Http {
            method: method.clone(),
            path: path.to_owned(),
            source,
        };
        let url = format!("{}{path}", self.base);
        let mut request = self.http.request(method.clone(), url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(failed)?;
        if response.status().is_success() {
            response.json().await.map_err(failed)
        } else {
            let body = response.json().await.map_err(failed)?;
            Err(RestError::Refused {
                method,
                path: path.to_owned(),
                body,
            })
        }
    }
}
