//! The checkpoint after the event (gossip.md 3): who may sign it off, when, and what it finds.

use serde_json::{Value, json};
use shared::audit::FindingKind;
use shared::log::{Entry, LogHead};
use shared::sync::{CheckpointRequest, CheckpointResponse, DeviceReport};
use shared::trust::{Checkpoint, Coverage, Opened, Signed};

use super::auditing::{NORTH, Night, audited, told};
use super::device::Device;
use super::site::Site;
use crate::events::model::Event;
use crate::gate::model::{EntryRun, GateLog};
use crate::gate::redemption::Redemption;
use crate::platform::db::{DbError, Query};
use crate::platform::journal;
use crate::testing::{Answer, NOW};

/// The event ends ten seconds after `NOW`, where the clock stands.
async fn end_soon(site: &Site) {
    let id = site.event.to_string();
    site.change::<Event>(&id, |event| {
        event.start = NOW.plus_secs(-3_600);
        event.end = NOW.plus_secs(10);
    })
    .await;
}

/// Past the end, and sooner after it than a device is noted again.
fn pass_the_end(site: &Site) {
    site.test.clock.advance(20_000);
}

async fn sign(site: &Site, without: &[&Device]) -> Answer {
    let without: Vec<_> = without.iter().map(|device| device.id).collect();
    let path = site.path("/gate/checkpoint");
    let body = json!({ "without": without });
    site.test.post(&path, &site.organizer, body).await
}

async fn state(site: &Site) -> Value {
    let path = site.path("/gate/checkpoint");
    site.test.get(&path, &site.organizer).await.expect(200)
}

async fn asked_by(device: &Device, site: &Site) -> Option<Signed> {
    let request = CheckpointRequest::V1 {};
    let answer = device
        .post(&site.test, "/api/v1/gate/checkpoint", &request)
        .await;
    assert_eq!(answer.status, 200);
    let CheckpointResponse::V1 { checkpoint } =
        CheckpointResponse::from_wire(&answer.bytes).expect("an answer");
    checkpoint
}

/// As a device opens it.
fn opened(device: &Device, signed: &Signed) -> Opened<Checkpoint> {
    let root = device.root.as_ref().expect("enrolled");
    let opened = Checkpoint::open(signed, &root.body, device.event, NOW, None);
    opened.expect("signed by both")
}

#[tokio::test]
async fn the_books_are_signed_off_once_every_device_was_heard() {
    // gossip.md 3
    let night = Night::with(3, true).await;
    let (site, north, south) = (&night.site, &night.north, &night.south);
    end_soon(site).await;
    sign(site, &[]).await.expect_error(409, "event_not_over");
    assert_eq!(asked_by(north, site).await, None);
    pass_the_end(site);

    let refused = sign(site, &[]).await.expect_error(409, "devices_missing");
    assert_eq!(
        refused,
        json!({ north.id.to_string(): "North 1", south.id.to_string(): "South 1" })
    );
    let before = state(site).await;
    assert_eq!(before["checkpoint"], Value::Null);
    assert_eq!(before["endsAt"], json!(NOW.plus_secs(10)));
    let missing = before["missing"].as_array().expect("devices");
    for (name, seen) in [("North 1", json!(NOW)), ("South 1", Value::Null)] {
        let of = missing.iter().find(|of| of["device"] == name);
        let of = of.expect("it is missing");
        assert_eq!(
            (&of["reason"], &of["lastSeenAt"]),
            (&json!("not_heard"), &seen)
        );
    }

    // Heard again within seconds of the last time, and after the end.
    north.sync(&site.test).await;
    let refused = sign(site, &[]).await;
    let refused = refused.expect_error(409, "devices_missing");
    assert_eq!(refused, json!({ south.id.to_string(): "South 1" }));
    south.sync(&site.test).await;
    let signed = sign(site, &[]).await.expect(200);
    let told = &signed["checkpoint"];
    assert_eq!(
        (&told["version"], &told["entries"], &told["logs"]),
        (&json!(1), &json!(3), &json!(2))
    );
    assert_eq!(signed["missing"], json!([]));
    let devices = told["devices"].as_array().expect("devices");
    let north_told = devices.iter().find(|of| of["device"] == "North 1");
    assert_eq!(north_told.expect("told")["entries"], 3);

    let checkpoint = opened(south, &asked_by(south, site).await.expect("one is signed"));
    let log = north.genesis.log_id();
    let compared = checkpoint
        .body
        .compare(log, north.head, |_| unreachable!("the heads agree"));
    assert_eq!(compared, Coverage::Covered);
    let again = sign(site, &[]).await.expect(200);
    assert_eq!(again["checkpoint"], signed["checkpoint"], "idempotent");
    let lines = site
        .test
        .app
        .db
        .list::<journal::Entry>(&Query::on("by_time").limit(1_000))
        .await
        .expect("a journal");
    let lines: Vec<_> = lines
        .iter()
        .filter(|line| line.action == "event.checkpoint_signed")
        .collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].details["entries"], 3);
}

