//! The routes as a whole: the access table walked (A6), the description compared (N4), errors in
//! one shape (N1).

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::limits;

use crate::description::{LIMITS, Limit};
use crate::orders::fixture::{Shop, text};
use crate::platform::http::Access;
use crate::router::{ACCESS, openapi_json};
use crate::testing::{Answer, TestApp};

const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");

fn described() -> Value {
    serde_json::from_str(&openapi_json()).expect("JSON")
}

/// Every `(METHOD, path below /api/v1)` of the description.
fn operations() -> BTreeSet<(String, String)> {
    let description = described();
    let paths = description["paths"].as_object().expect("paths");
    let mut operations = BTreeSet::new();
    for (path, item) in paths {
        for method in item.as_object().expect("an item").keys() {
            let path = path.strip_prefix("/api/v1").expect("below /api/v1");
            operations.insert((method.to_uppercase(), path.to_owned()));
        }
    }
    operations
}

#[test]
fn every_operation_has_one_row_in_the_access_table() {
    // A6
    let rows: Vec<_> = ACCESS
        .iter()
        .map(|(method, path, _)| (method.to_string(), (*path).to_owned()))
        .collect();
    let distinct: BTreeSet<_> = rows.iter().cloned().collect();
    assert_eq!(rows.len(), distinct.len(), "a row is there twice");
    let operations = operations();
    let without_row: Vec<_> = operations.difference(&distinct).collect();
    let without_route: Vec<_> = distinct.difference(&operations).collect();
    assert!(
        without_row.is_empty() && without_route.is_empty(),
        "add to or remove from ACCESS: no row {without_row:?}, no route {without_route:?}"
    );
}

#[test]
fn the_description_says_which_routes_need_a_login() {
    // A6, N4
    let description = described();
    for (method, path, access) in ACCESS {
        let operation =
            &description["paths"][format!("/api/v1{path}")][method.as_str().to_lowercase()];
        // An empty alternative says that a login is welcome and not needed.
        let secured = operation["security"]
            .as_array()
            .is_some_and(|security| !security.is_empty() && !security.contains(&json!({})));
        assert_eq!(secured, needs_login(*access), "{method} {path}");
    }
}

#[test]
fn the_description_says_limits_and_401() {
    // N4: every limit that is listed has landed, and every route that reads a token may refuse it
    let description = described();
    for (schema, property, limit) in LIMITS {
        let property = &description["components"]["schemas"][schema]["properties"][property];
        let maximum = match limit {
            Limit::Chars(_, max) => property["maxLength"] == json!(max),
            Limit::Number(_, max) => property["maximum"] == json!(max),
            Limit::Items(_, max) => property["maxItems"] == json!(max),
        };
        assert!(maximum, "{schema}: {property}");
    }
    for (method, path, access) in ACCESS {
        let operation =
            &description["paths"][format!("/api/v1{path}")][method.as_str().to_lowercase()];
        if needs_login(*access) {
            let unauthenticated = &operation["responses"]["401"];
            assert!(unauthenticated.is_object(), "{method} {path}");
        }
    }
}

fn needs_login(access: Access) -> bool {
    !matches!(access, Access::Public | Access::Signed)
}

/// A call with ids that exist nowhere and an empty body.
async fn call(test: &TestApp, method: &Method, path: &str, token: &str) -> Answer {
    let nowhere = "01900000-0000-7000-8000-000000000000";
    let mut concrete = String::from("/api/v1");
    for segment in path.split('/').skip(1) {
        concrete.push('/');
        concrete.push_str(if segment.starts_with('{') {
            nowhere
        } else {
            segment
        });
    }
    let body = (method != Method::GET).then(|| json!({}));
    test.call(method.as_str(), &concrete, token, body).await
}

