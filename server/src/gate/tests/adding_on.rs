//! Add-ons and notes: from REST into the snapshot, into verdicts, and back from the gates.

use serde_json::{Value, json};
use shared::trust::{Extra, Segment, SegmentKind};

use super::site::Site;
use crate::testing::{Answer, NOW};

const CLAIM: &str = "/api/v1/claimed-tickets/claim";

async fn set(site: &Site, settings: Value) -> Answer {
    let path = site.path("/check-in");
    site.test
        .call("PUT", &path, &site.organizer, Some(settings))
        .await
}

/// A class of its own for add-ons, and stock ticket 1 of it.
async fn with_meals(bought: u32) -> (Site, String) {
    let site = Site::with_tickets(bought).await;
    let body = json!({ "name": "Meal", "price": { "amount": 50_000, "currency": "VND" } });
    let path = site.path("/ticket-classes");
    let class = site
        .test
        .post(&path, &site.organizer, body)
        .await
        .expect(201);
    let class = class["id"].as_str().expect("an id").to_owned();
    for ticket in &site.tickets[1..] {
        let id: shared::ids::ClassId = class.parse().expect("an id");
        let key = ticket.to_string();
        let stored = site.test.app.db.write(move |tx| {
            let found = tx.get::<crate::inventory::model::IssuedTicket>(&key)?;
            let mut stock = found.expect("stock");
            stock.class_id = id;
            tx.replace(&mut stock)
        });
        let stored: Result<(), crate::platform::db::DbError> = stored.await;
        stored.expect("stored");
    }
    let list = json!({
        "name": "Buffet", "gateIds": [site.gates[1]], "classIds": [class], "matchAddOns": true,
    });
    set(&site, json!({ "lists": [list] })).await.expect(200);
    (site, class)
}

async fn claim_to(site: &Site, ticket: usize, main: &Value) -> Answer {
    let mut body = site.claim_body(ticket);
    body["addOnTo"] = main["id"].clone();
    site.test.post(CLAIM, &site.attendee, body).await
}

async fn validate(site: &Site, ticket: &Value, gate: usize) -> Value {
    let id = ticket["id"].as_str().expect("an id");
    let path = format!(
        "/api/v1/claimed-tickets/{id}/validate?gateId={}",
        site.gates[gate]
    );
    site.test.get(&path, &site.organizer).await.expect(200)
}

#[tokio::test]
async fn a_main_ticket_checks_its_add_on_in_and_the_server_believes_it() {
    // S27 S132 I7
    let (site, _) = with_meals(2).await;
    let mut buffet = site.enrol("Buffet 1", 1, 7).await;
    let main = site.claim(0).await;
    assert_eq!(validate(&site, &main, 1).await["reason"], "wrong_class");
    let meal = claim_to(&site, 1, &main).await.expect(201);
    assert_eq!(meal["addOnTo"], main["id"]);
    let verdict = validate(&site, &main, 1).await;
    assert_eq!(
        (&verdict["reason"], &verdict["serial"]),
        (&json!("ok"), &meal["serial"])
    );
    assert_eq!(
        (&verdict["class"], &verdict["holder"]),
        (&json!("Meal"), &json!("Ann Lee"))
    );
    // At the door it is an ordinary ticket.
    let door = validate(&site, &main, 0).await;
    assert_eq!(
        (&door["reason"], &door["serial"]),
        (&json!("ok"), &main["serial"])
    );

    let manifest = buffet.manifest(&buffet.sync(&site.test).await);
    let extras = buffet
        .fetch(&site.test, &manifest.body, SegmentKind::Extras)
        .await;
    let Segment::Extras(extras) = &extras[0] else {
        panic!("extras");
    };
    let [(serial, extra)] = &extras[..] else {
        panic!("one add-on: {extras:?}");
    };
    assert_eq!(
        (*serial, extra.note.as_str(), extra.added_to),
        (1, "", Some(0))
    );

    // The gate saw the main ticket's code and no other.
    let token = main["token"].as_str().expect("digits");
    buffet.admit(1, token, NOW);
    buffet.sync(&site.test).await;
    let redemptions = site.redemptions().await;
    assert_eq!(redemptions.len(), 1, "{redemptions:?}");
    assert_eq!(redemptions[0]["claimedTicketId"], meal["id"]);
    assert_eq!(validate(&site, &main, 1).await["reason"], "already_used");
    assert_eq!(validate(&site, &main, 0).await["reason"], "ok");
}

