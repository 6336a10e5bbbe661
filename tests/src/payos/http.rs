//! The gateway's HTTP: headers checked, business errors as 200, faults on demand.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::bank::No;
use crate::port::WEBHOOK_WITHIN;

use super::{Bank, Call, Fault, Shared, sign};

type Handle = Arc<Mutex<Shared>>;

pub(super) fn router(shared: Handle) -> Router {
    Router::new()
        .route("/confirm-webhook", post(confirm))
        .route("/v2/payment-requests", post(create))
        .route("/v2/payment-requests/{code}", get(look))
        .route("/v2/payment-requests/{code}/cancel", post(cancel))
        .with_state(shared)
}

async fn create(State(shared): State<Handle>, headers: HeaderMap, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let code = request["orderCode"].as_i64().unwrap_or_default();
    answer(&shared, &headers, Call::Create, code, |bank, _| {
        bank.create(&request)
    })
}

async fn look(
    State(shared): State<Handle>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let code = code_of(&shared, &id);
    answer(&shared, &headers, Call::Look, code, |bank, fault| {
        bank.look(code, fault == Some(Fault::Lagging))
    })
}

async fn cancel(
    State(shared): State<Handle>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let code = code_of(&shared, &id);
    answer(&shared, &headers, Call::Cancel, code, |bank, _| {
        bank.cancel(code)
    })
}

/// A link is named by our code or by its own id.
fn code_of(shared: &Handle, id: &str) -> i64 {
    let shared = shared.lock().expect("nobody panics in here");
    let links = shared.banks.iter().flat_map(super::Bank::links);
    let links: Vec<_> = links.collect();
    let named = links.iter().find(|link| link.id == id);
    named.map_or_else(|| id.parse().unwrap_or_default(), |link| link.order_code)
}

/// Tries the address with a sample that nobody ordered, validly signed, before taking it.
async fn confirm(State(shared): State<Handle>, headers: HeaderMap, body: Bytes) -> Response {
    let known = {
        let shared = shared.lock().expect("nobody panics in here");
        let channel = channel_of(&shared, &headers);
        channel.map(|at| (at, shared.banks[at].checksum_key.clone()))
    };
    let Some((channel, key)) = known else {
        return (StatusCode::UNAUTHORIZED, "{}").into_response();
    };
    let request: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let url = request["webhookUrl"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let client = reqwest::Client::builder()
        .timeout(WEBHOOK_WITHIN)
        .no_proxy()
        .build()
        .expect("a client");
    let ping = client
        .post(&url)
        .header("content-type", "application/json")
        .body(sign::envelope(&key, &sample()));
    let taken = ping.send().await;
    if !taken.is_ok_and(|answer| answer.status().is_success()) {
        let invalid = json!({ "code": "20", "desc": "Webhook url invalid", "data": null });
        return (StatusCode::BAD_REQUEST, invalid.to_string()).into_response();
    }
    let data = json!({ "webhookUrl": url, "accountName": "NIGHT OF STRINGS",
        "accountNumber": "0123456789", "name": "Channel", "shortName": "CH" });
    let mut shared = shared.lock().expect("nobody panics in here");
    shared.banks[channel].webhook_url = Some(url);
    drop(shared);
    json_answer(&json!({ "code": "00", "desc": "success", "data": data }))
}

/// What the gateway sends when somebody registers a webhook.
pub(super) fn sample() -> Value {
    json!({
        "orderCode": 123, "amount": 3000, "description": "VQRIO123", "accountNumber": "12345678",
        "reference": "TF230204212323", "transactionDateTime": "2023-02-04 18:25:00", "currency": "VND",
        "paymentLinkId": "124c33293c43417ab7879e14c8d9eb18", "code": "00", "desc": "Thành công",
        "counterAccountBankId": "", "counterAccountBankName": "", "counterAccountName": "",
        "counterAccountNumber": "", "virtualAccountName": "", "virtualAccountNumber": "",
    })
}

/// Whose keys the request has.
fn channel_of(shared: &Shared, headers: &HeaderMap) -> Option<usize> {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|at| at == value);
    let mut banks = shared.banks.iter();
    banks.position(|bank| is("x-client-id", &bank.client_id) && is("x-api-key", &bank.api_key))
}

