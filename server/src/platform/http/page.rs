//! `?limit=&cursor=`.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use shared::limits;

use super::extract::Query;
use crate::error::ApiError;

/// Which page of a list. A limit that is out of bounds is an error, not a silent cut.
#[derive(Clone, Debug, PartialEq, Eq, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Items in the page: 1 to 200, 50 when absent.
    #[param(minimum = 1, maximum = 200, value_type = Option<u32>)]
    pub limit: u32,
    /// `nextCursor` of the page before.
    pub cursor: Option<String>,
}

#[derive(Deserialize)]
struct Raw {
    limit: Option<u32>,
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for PageParams {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(raw) = Query::<Raw>::from_request_parts(parts, state).await?;
        let limit = raw.limit.unwrap_or(limits::PAGE_LIMIT_DEFAULT);
        if limit == 0 || limit > limits::PAGE_LIMIT_MAX {
            return Err(ApiError::field(
                "limit",
                format!("must be from 1 to {}", limits::PAGE_LIMIT_MAX),
            ));
        }
        let cursor = raw.cursor.filter(|cursor| !cursor.is_empty());
        Ok(Self { limit, cursor })
    }
}