#[tokio::test]
async fn everyone_gets_what_the_table_says() {
    // A6
    let shop = Shop::over(TestApp::with_environment(&[]).await, 1).await;
    let body = shop.order_body(&json!([{ "classId": shop.class, "quantity": 1 }]));
    let test = shop.t;
    let placed = test
        .post("/api/v1/guest/orders", "", body)
        .await
        .expect(201);
    let callers = [
        ("anonymous", String::new()),
        ("guest", text(&placed["guestToken"])),
        ("attendee", test.stored_user(Role::Attendee).await),
        ("organizer", test.stored_user(Role::Organizer).await),
        ("gate staff", test.stored_user(Role::GateStaff).await),
        ("admin", test.stored_user(Role::Admin).await),
    ];
    for (method, path, access) in ACCESS {
        for (who, token) in &callers {
            let answer = call(&test, method, path, token).await;
            let status = answer.status.as_u16();
            let text = String::from_utf8_lossy(&answer.bytes);
            let case = format!("{method} {path} by {who}: {status} {text}");
            assert!(status < 500, "{case}");
            let anonymous = token.is_empty();
            match access {
                // Public routes may ask for credentials in the body, never for a bearer token.
                Access::Public | Access::Signed => {
                    assert_ne!(answer.json()["code"], "unauthenticated", "{case}");
                    assert_ne!(status, 403, "{case}");
                    if *access == Access::Signed {
                        assert!(status >= 400, "nothing without a signature: {case}");
                    }
                }
                _ if anonymous => {
                    assert_eq!(status, 401, "{case}");
                    assert_eq!(answer.json()["code"], "unauthenticated", "{case}");
                }
                Access::User(_) | Access::Person | Access::Owner(_) | Access::Admin
                    if *who == "guest" =>
                {
                    answer.expect_error(403, "forbidden");
                }
                Access::User(_) | Access::Buyer(_) | Access::Person => {
                    assert!(status != 401 && status != 403, "{case}");
                }
                // What nobody owns is there for nobody: 404, or 400 for the empty body.
                Access::Owner(_) => assert!(matches!(status, 400 | 404 | 415 | 422), "{case}"),
                Access::Admin if *who == "admin" => {
                    assert!(status != 401 && status != 403, "{case}");
                }
                Access::Admin => assert_eq!(status, 403, "{case}"),
            }
            if status >= 400 {
                assert_eq!(answer.json()["statusCode"], status, "the one shape: {case}");
            }
        }
    }
}

#[tokio::test]
async fn a_forged_or_expired_token_opens_no_closed_route() {
    // A6
    let test = TestApp::new().await;
    let token = test.stored_user(Role::Admin).await;
    let forged = format!("{}A", &token[..token.len() - 1]);
    test.clock.advance(901_000);
    for (method, path, access) in ACCESS {
        if needs_login(*access) {
            for bad in [&forged, &token] {
                let answer = call(&test, method, path, bad).await;
                assert_eq!(answer.status, 401, "{method} {path}");
            }
        }
    }
}

#[test]
fn the_description_is_the_stored_one() {
    // N4
    let generated = openapi_json();
    #[expect(
        clippy::disallowed_methods,
        reason = "how a person asks a test for a new snapshot"
    )]
    let regenerate = std::env::var_os("GATEHOUSE_REGENERATE").is_some();
    if regenerate {
        std::fs::write(SNAPSHOT, &generated).expect("written");
    }
    let stored = std::fs::read_to_string(SNAPSHOT).unwrap_or_default();
    assert!(
        stored == generated,
        "docs/openapi.json is not what the code says: \
         run this test with GATEHOUSE_REGENERATE=1 and look at the difference"
    );
    assert_eq!(described()["openapi"], "3.1.0");
}