fn answer(
    shared: &Handle,
    headers: &HeaderMap,
    call: Call,
    code: i64,
    done: impl FnOnce(&mut Bank, Option<Fault>) -> Result<Value, No>,
) -> Response {
    let mut shared = shared.lock().expect("nobody panics in here");
    shared.requests += 1;
    let Some(channel) = channel_of(&shared, headers) else {
        return no(("214", "Cổng thanh toán không tồn tại hoặc đã tạm dừng"));
    };
    let at = shared.faults.iter().position(|(on, _)| *on == call);
    let fault = at
        .and_then(|at| shared.faults.remove(at))
        .map(|(_, fault)| fault);
    match fault {
        Some(Fault::Broken) => return broken(),
        Some(Fault::Proxy) => {
            let page = "<html><body><h1>502 Bad Gateway</h1></body></html>";
            return (StatusCode::BAD_GATEWAY, page).into_response();
        }
        Some(Fault::Busy(secs)) => {
            let after = [(header::RETRY_AFTER, secs.to_string())];
            return (StatusCode::TOO_MANY_REQUESTS, after, "slow down").into_response();
        }
        _ => {}
    }
    let bank = &mut shared.banks[channel];
    let data = match done(bank, fault) {
        Ok(data) => data,
        Err(refusal) => return no(refusal),
    };
    match fault {
        Some(Fault::Reset) => cut(&yes(bank, &data)),
        Some(Fault::BrokenAfter) => broken(),
        Some(Fault::Redirect) => (
            StatusCode::FOUND,
            [(header::LOCATION, "http://127.0.0.1:9/")],
        )
            .into_response(),
        Some(Fault::Unsigned) => {
            json_answer(&json!({ "code": "00", "desc": "success", "data": paid(data) }))
        }
        Some(Fault::BadSignature) => json_answer(&json!({
            "code": "00", "desc": "success", "data": paid(data), "signature": "0".repeat(64),
        })),
        Some(Fault::OtherLink) => {
            let other = bank.another(code).unwrap_or_else(|| {
                let mut other = data.clone();
                other["orderCode"] = json!(code + 1);
                other
            });
            json_answer(&yes(bank, &other))
        }
        Some(Fault::NoWithData) => {
            let data = paid(data);
            let signature = sign::signed(&bank.checksum_key, &data);
            json_answer(
                &json!({ "code": "99", "desc": "no", "data": data, "signature": signature }),
            )
        }
        Some(Fault::Broken | Fault::Proxy | Fault::Busy(_) | Fault::Lagging) | None => {
            json_answer(&yes(bank, &data))
        }
    }
}

/// The lie of an answer that nobody may believe.
fn paid(mut data: Value) -> Value {
    if data["amountPaid"].is_number() {
        data["amountPaid"] = data["amount"].clone();
        data["status"] = json!("PAID");
    }
    data
}

fn yes(bank: &Bank, data: &Value) -> Value {
    let signature = sign::signed(&bank.checksum_key, data);
    json!({ "code": "00", "desc": "success", "data": data, "signature": signature })
}

/// Business errors are answered with 200.
fn no((code, desc): No) -> Response {
    json_answer(&json!({ "code": code, "desc": desc, "data": null }))
}

fn broken() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "{}").into_response()
}

fn json_answer(value: &Value) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        value.to_string(),
    )
        .into_response()
}

/// The half of it, then the connection breaks.
fn cut(value: &Value) -> Response {
    let text = value.to_string();
    let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    let parts = vec![Ok(half), Err(std::io::Error::other("cut"))];
    Body::from_stream(tokio_stream_of(parts)).into_response()
}

fn tokio_stream_of(
    parts: Vec<std::io::Result<Bytes>>,
) -> impl futures::Stream<Item = std::io::Result<Bytes>> {
    futures::stream::iter(parts)
}