#[tokio::test]
async fn several_kinds_of_add_ons_are_told_and_none_is_taken() {
    // S28 S132
    let (site, meals) = with_meals(3).await;
    let main = site.claim(0).await;
    claim_to(&site, 1, &main).await.expect(201);
    let body = json!({ "name": "Parking", "price": { "amount": 90_000, "currency": "VND" } });
    let path = site.path("/ticket-classes");
    let parking = site
        .test
        .post(&path, &site.organizer, body)
        .await
        .expect(201);
    let parking = parking["id"].as_str().expect("an id").to_owned();
    let (id, key) = (parking.parse().expect("an id"), site.tickets[2].to_string());
    let stored = site.test.app.db.write(move |tx| {
        let found = tx.get::<crate::inventory::model::IssuedTicket>(&key)?;
        let mut stock = found.expect("stock");
        stock.class_id = id;
        tx.replace(&mut stock)
    });
    let stored: Result<(), crate::platform::db::DbError> = stored.await;
    stored.expect("stored");
    claim_to(&site, 2, &main).await.expect(201);
    let list = json!({
        "name": "Extras", "gateIds": [site.gates[1]], "classIds": [meals, parking],
        "matchAddOns": true,
    });
    set(&site, json!({ "lists": [list] })).await.expect(200);
    let verdict = validate(&site, &main, 1).await;
    assert_eq!(verdict["reason"], "wrong_class");
    assert_eq!(
        verdict["explanation"],
        "Please show the code of what you would like to use here: Meal or Parking."
    );
}

#[tokio::test]
async fn an_add_on_is_added_to_an_own_ticket_that_stands_for_itself() {
    // S132 A6
    let (site, _) = with_meals(3).await;
    let main = site.claim(0).await;
    let meal = claim_to(&site, 1, &main).await.expect(201);
    let refused = claim_to(&site, 2, &meal).await;
    let fields = refused.expect_error(400, "validation");
    assert_eq!(fields["addOnTo"], "is an add-on itself");
    let stranger = json!({ "id": site.event });
    claim_to(&site, 2, &stranger)
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn staff_read_the_note_of_the_ticket_then_that_of_its_class() {
    // S125
    let site = Site::with_tickets(2).await;
    let device = site.enrol("North 1", 0, 7).await;
    let (ticket, plain) = (site.claim(0).await, site.claim(1).await);
    let class = ticket["classId"].clone();
    let note = json!({ "classId": class, "text": "Blue wristband" });
    set(&site, json!({ "classNotes": [note] }))
        .await
        .expect(200);
    let path = format!(
        "/api/v1/claimed-tickets/{}/note",
        ticket["id"].as_str().expect("an id")
    );
    let put = async |caller: &str, text: &str| {
        let body = Some(json!({ "text": text }));
        site.test.call("PUT", &path, caller, body).await
    };
    put(&site.attendee, "Let me in")
        .await
        .expect_error(404, "not_found");
    let long = put(&site.organizer, &"x".repeat(49)).await;
    long.expect_error(400, "validation");
    put(&site.organizer, "Wheelchair: side door")
        .await
        .expect(200);
    let notes = |verdict: Value| verdict["notes"].clone();
    let both = json!(["Wheelchair: side door", "Blue wristband"]);
    assert_eq!(notes(validate(&site, &ticket, 0).await), both);
    // They are not for the guest.
    let own = format!(
        "/api/v1/claimed-tickets/{}/validate",
        ticket["id"].as_str().expect("an id")
    );
    let own = site.test.get(&own, &site.attendee).await.expect(200);
    assert_eq!(notes(own), Value::Null);
    assert_eq!(
        notes(validate(&site, &plain, 0).await),
        json!(["Blue wristband"])
    );
    let manifest = device.manifest(&device.sync(&site.test).await);
    assert_eq!(manifest.body.policy.classes[0].note, "Blue wristband");
    let extras = device
        .fetch(&site.test, &manifest.body, SegmentKind::Extras)
        .await;
    let extra = Extra {
        note: "Wheelchair: side door".to_owned(),
        ..Extra::default()
    };
    assert_eq!(extras, [Segment::Extras(vec![(0, extra)])]);
    // Taken away, the gates forget it.
    put(&site.organizer, "").await.expect(200);
    assert_eq!(
        notes(validate(&site, &ticket, 0).await),
        json!(["Blue wristband"])
    );
    let manifest = device.manifest(&device.sync(&site.test).await);
    let kinds: Vec<_> = manifest.body.segments.iter().map(|of| of.kind).collect();
    assert!(!kinds.contains(&SegmentKind::Extras), "{kinds:?}");
}
