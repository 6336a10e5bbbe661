//! Organizations over HTTP, and the walk over all that is theirs.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::api::organizations::{OrganizationRole, Right};
use shared::ids::{OrganizationId, UserId};

use super::model::{Member, Organization};
use crate::events::{contact_in, model::Event};
use crate::orders::fixture::{Shop, event_body, text};
use crate::platform::db::DbError;
use crate::platform::http::Access;
use crate::router::{ACCESS, openapi_json};
use crate::testing::{NOW, TestApp};

const NOWHERE: &str = "01900000-0000-7000-8000-000000000000";

/// An organization with one member of each role, an event of its own, a sold and claimed ticket.
struct House {
    shop: Shop,
    id: String,
    members: Vec<(OrganizationRole, String)>,
    stranger: String,
    order: String,
    ticket: String,
}

async fn found(test: &TestApp, owner: &str) -> String {
    let body = json!({ "name": "Opera house" });
    let made = test.post("/api/v1/organizations", owner, body).await;
    text(&made.expect(201)["id"])
}

impl House {
    async fn open() -> Self {
        let t = TestApp::new().await;
        let owner = t.stored_user(Role::Attendee).await;
        let id = found(&t, &owner).await;
        let mut members = vec![(OrganizationRole::Owner, owner.clone())];
        for role in OrganizationRole::ALL.into_iter().skip(1) {
            members.push((role, join(&t, &id, role).await));
        }
        let mut event = event_body();
        event["organizationId"] = json!(id);
        let event = t.post("/api/v1/events", &owner, event).await.expect(201);
        assert_eq!(event["organizationId"], json!(id));
        let mut shop = Shop {
            buyer: t.token_for(Role::Attendee),
            organizer: owner,
            event: text(&event["id"]),
            class: String::new(),
            t,
        };
        shop.class = shop.add_class("General", 250_000).await;
        shop.add_stock(&shop.class, 5).await.expect(201);
        let publish = format!("/api/v1/events/{}/publish", shop.event);
        shop.t
            .call("POST", &publish, &shop.organizer, None)
            .await
            .expect(200);
        let order = shop.buy(1).await;
        let attendee = json!({ "name": "Ann Lee", "email": "ann@example.org" });
        let claim = json!({ "ticketId": order["tickets"][0]["id"], "attendee": attendee });
        let path = "/api/v1/claimed-tickets/claim";
        let ticket = shop.t.post(path, &shop.buyer, claim).await.expect(201);
        Self {
            stranger: shop.t.stored_user(Role::Organizer).await,
            id,
            members,
            order: text(&order["id"]),
            ticket: text(&ticket["id"]),
            shop,
        }
    }

    fn member(&self, role: OrganizationRole) -> &str {
        let mut members = self.members.iter();
        let found = members.find(|(of, _)| *of == role);
        &found.expect("one of each").1
    }

    /// The row's path with what is there, and nothing where nothing can be.
    fn path(&self, row: &str) -> String {
        let id = match row.split('/').nth(1) {
            Some("events") => &self.shop.event,
            Some("orders") => &self.order,
            Some("claimed-tickets") => &self.ticket,
            Some("organizations") => &self.id,
            _ => NOWHERE,
        };
        let mut path = format!("/api/v1{}", row.replace("{id}", id));
        for (name, value) in [
            ("{kid}", "250"),
            ("{number}", "1"),
            ("{version}", "1"),
            ("{medium}", "00112233"),
        ] {
            path = path.replace(name, value);
        }
        let segments = path.split('/');
        let segments = segments.map(|s| if s.starts_with('{') { NOWHERE } else { s });
        segments.collect::<Vec<_>>().join("/")
    }

    /// Status and words of the answer: what a stranger could tell apart.
    async fn call(
        &self,
        method: &Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        if path.ends_with("/gate/live") {
            // It has no end.
            let request = Request::get(path).header("authorization", format!("Bearer {token}"));
            let request = request.body(Body::empty()).expect("a request");
            let (status, _, _) = self.shop.t.open(request).await;
            let nothing = json!("There is no such event.");
            let words = if status == 404 { nothing } else { Value::Null };
            return (status.as_u16(), words);
        }
        let answer = self
            .shop
            .t
            .call(method.as_str(), path, token, body.cloned())
            .await;
        (answer.status.as_u16(), answer.json()["message"].clone())
    }
}

