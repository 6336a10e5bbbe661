//! Stripe's HTTP: bearer key, pinned version, forms in, JSON out, idempotency, faults on demand.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::desk::{Desk, Form, No};
use super::{Call, Fault, Shared};

const VERSION: &str = "2026-10-28.endive";

type Handle = Arc<Mutex<Shared>>;

pub(super) fn router(shared: Handle) -> Router {
    Router::new()
        .route("/v1/checkout/sessions", post(create))
        .route("/v1/checkout/sessions/{id}", get(look))
        .route("/v1/checkout/sessions/{id}/expire", post(expire))
        .route("/v1/refunds", post(refund).get(refunds))
        .route("/v1/refunds/{id}", get(look_refund))
        .route("/v1/events", get(events))
        .route("/v1/account", get(account))
        .route("/v1/charges", get(charges))
        .route("/v1/disputes", get(disputes))
        .route("/v1/payment_intents/{id}", get(intent))
        .with_state(shared)
}

async fn create(State(shared): State<Handle>, headers: HeaderMap, body: String) -> Response {
    write(&shared, &headers, &body, Call::Create, |desk| {
        desk.create(&form(&body))
    })
}

async fn expire(
    State(shared): State<Handle>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: String,
) -> Response {
    write(&shared, &headers, &body, Call::Expire, |desk| {
        desk.expire(&id)
    })
}

async fn refund(State(shared): State<Handle>, headers: HeaderMap, body: String) -> Response {
    write(&shared, &headers, &body, Call::Refund, |desk| {
        desk.refund(&form(&body))
    })
}

async fn look(
    State(shared): State<Handle>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    read(&shared, &headers, Some(Call::Look), |desk, fault| {
        let other = desk.sessions.iter().find(|session| session.id != id);
        match other {
            Some(other) if fault == Some(Fault::Other) => desk.look(&other.id),
            _ => desk.look(&id),
        }
    })
}

async fn look_refund(
    State(shared): State<Handle>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    read(&shared, &headers, Some(Call::LookRefund), |desk, _| {
        desk.look_refund(&id)
    })
}

async fn refunds(
    State(shared): State<Handle>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = form(&query.unwrap_or_default());
    read(&shared, &headers, None, |desk, _| {
        let intent = query.get("payment_intent").cloned().unwrap_or_default();
        Ok(desk.refunds_of(&intent))
    })
}

async fn events(
    State(shared): State<Handle>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = form(&query.unwrap_or_default());
    read(&shared, &headers, None, |desk, _| {
        let behind = query.get("starting_after").map(String::as_str);
        Ok(desk.missed(behind))
    })
}

async fn account(State(shared): State<Handle>, headers: HeaderMap) -> Response {
    read(&shared, &headers, None, |desk, _| {
        Ok(json!({"id": desk.name, "object": "account", "charges_enabled": true}))
    })
}

async fn charges(
    State(shared): State<Handle>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = form(&query.unwrap_or_default());
    read(&shared, &headers, Some(Call::Charges), |desk, _| {
        Ok(desk.charges(&query))
    })
}

async fn disputes(
    State(shared): State<Handle>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = form(&query.unwrap_or_default());
    read(&shared, &headers, None, |desk, _| {
        let intent = query.get("payment_intent").cloned().unwrap_or_default();
        Ok(desk.disputes_of(&intent))
    })
}

async fn intent(
    State(shared): State<Handle>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    read(&shared, &headers, None, |desk, _| desk.look_intent(&id))
}

fn form(text: &str) -> Form {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// Whose keys the request has.
fn account_of(shared: &Shared, headers: &HeaderMap) -> Option<usize> {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|at| at == value);
    let mut desks = shared.desks.iter();
    let key = |desk: &Desk| is("authorization", &format!("Bearer {}", desk.secret_key));
    desks
        .position(key)
        .filter(|_| is("stripe-version", VERSION))
}

/// Takes the next fault of that kind of call.
fn fault_for(shared: &mut Shared, call: Call) -> Option<Fault> {
    let at = shared.faults.iter().position(|(on, _)| *on == call)?;
    shared.faults.remove(at).map(|(_, fault)| fault)
}

