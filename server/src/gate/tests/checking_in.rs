//! Check-in settings, from REST into the signed snapshot and into the server's own verdicts.

use serde_json::{Value, json};
use shared::api::gate::DeviceRole;
use shared::trust::{EntryLimit, ListFlags, ListPolicy, QuestionKind, QuestionPolicy};

use super::device::Device;
use super::site::Site;
use crate::testing::NOW;

pub(super) async fn set(site: &Site, settings: Value) {
    let path = site.path("/check-in");
    let answer = site
        .test
        .call("PUT", &path, &site.organizer, Some(settings))
        .await;
    answer.expect(200);
}

async fn verdict(site: &Site, ticket: &Value, gate: usize) -> (String, String) {
    let path = format!(
        "/api/v1/claimed-tickets/{}/validate?gateId={}",
        ticket["id"].as_str().expect("an id"),
        site.gates[gate]
    );
    let verdict = site.test.get(&path, &site.organizer).await.expect(200);
    let text = |field: &str| verdict[field].as_str().expect("text").to_owned();
    (text("reason"), text("explanation"))
}

#[tokio::test]
async fn settings_are_signed_into_the_next_snapshot() {
    // V4 S55 S113
    let site = Site::with_tickets(1).await;
    let device = site.enrol("North 1", 0, 7).await;
    let before = device.manifest(&device.sync(&site.test).await);
    assert_eq!(before.body.policy.lists, []);
    assert_eq!(before.body.policy.language, "en");
    set(
        &site,
        json!({
            "doorsDate": NOW, "language": "vi",
            "rules": [{ "name": "Open", "logic": true }],
            "lists": [{
                "name": "Passes", "gateIds": [site.gates[1]], "classIds": [],
                "entries": "UNLIMITED", "reEntry": true, "checkOutAt": "04:30",
                "rules": [{ "name": "Few", "logic": {"<": [{"var": "entries_days"}, 3]} }],
            }],
            "questions": [
                { "id": "workshop", "text": "Which workshop?", "required": false },
                { "text": "Where did you hear of us?", "atGate": false },
            ],
        }),
    )
    .await;
    let after = device.manifest(&device.sync(&site.test).await);
    assert_eq!(after.header.version, before.header.version + 1);
    let policy = after.body.policy;
    assert_eq!(policy.check(), Ok(()));
    assert_eq!(policy.doors, Some(NOW));
    assert_eq!(policy.language, "vi");
    assert_eq!(policy.rules, [("Open".to_owned(), "true".to_owned())]);
    let list = ListPolicy {
        name: "Passes".to_owned(),
        classes: Some(Vec::new()),
        entries: EntryLimit::Unlimited,
        flags: ListFlags::RE_ENTRY,
        check_out_secs: Some(4 * 3600 + 30 * 60),
        rules: vec![(
            "Few".to_owned(),
            r#"{"<":[{"var":"entries_days"},3]}"#.to_owned(),
        )],
    };
    assert_eq!(policy.lists, [list]);
    let lists: Vec<_> = policy.gates.iter().map(|gate| gate.list).collect();
    assert_eq!(lists, [None, Some(0)]);
    let question = QuestionPolicy {
        id: "workshop".to_owned(),
        text: "Which workshop?".to_owned(),
        classes: None,
        kind: QuestionKind::Text,
        required: false,
        options: Vec::new(),
    };
    assert_eq!(policy.questions, [question]);
}

#[tokio::test]
async fn the_server_decides_by_the_settings_at_once() {
    // V9 S18 S19 S29 S58 S98 S110 S122
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    assert_eq!(verdict(&site, &ticket, 0).await.0, "ok");
    set(
        &site,
        json!({ "rules": [{ "name": "Late", "logic":
            {"isAfter": [{"var": "now"}, {"buildTime": ["customtime", "22:00"]}, null]} }] }),
    )
    .await;
    let told = "Not allowed by the rule “Late”. Allowed from 22:00.".to_owned();
    assert_eq!(verdict(&site, &ticket, 0).await, ("rule".to_owned(), told));
    set(&site, json!({ "language": "vi" })).await;
    let welcome = ("ok".to_owned(), "Xin mời vào.".to_owned());
    assert_eq!(verdict(&site, &ticket, 0).await, welcome);
    set(
        &site,
        json!({ "lists": [{ "name": "Staff", "gateIds": [site.gates[0]], "classIds": [] }] }),
    )
    .await;
    let told = "This kind of ticket does not enter here. Please go to Gate B.".to_owned();
    assert_eq!(
        verdict(&site, &ticket, 0).await,
        ("wrong_class".to_owned(), told)
    );
    assert_eq!(verdict(&site, &ticket, 1).await.0, "ok");
    set(
        &site,
        json!({ "questions": [{ "text": "Which workshop?" }] }),
    )
    .await;
    let told = "Please answer first: Which workshop?".to_owned();
    assert_eq!(
        verdict(&site, &ticket, 0).await,
        ("needs_answer".to_owned(), told)
    );
    // A list counts what its own gates let in.
    set(
        &site,
        json!({ "lists": [{ "name": "Food", "gateIds": [site.gates[1]] }] }),
    )
    .await;
    let mut device = site.enrol("North 1", 0, 7).await;
    device.admit(0, ticket["token"].as_str().expect("digits"), NOW);
    device.sync(&site.test).await;
    assert_eq!(verdict(&site, &ticket, 0).await.0, "already_used");
    assert_eq!(verdict(&site, &ticket, 1).await.0, "ok");
}

#[tokio::test]
async fn a_strict_class_is_signed_into_the_snapshot_and_kiosks_with_their_zones_into_the_roster() {
    // V2 S24, gossip.md 6
    let site = Site::with_tickets(1).await;
    let body = json!({ "name": "North", "zones": ["floor"] });
    let gate = site
        .test
        .post(&site.path("/gates"), &site.organizer, body)
        .await
        .expect(201);
    let body = json!({ "name": "North 1", "gateId": gate["id"], "role": "kiosk" });
    let invited = site
        .test
        .post(&site.path("/devices"), &site.organizer, body)
        .await
        .expect(201);
    let mut device = Device::new(7, 2);
    device.enrol(&site.test, &invited).await.expect(200);
    let before = device.manifest(&device.sync(&site.test).await);
    assert!(!before.body.policy.classes[0].strict);
    let class = before.body.policy.classes[0].id;
    set(&site, json!({ "strictClassIds": [class] })).await;
    let after = device.manifest(&device.sync(&site.test).await);
    assert!(after.body.policy.classes[0].strict);
    let roster = super::adopting::roster(&site).await;
    let zones = after.body.policy.gates[2].zones;
    assert_ne!(zones, 0);
    assert_eq!(roster.by_device(device.id).map(|of| of.zones), Some(zones));
    // The office speaks in the roster too, and is nobody's home: it answers no claim.
    let claimed = site.claim(0).await;
    let path = format!(
        "/api/v1/claimed-tickets/{}/force",
        claimed["id"].as_str().expect("an id")
    );
    site.test
        .post(&path, &site.organizer, json!({}))
        .await
        .expect(200);
    let roster = super::adopting::roster(&site).await;
    let office = roster.devices.iter().find(|of| of.device != device.id);
    assert_eq!(office.map(|of| of.role), Some(DeviceRole::Scanner));
}