/// A stored user who is a member; gives the token.
pub(crate) async fn join(t: &TestApp, organization: &str, role: OrganizationRole) -> String {
    let token = t.stored_user(Role::Attendee).await;
    let user: UserId = t.app.tokens.verify(&token, NOW).expect("ours").user;
    let member = Member {
        organization: organization.parse::<OrganizationId>().expect("an id"),
        user,
        username: format!("{role:?}"),
        role,
        since: NOW,
    };
    let stored: Result<_, DbError> = t.app.db.write(move |tx| tx.insert(&member)).await;
    stored.expect("stored");
    token
}

/// The least that the description takes.
fn example(description: &Value, schema: &Value, name: &str, house: &House) -> Value {
    if let Some(name_of) = schema["$ref"].as_str() {
        let name_of = name_of.rsplit('/').next().expect("a name");
        let schema = &description["components"]["schemas"][name_of];
        return example(description, schema, name, house);
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(first) = schema[several].as_array().and_then(|all| {
            let mut all = all.iter();
            all.find(|one| one["type"] != "null")
        }) {
            return example(description, first, name, house);
        }
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    let kind = schema["type"].as_str().unwrap_or_else(|| {
        let kinds = schema["type"].as_array().into_iter().flatten();
        let mut kinds = kinds.filter_map(Value::as_str);
        kinds.find(|kind| *kind != "null").unwrap_or("object")
    });
    match kind {
        "object" => {
            let required = schema["required"].as_array().into_iter().flatten();
            let required = required.filter_map(Value::as_str);
            let fields = required.map(|field| {
                let schema = &schema["properties"][field];
                (field.to_owned(), example(description, schema, field, house))
            });
            Value::Object(fields.collect())
        }
        "array" if name == "classIds" => json!([house.shop.class]),
        "array" => json!([]),
        "string" => match (name, schema["format"].as_str()) {
            ("eventId", _) => json!(house.shop.event),
            ("classId", _) => json!(house.shop.class),
            ("organizationId", _) => json!(house.id),
            ("email", _) => json!("new@example.org"),
            ("currency", _) => json!("VND"),
            ("uid", _) => json!("04A1B2C3D4E5F6"),
            (_, Some("uuid")) => json!(NOWHERE),
            (_, Some("date-time")) => json!("2026-10-12T12:00:00Z"),
            _ => json!("something"),
        },
        "integer" | "number" => json!(schema["minimum"].as_u64().unwrap_or(1)),
        "boolean" => json!(true),
        _ => Value::Null,
    }
}

/// Rows about things of which there are none here; their own tests say who may.
const ELSEWHERE: [&str; 6] = [
    "/refunds/{id}/confirm",
    "/issued-tickets/batches/{batchId}",
    "/payments/{id}/look",
    "/reconciliations/{id}",
    "/reconciliations/{id}/lines",
    "/reconciliations/{id}/csv",
];

#[tokio::test]
async fn every_route_answers_each_role_as_the_table_says() {
    // A6, A9: with a right the answer is another than a stranger gets; without, it is the same
    let house = House::open().await;
    let description: Value = serde_json::from_str(&openapi_json()).expect("JSON");
    let mut wrong = Vec::new();
    let mut walked = 0;
    for (method, row, access) in ACCESS {
        let (Access::Owner(right), false) = (access, ELSEWHERE.contains(row)) else {
            continue;
        };
        let path = house.path(row);
        let operation =
            &description["paths"][format!("/api/v1{row}")][method.as_str().to_lowercase()];
        let content = operation["requestBody"]["content"]["application/json"].as_object();
        let mut body = content.map(|content| example(&description, &content["schema"], "", &house));
        if let Some(body) = body.as_mut().filter(|_| *row == "/issued-tickets/batch") {
            // Either a number or seats, which a schema does not say.
            body["quantity"] = json!(1);
        }
        let stranger = house
            .call(method, &path, &house.stranger, body.as_ref())
            .await;
        if stranger.0 != 404 {
            wrong.push(format!(
                "{method} {row}: a stranger gets {stranger:?} for {body:?}"
            ));
            continue;
        }
        walked += 1;
        for (role, token) in &house.members {
            let told = house.call(method, &path, token, body.as_ref()).await;
            if (told != stranger) != role.may(*right) || told.0 >= 500 {
                wrong.push(format!("{method} {row} by {role:?}: {told:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(walked > 50, "{walked}");
}

#[tokio::test]
async fn members_see_drafts_and_what_is_sold_and_strangers_see_nothing() {
    // A9
    let house = House::open().await;
    let t = &house.shop.t;
    let mut draft = event_body();
    draft["organizationId"] = json!(house.id);
    let manager = house.member(OrganizationRole::Manager);
    let draft = t.post("/api/v1/events", manager, draft).await.expect(201);
    let path = format!("/api/v1/events/{}", text(&draft["id"]));
    let list = format!("/api/v1/organizations/{}/events", house.id);
    for (_, token) in &house.members {
        t.get(&path, token).await.expect(200);
        let events = t.get(&list, token).await.expect(200);
        assert_eq!(events["items"].as_array().map(Vec::len), Some(2));
    }
    for path in [&path, &list] {
        t.get(path, &house.stranger)
            .await
            .expect_error(404, "not_found");
    }
    let order = format!("/api/v1/orders/{}", house.order);
    let answers = format!("/api/v1/claimed-tickets/{}/answers", house.ticket);
    let validate = format!("/api/v1/claimed-tickets/{}/validate", house.ticket);
    for (role, token) in &house.members {
        for (path, right) in [
            (&order, shared::api::organizations::Right::Sales),
            (&answers, shared::api::organizations::Right::Sales),
            (&validate, shared::api::organizations::Right::Watch),
        ] {
            let status = t.get(path, token).await.status.as_u16();
            assert_eq!(
                status != 404,
                role.may(right),
                "{path} by {role:?}: {status}"
            );
        }
    }
    // Events are made for one's own organization only.
    for token in [&house.stranger, house.member(OrganizationRole::BoxOffice)] {
        let mut foreign = event_body();
        foreign["organizationId"] = json!(house.id);
        t.post("/api/v1/events", token, foreign)
            .await
            .expect_error(404, "not_found");
    }
}

/// The link of an invitation.
async fn link(t: &TestApp, to: &str) -> String {
    mailed(t, to, "invitation", "/account/join/").await
}

/// Opens the link that confirms the address.
async fn confirm(t: &TestApp, email: &str) {
    let token = mailed(t, email, "verify_address", "/account/verify/").await;
    let body = json!({ "token": token });
    let confirmed = t.post("/api/v1/auth/verify-email", "", body).await;
    confirmed.expect(204);
}

/// The end of the link in the mail to an address.
async fn mailed(t: &TestApp, to: &str, template: &str, page: &str) -> String {
    let admin = t.stored_user(Role::Admin).await;
    let outbox = t.get("/api/v1/notices", &admin).await.expect(200);
    let mails = outbox["items"].as_array().expect("a list");
    let mut mails = mails.iter().filter(|mail| mail["template"] == template);
    let mail = mails.find(|mail| mail["recipient"] == to).expect("a mail");
    let text = text(&mail["text"]);
    let rest = text.split_once(page).expect("a link").1;
    rest.split_whitespace().next().expect("a token").to_owned()
}

#[tokio::test]
async fn an_invitation_opens_the_door_once_to_who_has_the_address() {
    // A9, N2
    let t = TestApp::new().await;
    let owner = t.stored_user(Role::Attendee).await;
    let id = found(&t, &owner).await;
    let path = format!("/api/v1/organizations/{id}/invitations");
    let invite = async |email: &str| {
        let body = json!({ "email": email, "role": "BOX_OFFICE" });
        t.post(&path, &owner, body).await
    };
    invite("nowhere").await.expect_error(400, "validation");
    invite("Bob@Example.org").await.expect(201);
    let token = link(&t, "bob@example.org").await;
    let join = async |token: &str| {
        let body = json!({ "token": token });
        t.post("/api/v1/organizations/join", "", body).await
    };
    join(&token).await.expect_error(409, "no_account");
    let bob =
        json!({ "email": "bob@example.org", "username": "bob", "password": "lavender-tram-39" });
    t.post("/api/v1/auth/register", "", bob).await.expect(201);
    confirm(&t, "bob@example.org").await;
    let joined = join(&token).await.expect(200);
    assert_eq!(
        (&joined["name"], &joined["role"]),
        (&json!("Opera house"), &json!("BOX_OFFICE"))
    );
    join(&token).await.expect_error(400, "bad_link");
    let members = format!("/api/v1/organizations/{id}/members");
    let list = t.get(&members, &owner).await.expect(200);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));

    let withdrawn = invite("eve@example.org").await.expect(201);
    let token = link(&t, "eve@example.org").await;
    let one = format!("{path}/{}", text(&withdrawn["id"]));
    t.call("DELETE", &one, &owner, None).await.expect(204);
    join(&token).await.expect_error(400, "bad_link");
    invite("eve@example.org").await.expect(201);
    let last = link(&t, "eve@example.org").await;
    t.clock.advance(7 * 86_400_000);
    for old in [last.as_str(), "AAAA"] {
        join(old).await.expect_error(400, "bad_link");
    }
}

#[tokio::test]
async fn an_organization_keeps_an_owner() {
    // A9
    let house = House::open().await;
    let t = &house.shop.t;
    let members = format!("/api/v1/organizations/{}/members", house.id);
    let id_of = |token: &str| t.app.tokens.verify(token, NOW).expect("ours").user;
    let owner = house.member(OrganizationRole::Owner);
    let manager = house.member(OrganizationRole::Manager);
    let own = format!("{members}/{}", id_of(owner));
    let other = format!("{members}/{}", id_of(manager));
    t.call("DELETE", &own, owner, None)
        .await
        .expect_error(409, "last_owner");
    let put = async |path: &str, role: &str| {
        t.call("PUT", path, owner, Some(json!({ "role": role })))
            .await
    };
    put(&own, "MANAGER").await.expect_error(409, "last_owner");
    put(&other, "OWNER").await.expect(200);
    put(&own, "ACCOUNTANT").await.expect(200);
    t.call("PUT", &own, owner, Some(json!({ "role": "OWNER" })))
        .await
        .expect_error(404, "not_found");
    t.call("DELETE", &own, owner, None).await.expect(204);
    t.get(&members, owner).await.expect_error(404, "not_found");
}

#[tokio::test]
async fn whoever_changes_the_owners_writes_a_row_that_all_who_do_so_write() {
    // A9, H8: MongoDB refuses one of two who write the same row, and only then
    let house = House::open().await;
    let t = &house.shop.t;
    let row = async || {
        let found = t.app.db.get::<Organization>(&house.id).await;
        found.expect("read").expect("there").rev
    };
    let members = format!("/api/v1/organizations/{}/members", house.id);
    let id_of = |token: &str| t.app.tokens.verify(token, NOW).expect("ours").user;
    let owner = house.member(OrganizationRole::Owner);
    let second = house.member(OrganizationRole::Manager);
    let put = async |member: &str, role: &str| {
        let path = format!("{members}/{}", id_of(member));
        let body = json!({ "role": role });
        t.call("PUT", &path, owner, Some(body)).await.expect(200);
    };
    put(second, "OWNER").await;
    let before = row().await;
    put(second, "MANAGER").await;
    assert_eq!(row().await, before + 1, "one is no owner any more");
    put(second, "OWNER").await;
    let before = row().await;
    let path = format!("{members}/{}", id_of(owner));
    t.call("DELETE", &path, owner, None).await.expect(204);
    assert_eq!(row().await, before + 1, "one leaves");
}

#[tokio::test]
async fn an_event_is_given_by_who_has_both_hands_on_it() {
    // A9
    let house = House::open().await;
    let t = &house.shop.t;
    let event = t
        .post("/api/v1/events", &house.stranger, event_body())
        .await
        .expect(201);
    assert!(event["organizationId"].is_null());
    let path = format!("/api/v1/events/{}/organization", text(&event["id"]));
    let to = json!({ "organizationId": house.id });
    let manager = house.member(OrganizationRole::Manager);
    for token in [manager, &house.stranger] {
        let answer = t.call("PUT", &path, token, Some(to.clone())).await;
        answer.expect_error(404, "not_found");
    }
    let theirs = found(t, &house.stranger).await;
    let to = json!({ "organizationId": theirs });
    let moved = t.call("PUT", &path, &house.stranger, Some(to)).await;
    assert_eq!(moved.expect(200)["organizationId"], json!(theirs));
}

#[tokio::test]
async fn about_an_event_is_written_to_who_still_has_a_say_in_it() {
    // A9, P6
    let shop = Shop::open(1).await;
    let t = &shop.t;
    let maker = t.stored_user(Role::Organizer).await;
    let event = text(
        &t.post("/api/v1/events", &maker, event_body())
            .await
            .expect(201)["id"],
    );
    let id_of = |token: &str| t.app.tokens.verify(token, NOW).expect("ours").user;
    let contact = async || {
        let event = event.clone();
        let found = t.app.db.write(move |tx| -> Result<_, DbError> {
            let event = tx.get::<Event>(&event)?.expect("there");
            contact_in(tx, &event, Right::Money)
        });
        found.await.expect("read").expect("somebody").id
    };
    assert_eq!(contact().await, id_of(&maker));
    let (_, owner) = shop.give_away(&event).await;
    assert_eq!(contact().await, id_of(&owner));
}