#[test]
fn every_operation_is_documented() {
    // N4
    let description = described();
    for (method, path) in operations() {
        let operation = &description["paths"][format!("/api/v1{path}")][method.to_lowercase()];
        assert!(
            operation["summary"].is_string(),
            "{method} {path} has no summary"
        );
        assert!(operation["operationId"].is_string(), "{method} {path}");
        assert!(
            operation["responses"]
                .as_object()
                .is_some_and(|all| !all.is_empty()),
            "{method} {path} has no responses"
        );
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_answer_in_the_one_shape() {
    // N1
    let test = TestApp::new().await;
    for path in ["/nowhere", "/api/v1", "/api/v1/nowhere", "/api/v2/auth/me"] {
        test.get(path, "").await.expect_error(404, "not_found");
    }
    let answer = test.call("DELETE", "/api/v1/auth/login", "", None).await;
    answer.expect_error(405, "method_not_allowed");
    assert!(answer.headers.contains_key(header::ALLOW));
}

#[tokio::test]
async fn bodies_that_are_not_json_or_too_large_are_refused() {
    // N1
    let test = TestApp::new().await;
    let send = async |content_type: &str, body: Vec<u8>| {
        let request = Request::post("/api/v1/auth/login")
            .header(header::CONTENT_TYPE, content_type)
            .body(Body::from(body))
            .expect("a request");
        test.send(request).await
    };
    send("text/plain", b"{}".to_vec())
        .await
        .expect_error(415, "not_json");
    send("application/json", b"{".to_vec())
        .await
        .expect_error(400, "validation");
    let details = send("application/json; charset=utf-8", b"{}".to_vec())
        .await
        .expect_error(400, "validation");
    assert_eq!(
        details,
        json!({ "password": "is missing", "username": "is missing" })
    );
    send(
        "application/json",
        vec![b' '; limits::JSON_BODY_BYTES_MAX + 1],
    )
    .await
    .expect_error(413, "body_too_large");
}

#[tokio::test]
async fn queries_and_paths_are_refused_in_plain_words() {
    // N1
    let test = TestApp::new().await;
    for (path, field, words) in [
        ("issued-tickets", "eventId", "is missing"),
        ("issued-tickets?eventId=x", "eventId", "must be an id, like"),
        ("events?limit=many", "limit", "must be a whole number"),
        ("events?mine=perhaps", "mine", "must be true or false"),
        ("events/x", "id", "must be an id, like"),
    ] {
        let answer = test.get(&format!("/api/v1/{path}"), "").await;
        let details = answer.expect_error(400, "validation");
        let why = details[field].as_str().unwrap_or_default();
        assert!(why.starts_with(words), "{path}: {details}");
    }
}

/// More than any route takes.
const TOO_LARGE: usize = limits::SYNC_BODY_BYTES_MAX + 1;

#[tokio::test]
async fn every_route_refuses_bad_bodies_in_the_one_shape() {
    // N1
    let test = TestApp::new().await;
    let token = test.stored_user(Role::Admin).await;
    let description = described();
    let mut walked = 0;
    for (method, path, _) in ACCESS {
        let operation =
            &description["paths"][format!("/api/v1{path}")][method.as_str().to_lowercase()];
        let Some(content) = operation["requestBody"]["content"].as_object() else {
            continue;
        };
        walked += 1;
        let media = content.keys().next().expect("a media type").as_str();
        let nowhere = "01900000-0000-7000-8000-000000000000";
        let path = path.replace("{id}", nowhere).replace("{deviceId}", nowhere);
        let path = path
            .replace("{number}", "1")
            .replace("{userId}", nowhere)
            .replace("{classId}", nowhere)
            .replace("{organizationId}", nowhere);
        let path = format!("/api/v1{path}");
        let send = async |media: &str, body: Body| {
            let request = Request::builder()
                .method(method)
                .uri(&path)
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .header(header::CONTENT_TYPE, media)
                .body(body)
                .expect("a request");
            test.send(request).await
        };
        send(media, vec![b' '; TOO_LARGE].into())
            .await
            .expect_error(413, "body_too_large");
        // Its length is not told: counted as it comes.
        let chunks = (0..130).map(|_| Ok::<_, std::io::Error>(vec![b' '; 65_536]));
        let stream = Body::from_stream(futures::stream::iter(chunks));
        send(media, stream)
            .await
            .expect_error(413, "body_too_large");
        let broken = futures::stream::iter([Err::<Vec<u8>, _>(std::io::Error::other("cut off"))]);
        send(media, Body::from_stream(broken))
            .await
            .expect_error(400, "body_unreadable");

        // Signatures over the bytes make the type of a webhook moot: it has none that is good.
        let webhook = path.contains("/payments/webhook");
        let malformed = send(media, b"{".to_vec().into()).await;
        let wrong_type = send("text/plain; charset=utf-8", b"{}".to_vec().into()).await;
        for (answer, status) in [(malformed, 400), (wrong_type, 415)] {
            let code = answer.json()["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let status = if webhook { 401 } else { status };
            answer.expect_error(status, &code);
            assert!(!code.is_empty(), "{method} {path}");
        }
    }
    assert!(walked >= 15, "{walked}");
}

#[tokio::test]
async fn the_payers_form_is_refused_in_the_one_shape() {
    // N1
    let test = TestApp::new().await;
    let form = "application/x-www-form-urlencoded";
    let cases = [
        (
            form,
            vec![b'a'; limits::JSON_BODY_BYTES_MAX + 1],
            413,
            "body_too_large",
        ),
        ("text/plain", b"action=pay".to_vec(), 415, "not_form"),
        (form, b"action=steal".to_vec(), 400, "validation"),
        (form, b"action=pay".to_vec(), 404, "not_found"),
    ];
    for (media, body, status, code) in cases {
        let request = Request::post("/pay/demo/01900000-0000-7000-8000-000000000000")
            .header(header::CONTENT_TYPE, media)
            .body(Body::from(body))
            .expect("a request");
        test.send(request).await.expect_error(status, code);
    }
}

#[tokio::test]
async fn every_answer_carries_an_id_and_safe_headers() {
    // N1
    let test = TestApp::new().await;
    let answer = test.get("/api/v1/nowhere", "").await;
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers["x-frame-options"], "DENY");
    assert_eq!(answer.headers["referrer-policy"], "no-referrer");
    assert!(answer.headers.contains_key("content-security-policy"));
    assert_eq!(answer.headers["x-request-id"].len(), 16);
    for (given, kept) in [("abc-1.2_3", true), ("a b", false), ("<x>", false)] {
        let request = Request::get("/healthz")
            .header("x-request-id", given)
            .body(Body::empty())
            .expect("a request");
        let answer = test.send(request).await;
        assert_eq!(answer.headers["x-request-id"] == given, kept, "{given}");
    }
}

#[tokio::test]
async fn probes_answer_and_readiness_ends_with_the_stop() {
    // N7, H7
    let test = TestApp::new().await;
    test.get("/healthz", "").await.expect(200);
    test.get("/readyz", "").await.expect(200);
    test.get("/metrics", "").await.expect(200);
    test.app.stopping.cancel();
    test.get("/healthz", "").await.expect(200);
    test.get("/readyz", "").await.expect_error(503, "stopping");
}

#[tokio::test]
async fn the_description_can_be_read_and_browsed_without_a_network() {
    // N4, N5
    let test = TestApp::new().await;
    let served = test.get("/api/v1/openapi.json", "").await.expect(200);
    assert_eq!(served, described());
    let page = test.get("/docs/", "").await;
    page.expect(200);
    let text = String::from_utf8_lossy(&page.bytes).into_owned();
    assert!(text.contains("swagger-ui"), "{text}");
    let assets = [
        "swagger-ui.css",
        "index.css",
        "swagger-ui-bundle.js",
        "swagger-initializer.js",
    ];
    for asset in assets {
        assert!(text.contains(asset), "{asset}");
        let path = format!("/docs/{asset}");
        assert_eq!(test.get(&path, "").await.status, 200, "{path}");
    }
    assert!(
        !text.contains("src=\"http") && !text.contains("href=\"http"),
        "{text}"
    );
    let start = test.get("/docs/swagger-initializer.js", "").await;
    assert!(String::from_utf8_lossy(&start.bytes).contains("/api/v1/openapi.json"));
}