/// Answers for faults that come before anything is done.
fn before(fault: Option<Fault>) -> Option<Response> {
    match fault? {
        Fault::Broken => Some(broken(500)),
        Fault::Proxy => {
            let page = "<html><body><h1>502 Bad Gateway</h1></body></html>";
            Some((StatusCode::BAD_GATEWAY, page).into_response())
        }
        Fault::Busy(secs) => {
            let after = [(header::RETRY_AFTER, secs.to_string())];
            Some((StatusCode::TOO_MANY_REQUESTS, after, "slow down").into_response())
        }
        Fault::Reset | Fault::BrokenAfter | Fault::Stored500 | Fault::Redirect | Fault::Other => {
            None
        }
    }
}

fn read(
    shared: &Handle,
    headers: &HeaderMap,
    call: Option<Call>,
    done: impl FnOnce(&Desk, Option<Fault>) -> Result<Value, No>,
) -> Response {
    let mut shared = shared.lock().expect("nobody panics in here");
    shared.requests += 1;
    let Some(account) = account_of(&shared, headers) else {
        return no((401, "invalid_request_error", None));
    };
    let fault = call.and_then(|call| fault_for(&mut shared, call));
    if let Some(answer) = before(fault) {
        return answer;
    }
    match done(&shared.desks[account], fault) {
        Ok(value) => spoiled(fault, 200, &value),
        Err(refusal) => no(refusal),
    }
}

fn write(
    shared: &Handle,
    headers: &HeaderMap,
    words: &str,
    call: Call,
    done: impl FnOnce(&mut Desk) -> Result<Value, No>,
) -> Response {
    let mut shared = shared.lock().expect("nobody panics in here");
    shared.requests += 1;
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let (Some(account), Some(key)) = (account_of(&shared, headers), key) else {
        return no((401, "invalid_request_error", None));
    };
    let fault = fault_for(&mut shared, call);
    if let Some(answer) = before(fault) {
        return answer;
    }
    let desk = &mut shared.desks[account];
    if let Some((known, status, value)) = desk.keys.get(key) {
        if known != words {
            return no((400, "idempotency_error", None));
        }
        let mut answer = spoiled(fault, *status, value);
        answer.headers_mut().insert(
            "idempotent-replayed",
            header::HeaderValue::from_static("true"),
        );
        return answer;
    }
    match done(desk) {
        Ok(value) => {
            let (status, value) = if fault == Some(Fault::Stored500) {
                (500, json!({"error": {"type": "api_error"}}))
            } else {
                (200, value)
            };
            let stored = (words.to_owned(), status, value.clone());
            desk.keys.insert(key.to_owned(), stored);
            spoiled(fault, status, &value)
        }
        // Refusals leave the key free.
        Err(refusal) => no(refusal),
    }
}

/// The answer, as the fault leaves it.
fn spoiled(fault: Option<Fault>, status: u16, value: &Value) -> Response {
    match fault {
        Some(Fault::Reset) => cut(value),
        Some(Fault::BrokenAfter) => broken(502),
        Some(Fault::Redirect) => (
            StatusCode::FOUND,
            [(header::LOCATION, "http://127.0.0.1:9/")],
        )
            .into_response(),
        _ => answer(status, value),
    }
}

fn answer(status: u16, value: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let json = [(header::CONTENT_TYPE, "application/json")];
    (status, json, value.to_string()).into_response()
}

fn no((status, kind, code): No) -> Response {
    answer(
        status,
        &json!({"error": {"type": kind, "code": code, "message": "no"}}),
    )
}

fn broken(status: u16) -> Response {
    answer(status, &json!({}))
}

/// The half of it, then the connection breaks.
fn cut(value: &Value) -> Response {
    let text = value.to_string();
    let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    let parts = vec![Ok(half), Err(std::io::Error::other("cut"))];
    Body::from_stream(futures::stream::iter(parts)).into_response()
}