#[tokio::test]
async fn a_device_with_entries_is_waited_for_unless_it_is_named() {
    // gossip.md 3
    let mut night = Night::with(2, true).await;
    end_soon(&night.site).await;
    pass_the_end(&night.site);
    night.south.report = Some(DeviceReport {
        pending: 2,
        ..DeviceReport::default()
    });
    night.north.sync(&night.site.test).await;
    night.south.sync(&night.site.test).await;
    let site = &night.site;
    let state = state(site).await;
    let missing = &state["missing"];
    assert_eq!(missing.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&missing[0]["reason"], &missing[0]["pending"]),
        (&json!("entries_pending"), &json!(2))
    );
    sign(site, &[]).await.expect_error(409, "devices_missing");
    // Whom nobody knows cannot be left out.
    let nobody = Device::new(99, 0);
    sign(site, &[&nobody]).await.expect_error(400, "validation");
    let signed = sign(site, &[&night.south]).await.expect(200);
    assert_eq!(signed["checkpoint"]["version"], 1);
    // One that was removed is not waited for, and its cut is in a roster that was not there before.
    let evict = site.path(&format!("/devices/{}/evict", night.south.id));
    let evicted = site.test.post(&evict, &site.organizer, json!({}));
    evicted.await.expect(200);
    let signed = sign(site, &[]).await.expect(200);
    assert_eq!(signed["checkpoint"]["version"], 2);
}

#[tokio::test]
async fn what_comes_later_is_taken_and_stands_in_the_next_checkpoint() {
    // gossip.md 3
    let mut night = Night::with(2, true).await;
    end_soon(&night.site).await;
    pass_the_end(&night.site);
    night.north.sync(&night.site.test).await;
    sign(&night.site, &[&night.south]).await.expect(200);
    night.south.admit(0, &night.tokens[0], NOW.plus_secs(1));
    night.south.sync(&night.site.test).await;
    let site = &night.site;
    let late = state(site).await;
    let devices = late["checkpoint"]["devices"].as_array().expect("devices");
    let south = devices.iter().find(|of| of["device"] == "South 1");
    let south = south.expect("it has a log");
    assert_eq!((&south["entries"], &south["since"]), (&json!(0), &json!(1)));
    let first = asked_by(&night.south, site).await.expect("signed");
    let first = opened(&night.south, &first);
    let log = night.south.genesis.log_id();
    let start = night.south.genesis.head().hash;
    let compared = first.body.compare(log, night.south.head, |_| Some(start));
    assert_eq!(compared, Coverage::Uncovered { missing: 1 });
    assert_eq!(night.audit().await.signed_off.map(|of| of.since), Some(1));

    let signed = sign(site, &[]).await.expect(200);
    assert_eq!(signed["checkpoint"]["version"], 2);
    let second = asked_by(&night.south, site).await.expect("signed");
    let second = opened(&night.south, &second);
    assert_eq!(second.header.previous, Some(first.hash));
    let compared = second
        .body
        .compare(log, night.south.head, |_| unreachable!("the heads agree"));
    assert_eq!(compared, Coverage::Covered);
}

