//! Typed codes and a supervisor's word, as the server takes, tells and sends them. // T6 V11

use serde_json::{Value, json};
use shared::api::tickets::TicketStatus;
use shared::audit::{Auditor, FindingKind};
use shared::log::{DecisionFlags, EntryKind};
use shared::ticket::{ScanProof, TypedCode};
use shared::trust::{Codes, Segment, SegmentKind, Supervisors};

use super::super::codes;
use super::device::{Device, Said};
use super::site::Site;
use crate::platform::db::{Query, Versioned};
use crate::testing::NOW;

fn typed(claimed: &Value) -> TypedCode {
    let shown = claimed["code"].as_str().expect("a code");
    TypedCode::from_digits(&shown.replace('-', "")).expect("a code")
}

async fn codes_of(site: &Site, device: &Device) -> Codes {
    let synced = device.sync(&site.test).await;
    let manifest = device.manifest(&synced).body;
    let mut segments = device
        .fetch(&site.test, &manifest, SegmentKind::Codes)
        .await;
    match segments.pop() {
        Some(Segment::Codes(codes)) => codes,
        other => panic!("{other:?}"),
    }
}

fn by_word(kind: EntryKind, serial: u32) -> Said {
    Said {
        kind,
        serial,
        proof: ScanProof([0; 8]),
        flags: DecisionFlags::default().by_supervisor(3),
        target: None,
    }
}

#[tokio::test]
async fn a_claimed_ticket_is_found_by_its_code_at_the_next_sync() {
    // T6: at once for a few, by the job in a rush.
    let site = Site::with_tickets(22).await;
    let device = site.enrol("South 1", 1, 7).await;
    let mut all = Vec::new();
    for ticket in 0..20 {
        all.push(typed(&site.claim(ticket).await));
    }
    let found = async |all: &[TypedCode], codes: &Codes| {
        let mut found = 0;
        for (serial, code) in all.iter().enumerate() {
            let index = code.proof(site.event).code_index(site.event);
            let places: Vec<usize> = codes.find(index).collect();
            assert!(
                places.is_empty() || places == [serial],
                "{serial}: {places:?}"
            );
            found += places.len();
        }
        found
    };
    let published = codes_of(&site, &device).await;
    assert_eq!(
        published.rows().flatten().count(),
        20,
        "terms are there at once"
    );
    assert_eq!(found(&all, &published).await, 0, "nobody waits for a rush");
    codes::catch_up(&site.test.app, site.event, NOW)
        .await
        .expect("done");
    let device = site.enrol("South 2", 1, 8).await;
    assert_eq!(found(&all, &codes_of(&site, &device).await).await, 20);
    for ticket in 20..22 {
        all.push(typed(&site.claim(ticket).await));
    }
    let device = site.enrol("South 3", 1, 9).await;
    assert_eq!(found(&all, &codes_of(&site, &device).await).await, 22);
}

#[tokio::test]
async fn a_dump_of_the_server_lists_no_codes() {
    // T6: the threat "server DB dump": what is stored of a code is two hashes away from it.
    let site = Site::with_tickets(1).await;
    let claimed = site.claim(0).await;
    let device = site.enrol("South 1", 1, 7).await;
    codes_of(&site, &device).await;
    let query = Query::on("by_waiting").eq(site.event).limit(10);
    let stored = site.test.app.db.list::<codes::TicketCode>(&query).await;
    let stored: Vec<_> = stored
        .expect("read")
        .into_iter()
        .map(Versioned::into_inner)
        .collect();
    let query = Query::on("by_serial").eq(site.event).limit(10);
    let tickets = site
        .test
        .app
        .db
        .list::<crate::tickets::ClaimedTicket>(&query)
        .await;
    let tickets: Vec<_> = tickets
        .expect("read")
        .into_iter()
        .map(Versioned::into_inner)
        .collect();
    let text = serde_json::to_string(&(stored, tickets)).expect("JSON");
    let code = typed(&claimed);
    let proof = data_encoding::HEXLOWER.encode(&code.proof(site.event).0);
    let shown = code.to_string();
    for secret in [shown.as_str(), &shown.replace('-', ""), &proof] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("\"serial\":0"), "something was looked at");
}

