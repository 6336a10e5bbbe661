//! Who is calling: from the bearer token, checked; and from which address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use shared::api::accounts::Role;
use shared::api::organizations::Right;
use shared::ids::{SessionId, UserId};

use super::access::{Access, Scopes};
use crate::accounts;
use crate::app::AppState;
use crate::error::ApiError;
use crate::orders;
use crate::platform::journal::{self, Actor};

/// A caller with a valid access token; without one the answer is 401.
///
/// `role` is what the token says: an upgrade shows after the next refresh. Ownership of events is
/// therefore checked by `user`, never by `role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub user: UserId,
    pub role: Role,
    /// The login (refresh-token family) that the token came from.
    pub session: SessionId,
    /// What its credentials are good for.
    pub scopes: Scopes,
    /// What the route asks of whoever comes for another's things.
    pub right: Right,
}

impl Caller {
    /// Somebody who has logged in, before a route is known: the strictest right is asked.
    pub const fn new(user: UserId, role: Role, session: SessionId) -> Self {
        Self {
            user,
            role,
            session,
            scopes: Scopes::ALL,
            right: Right::Team,
        }
    }

    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// 403 for everyone but administrators.
    pub fn require_admin(&self) -> Result<(), ApiError> {
        if self.is_admin() {
            Ok(())
        } else {
            Err(ApiError::forbidden("Only an administrator may do this."))
        }
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let Some(token) = bearer(&parts.headers) else {
            return Err(ApiError::unauthorized(
                "unauthenticated",
                "Log in first and send the access token as a bearer token.",
            ));
        };
        let access = parts.extensions.get::<Access>().copied();
        let mut caller = if let Some(caller) = accounts::key_caller(app, token, access).await? {
            caller
        } else if let Some(caller) = orders::guest_caller(app, token, access).await? {
            caller
        } else {
            app.tokens.verify(token, app.clock.now())?
        };
        if let Some(access) = access {
            caller.right = access.right();
        }
        journal::acted_by(Actor::User(caller.user));
        Ok(caller)
    }
}

impl OptionalFromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    /// `None` without an `Authorization` header; a bad token is still refused.
    async fn from_request_parts(
        parts: &mut Parts,
        app: &AppState,
    ) -> Result<Option<Self>, ApiError> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            <Self as FromRequestParts<AppState>>::from_request_parts(parts, app)
                .await
                .map(Some)
        } else {
            Ok(None)
        }
    }
}

/// For routes that anyone may call and that show more to some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaybeCaller(pub Option<Caller>);

impl FromRequestParts<AppState> for MaybeCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        <Caller as OptionalFromRequestParts<AppState>>::from_request_parts(parts, app)
            .await
            .map(Self)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start())
}

/// The caller's address, for rate limits only.
///
/// Behind a proxy (`trust_proxy = true`) it is the last `X-Forwarded-For` entry: the one that the
/// nearest proxy wrote and a client cannot forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

impl FromRequestParts<AppState> for ClientIp {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        if app.config.trust_proxy
            && let Some(ip) = forwarded(&parts.headers)
        {
            return Ok(Self(ip));
        }
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        // No peer only where a test calls the router without a socket.
        Ok(Self(peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| {
            peer.0.ip().to_canonical()
        })))
    }
}

fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}