#[tokio::test]
async fn the_office_is_signed_off_and_never_waited_for() {
    // gossip.md 3, V11
    let night = Night::with(2, true).await;
    let site = &night.site;
    let mine = site
        .test
        .get("/api/v1/claimed-tickets", &site.attendee)
        .await
        .expect(200);
    let id = mine["items"][0]["id"].as_str().expect("an id");
    let force = format!("/api/v1/claimed-tickets/{id}/force");
    site.test
        .post(&force, &site.organizer, json!({}))
        .await
        .expect(200);
    end_soon(site).await;
    pass_the_end(site);
    night.north.sync(&site.test).await;
    let signed = sign(site, &[&night.south]).await.expect(200);
    assert_eq!(signed["checkpoint"]["entries"], 3);
    assert_eq!(signed["missing"][0]["device"], "South 1");
    assert_eq!(signed["missing"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn only_who_runs_the_gates_signs_and_only_its_devices_ask() {
    // gossip.md 3, A6
    let night = Night::with(1, true).await;
    let site = &night.site;
    let path = site.path("/gate/checkpoint");
    site.test
        .post(&path, &site.attendee, json!({}))
        .await
        .expect_error(404, "not_found");
    site.test
        .get(&path, &site.attendee)
        .await
        .expect_error(404, "not_found");
    let stranger = Device::new(9, 0);
    let request = CheckpointRequest::V1 {};
    stranger
        .post(&site.test, "/api/v1/gate/checkpoint", &request)
        .await
        .expect_error(401, "unknown_device");
}

/// Takes the last entry out of everything that the server has of it.
async fn cut_consistently(night: &Night, last: u32) {
    let log = night.north.genesis.log_id().to_string();
    let kept = night
        .north
        .segment(0, usize::try_from(last).expect("small"));
    let cut = night
        .site
        .test
        .app
        .db
        .write(move |tx| -> Result<(), DbError> {
            let id = format!("{log}:{last}");
            let run = tx.get::<EntryRun>(&id)?.expect("a run");
            tx.delete(&run)?;
            let mut row = tx.get::<GateLog>(&log)?.expect("a log");
            let mut head: LogHead = row.genesis().expect("a genesis").head();
            for body in &kept.bodies {
                let entry = Entry::decode(body).expect("an entry");
                head = head.append(kept.log, &entry).expect("a chain");
            }
            row.value.move_to(head);
            tx.replace(&mut row)?;
            let redemption = tx.get::<Redemption>(&id)?.expect("a row");
            tx.delete(&redemption)
        });
    cut.await.expect("cut");
}

#[tokio::test]
async fn a_consistent_cut_is_found_once_the_books_were_signed_off() {
    // token.md 4: malicious gate staff; gossip.md 3
    let night = Night::with(4, false).await;
    end_soon(&night.site).await;
    cut_consistently(&night, 3).await;
    let report = night.audit().await;
    assert!(report.is_clean(), "nothing in one file shows it: {report}");

    let night = Night::with(4, false).await;
    end_soon(&night.site).await;
    pass_the_end(&night.site);
    night.north.sync(&night.site.test).await;
    sign(&night.site, &[&night.south]).await.expect(200);
    let whole = night.bundle().await;
    let report = audited(&whole, Some(night.pin()));
    assert!(report.is_clean(), "{report}");
    let of = report.signed_off.as_ref().expect("a checkpoint");
    assert_eq!((of.entries, of.since, of.elsewhere), (4, 0, 0));
    assert!(
        report
            .to_string()
            .contains("4 entries in 1 logs are signed off")
    );

    cut_consistently(&night, 3).await;
    let report = night.audit().await;
    assert_eq!(
        told(&report),
        [(FindingKind::CutLog, NORTH, Some((3, 3)))],
        "{report}"
    );
}

#[tokio::test]
async fn a_log_that_is_gone_or_another_at_its_end_is_found() {
    // token.md 4; gossip.md 3
    let night = Night::with(3, true).await;
    end_soon(&night.site).await;
    pass_the_end(&night.site);
    night.north.sync(&night.site.test).await;
    sign(&night.site, &[&night.south]).await.expect(200);
    let bundle = night.bundle().await;
    let log = night.north.genesis.log_id().to_string();
    // The log, its entries and its redemptions left out alike, and the lines counted anew.
    let kept: Vec<Value> = bundle
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("json"))
        .filter(|line| {
            line["line"] != "log" && line["log"] != *log && line["line"] != "redemptions"
        })
        .collect();
    let count = kept.len() - 1;
    let text: Vec<String> = kept
        .into_iter()
        .map(|mut line| {
            if line["line"] == "end" {
                line["lines"] = json!(count);
            }
            line.to_string()
        })
        .collect();
    let report = audited(&text.join("\n"), Some(night.pin()));
    assert_eq!(told(&report), [(FindingKind::CutLog, None, Some((0, 2)))]);
    assert_eq!(report.findings[0].log.as_deref(), Some(&*log));
    assert!(report.findings[0].what.contains(&log));

    // Signed off by one of two keys: none.
    let forged: Vec<String> = bundle
        .lines()
        .map(|line| {
            let mut json: Value = serde_json::from_str(line).expect("json");
            let wire = json["wire"].as_str().unwrap_or_default().to_owned();
            let signed = shared::audit::from_base64(&wire)
                .and_then(|wire| Signed::from_wire(&wire).ok())
                .filter(|signed| signed.signatures.len() == 2);
            if let Some(mut signed) = signed {
                signed.signatures.pop();
                json["wire"] = json!(shared::audit::to_base64(&signed.to_wire()));
            }
            json.to_string()
        })
        .collect();
    let report = audited(&forged.join("\n"), Some(night.pin()));
    assert_eq!(told(&report), [(FindingKind::Untrusted, None, None)]);
    assert_eq!(report.signed_off, None);
}