#[tokio::test]
async fn an_entry_by_typed_code_counts_by_its_proof_and_says_so() {
    // T6 V2
    let site = Site::with_tickets(2).await;
    let code = typed(&site.claim(0).await);
    site.claim(1).await;
    let mut device = site.enrol("South 1", 1, 7).await;
    device.sync(&site.test).await;
    let admit = |serial, proof| Said {
        kind: EntryKind::Admit,
        serial,
        proof,
        flags: DecisionFlags::TYPED.with(DecisionFlags::CONFIRMED),
        target: None,
    };
    device.say(admit(0, code.proof(site.event)), NOW);
    device.say(admit(1, ScanProof([9; 8])), NOW);
    device.sync(&site.test).await;
    let all = site.redemptions().await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0]["serial"], 0);
    assert_eq!(all[0]["typed"], true);
    assert_eq!(all[0]["confirmed"], true);
    assert!(all[0].get("supervisor").is_none());
    assert_eq!(site.ticket_status(0).await, TicketStatus::Validated);
    assert_eq!(site.ticket_status(1).await, TicketStatus::Claimed);
}

#[tokio::test]
async fn supervisors_are_set_named_and_travel_as_hashes() {
    // V11
    let site = Site::with_tickets(1).await;
    let path = |number: u8| site.path(&format!("/supervisors/{number}"));
    let put = async |number: u8, body: Value| {
        let path = path(number);
        let answer = site.test.call("PUT", &path, &site.organizer, Some(body));
        answer.await
    };
    let linh = json!({ "name": "Linh", "pin": "482913" });
    let shown = put(3, linh.clone()).await.expect(200);
    assert_eq!(shown, json!({ "number": 3, "name": "Linh" }));
    for (number, body, field) in [
        (1, json!({ "name": "An", "pin": "12345" }), "pin"),
        (1, json!({ "name": "An", "pin": "12345a" }), "pin"),
        (1, json!({ "name": "", "pin": "123456" }), "name"),
        (15, json!({ "name": "An", "pin": "123456" }), "number"),
        (0, json!({ "name": "An", "pin": "123456" }), "number"),
        (4, json!({ "name": "An", "pin": "482913" }), "pin"),
    ] {
        let refused = put(number, body).await.expect_error(400, "validation");
        let told = refused.to_string();
        assert!(told.contains(field) && !told.contains("482913"), "{told}");
    }
    let list = site
        .test
        .get(&site.path("/supervisors"), &site.organizer)
        .await;
    assert_eq!(
        list.expect(200)["items"],
        json!([{ "number": 3, "name": "Linh" }])
    );
    let stranger = site
        .test
        .get(&site.path("/supervisors"), &site.attendee)
        .await;
    stranger.expect_error(404, "not_found");

    let device = site.enrol("South 1", 1, 7).await;
    let supervisors = async |device: &Device| -> Supervisors {
        let synced = device.sync(&site.test).await;
        device.manifest(&synced).body.policy.supervisors
    };
    let known = supervisors(&device).await;
    assert_eq!(known.whose("482913").map(|of| of.number), Some(3));
    assert_ne!(known.salt, [0; 16]);
    let removed = site
        .test
        .call("DELETE", &path(3), &site.organizer, None)
        .await;
    assert_eq!(removed.status, 204);
    let device = site.enrol("South 2", 1, 8).await;
    assert!(supervisors(&device).await.people.is_empty());
}

#[tokio::test]
async fn a_word_counts_from_an_attended_device_with_a_name() {
    // V11, ADR 0010
    let site = Site::with_tickets(4).await;
    for ticket in 0..4 {
        site.claim(ticket).await;
    }
    let body =
        json!({ "name": "Turnstile", "gateId": site.gates[1], "role": "kiosk", "attended": false });
    let invited = site
        .test
        .post(&site.path("/devices"), &site.organizer, body)
        .await
        .expect(201);
    let mut turnstile = Device::new(9, 1);
    turnstile.enrol(&site.test, &invited).await.expect(200);
    let mut kiosk = site.enrol("South 1", 1, 7).await;
    kiosk.say(by_word(EntryKind::Forced, 0), NOW);
    let nobody = Said {
        flags: DecisionFlags::default(),
        ..by_word(EntryKind::Forced, 1)
    };
    kiosk.say(nobody, NOW);
    turnstile.say(by_word(EntryKind::Forced, 2), NOW);
    kiosk.sync(&site.test).await;
    turnstile.sync(&site.test).await;
    let all = site.redemptions().await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(
        (&all[0]["kind"], &all[0]["serial"]),
        (&json!("forced"), &json!(0))
    );
    assert_eq!(all[0]["supervisor"], "supervisor 3");
    assert_eq!(site.ticket_status(0).await, TicketStatus::Validated);

    // An audit weighs words in the same way, and names those that count for nothing.
    let audit = site.test.get(&site.path("/audit"), &site.organizer).await;
    let mut auditor = Auditor::new(None);
    for line in String::from_utf8(audit.bytes).expect("text").lines() {
        auditor.line(line);
    }
    let report = auditor.finish();
    assert_eq!(report.totals.forced.len(), 1, "{report}");
    assert_eq!(report.totals.forced["South 1"], 1);
    let mut told: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (finding.kind, finding.device.as_deref(), finding.serial))
        .collect();
    told.sort_unstable();
    let expected = [
        (FindingKind::Unproven, Some("South 1"), Some(1)),
        (FindingKind::Unproven, Some("Turnstile"), Some(2)),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn the_office_forces_and_annuls_and_the_gates_hear_of_it() {
    // S123 S130 S131 S138 V11
    let site = Site::with_tickets(2).await;
    let claimed = site.claim(0).await;
    let revoked = site.claim(1).await;
    let path = |claimed: &Value, verb: &str| {
        let id = claimed["id"].as_str().expect("an id");
        format!("/api/v1/claimed-tickets/{id}/{verb}")
    };
    let post = async |path: String, body: Value| site.test.post(&path, &site.organizer, body).await;
    post(path(&revoked, "revoke"), json!({})).await.expect(200);

    // The first is not against anything, the second is; both are on record as the office's.
    let first = post(path(&claimed, "force"), json!({})).await.expect(200);
    assert_eq!(
        (&first["verdict"], &first["also"]),
        (&json!("admit"), &json!([]))
    );
    assert_eq!(first["durable"], true);
    let second = post(path(&claimed, "force"), json!({ "gateId": site.gates[1] }));
    let second = second.await.expect(200);
    assert_eq!(second["also"], json!(["already_used"]));
    let third = post(path(&revoked, "force"), json!({})).await.expect(200);
    assert_eq!(third["also"], json!(["revoked"]));
    assert_eq!(third["serial"], 1, "the right one");

    let all = site.redemptions().await;
    assert_eq!(all.len(), 3);
    assert!(
        all.iter()
            .all(|one| one["kind"] == "forced" && one["supervisor"] == "Organizer")
    );
    assert_eq!(all[0]["label"], "primary");
    assert_eq!(
        (&all[1]["label"], &all[1]["gate"]),
        (&json!("duplicate"), &json!("Gate B"))
    );

    // By name, then the latest, then nothing is left.
    let named = json!({ "redemptionId": all[0]["id"] });
    let undone = post(path(&claimed, "annul"), named.clone())
        .await
        .expect(200);
    assert_eq!(
        (&undone["id"], &undone["label"]),
        (&all[0]["id"], &json!("none"))
    );
    post(path(&claimed, "annul"), named)
        .await
        .expect_error(409, "annulled");
    let undone = post(path(&claimed, "annul"), json!({})).await.expect(200);
    assert_eq!(undone["id"], all[1]["id"]);
    post(path(&claimed, "annul"), json!({}))
        .await
        .expect_error(409, "not_used");
    assert_eq!(site.ticket_status(0).await, TicketStatus::Claimed);

    // Unknown tickets, and people who may not.
    let nobody = json!({ "id": "0198c0de-0000-7000-8000-00000000dead" });
    for verb in ["force", "annul"] {
        post(path(&nobody, verb), json!({}))
            .await
            .expect_error(404, "not_found");
        let path = path(&claimed, verb);
        let holder = site.test.post(&path, &site.attendee, json!({})).await;
        holder.expect_error(404, "not_found");
    }

    hears_the_office(&site, 5).await;
}

/// A gate gets the office's log like any other device's, and can verify it.
async fn hears_the_office(site: &Site, said: usize) {
    let device = site.enrol("South 1", 1, 7).await;
    let synced = device.sync(&site.test).await;
    assert_eq!(synced.geneses.len(), 1);
    let genesis = &synced.geneses[0];
    let entries: usize = synced
        .segments
        .iter()
        .map(|segment| segment.bodies.len())
        .sum();
    assert_eq!(entries, said);
    let key = ed25519_dalek::VerifyingKey::from_bytes(&genesis.device_key).expect("a key");
    let mut head = genesis.head();
    for segment in &synced.segments {
        let (_, after) = segment.verify(&key, &head).expect("the office's own");
        head = after;
    }
    let devices = site.test.get(&site.path("/devices"), &site.organizer).await;
    let devices = devices.expect(200)["items"].to_string();
    assert!(devices.contains("Organizer's office"), "{devices}");
}
