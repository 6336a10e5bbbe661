//! The audit (token.md 4): a bundle that holds, and what it says when somebody changed something.

use data_encoding::BASE64;
use serde_json::{Value, json};
use shared::admission::Reason;
use shared::audit::{Auditor, FindingKind, Report};
use shared::log::LogSegment;
use shared::ticket::{Flags, Payload, event_hint, sign};
use shared::trust::RootPin;

use super::device::Device;
use super::site::Site;
use crate::gate::keys;
use crate::gate::model::{EntryRun, GateLog};
use crate::gate::redemption::Redemption;
use crate::platform::db::DbError;
use crate::testing::NOW;

/// An event with two gates, whose north has admitted each ticket in a request of its own.
pub(super) struct Night {
    pub(super) site: Site,
    pub(super) north: Device,
    pub(super) south: Device,
    pub(super) tokens: Vec<String>,
}

async fn token(site: &Site, ticket: usize) -> String {
    let claimed = site.claim(ticket).await;
    claimed["token"].as_str().expect("digits").to_owned()
}

impl Night {
    pub(super) async fn with(tickets: u32, in_one_run: bool) -> Self {
        let site = Site::with_tickets(tickets).await;
        let mut north = site.enrol("North 1", 0, 7).await;
        let south = site.enrol("South 1", 1, 8).await;
        let mut tokens = Vec::new();
        for serial in 0..tickets {
            let token = token(&site, usize::try_from(serial).expect("small")).await;
            tokens.push(token.clone());
            north.admit(serial, &token, NOW.plus_secs(i64::from(serial)));
            if !in_one_run {
                north.sync(&site.test).await;
            }
        }
        north.sync(&site.test).await;
        Self {
            site,
            north,
            south,
            tokens,
        }
    }

    pub(super) fn pin(&self) -> RootPin {
        let root = self.north.root.as_ref().expect("enrolled");
        RootPin(root.hash[..16].try_into().expect("16 bytes"))
    }

    pub(super) async fn bundle(&self) -> String {
        let path = self.site.path("/audit");
        let answer = self.site.test.get(&path, &self.site.organizer).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], "application/x-ndjson");
        String::from_utf8(answer.bytes).expect("text")
    }

    pub(super) async fn audit(&self) -> Report {
        audited(&self.bundle().await, Some(self.pin()))
    }

    /// Changes the stored row of a run, as somebody at the database could.
    async fn tamper(&self, first_seq: u32, change: fn(&mut Vec<Vec<u8>>)) {
        let id = format!("{}:{first_seq}", self.north.genesis.log_id());
        let changed = self
            .site
            .test
            .app
            .db
            .write(move |tx| -> Result<(), DbError> {
                let mut run = tx.get::<EntryRun>(&id)?.expect("a run");
                let mut bodies: Vec<Vec<u8>> = run.bodies().map(<[u8]>::to_vec).collect();
                change(&mut bodies);
                let mut json = serde_json::to_value(&run.value)?;
                json["count"] = json!(bodies.len());
                let bytes = bodies.iter().flat_map(|body| {
                    let length = u8::try_from(body.len()).expect("short");
                    std::iter::once(length).chain(body.iter().copied())
                });
                json["bodies"] = json!(BASE64.encode(&bytes.collect::<Vec<u8>>()));
                run.value = serde_json::from_value(json)?;
                tx.replace(&mut run)
            });
        changed.await.expect("changed");
    }
}

pub(super) fn audited(bundle: &str, pin: Option<RootPin>) -> Report {
    let mut auditor = Auditor::new(pin);
    for line in bundle.lines() {
        auditor.line(line);
    }
    auditor.finish()
}

/// Kind, device and entries of a finding.
pub(super) type Told<'a> = (FindingKind, Option<&'a str>, Option<(u32, u32)>);

pub(super) fn told(report: &Report) -> Vec<Told<'_>> {
    let findings = report.findings.iter();
    findings
        .map(|finding| (finding.kind, finding.device.as_deref(), finding.seqs))
        .collect()
}

pub(super) const NORTH: Option<&str> = Some("North 1");

#[tokio::test]
async fn a_night_that_nobody_touched_holds_in_full() {
    // token.md 4 (malicious gate staff, insider organiser)
    let mut night = Night::with(5, true).await;
    night.south.admit(0, &night.tokens[0], NOW.plus_secs(60));
    night.south.exit(1, NOW.plus_secs(61));
    night.south.force(2, NOW.plus_secs(62));
    night
        .south
        .refuse(Reason::BadSignature, 3, NOW.plus_secs(63));
    night.south.undo(2, 2, NOW.plus_secs(64));
    night.south.sync(&night.site.test).await;
    let report = night.audit().await;
    assert!(report.is_clean(), "{report}");
    assert!(report.pinned);
    let totals = &report.totals;
    assert_eq!((totals.devices, totals.logs, totals.entries), (2, 2, 10));
    assert_eq!((totals.admitted, totals.exits, totals.undone), (6, 1, 1));
    assert_eq!((totals.duplicates, totals.conflicts), (1, 1));
    assert_eq!(totals.redemptions, 9);
    assert_eq!(totals.refused["bad_signature"], 3);
    assert_eq!(totals.forced["South 1"], 1);
    assert_eq!(report.incidents.len(), 1, "the ticket that came in twice");
    let text = report.to_string();
    assert!(text.ends_with("Everything holds.\n"), "{text}");
    night
        .site
        .test
        .get(&night.site.path("/audit"), &night.site.attendee)
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn a_deleted_row_is_named_by_device_and_sequence() {
    // token.md 4: malicious gate staff
    let night = Night::with(4, false).await;
    let id = format!("{}:1", night.north.genesis.log_id());
    let deleted = night
        .site
        .test
        .app
        .db
        .write(move |tx| -> Result<(), DbError> {
            let run = tx.get::<EntryRun>(&id)?.expect("a run");
            tx.delete(&run)
        });
    deleted.await.expect("deleted");
    let report = night.audit().await;
    let told = told(&report);
    assert!(
        told.contains(&(FindingKind::Missing, NORTH, Some((1, 1)))),
        "{report}"
    );
    assert!(told.contains(&(FindingKind::RedemptionWithoutEntry, NORTH, Some((1, 1)))));
    assert_eq!(told.len(), 2, "and nobody else is blamed: {report}");

    // One of several in a row.
    let night = Night::with(4, true).await;
    night.tamper(0, |bodies| drop(bodies.remove(2))).await;
    let report = night.audit().await;
    let told = self::told(&report);
    assert!(
        told.contains(&(FindingKind::Missing, NORTH, Some((2, 2)))),
        "{report}"
    );
    assert!(told.iter().all(|(_, device, _)| *device == NORTH));
}

#[tokio::test]
async fn an_edited_row_is_named_by_device_and_sequence() {
    // token.md 4: malicious gate staff
    for in_one_run in [true, false] {
        let night = Night::with(4, in_one_run).await;
        // Another serial.
        let change: fn(&mut Vec<Vec<u8>>) = if in_one_run {
            |bodies| bodies[2][20] ^= 1
        } else {
            |bodies| bodies[0][20] ^= 1
        };
        night.tamper(if in_one_run { 0 } else { 2 }, change).await;
        let report = night.audit().await;
        let told = told(&report);
        assert!(
            told.contains(&(FindingKind::Edited, NORTH, Some((2, 2)))),
            "{report}"
        );
        assert!(
            told.iter().all(|(_, device, _)| *device == NORTH),
            "{report}"
        );
    }
}

#[tokio::test]
async fn rows_in_another_order_are_named_by_device_and_sequence() {
    // token.md 4: malicious gate staff
    let night = Night::with(4, true).await;
    night.tamper(0, |bodies| bodies.swap(1, 2)).await;
    let report = night.audit().await;
    let told = told(&report);
    for seq in [1, 2] {
        assert!(
            told.contains(&(FindingKind::Reordered, NORTH, Some((seq, seq)))),
            "{report}"
        );
    }
}

#[tokio::test]
async fn a_log_whose_end_was_cut_off_is_told_even_when_its_head_agrees() {
    // token.md 4: malicious gate staff; gossip.md 5
    let mut night = Night::with(4, false).await;
    night.south.admit(3, &night.tokens[3], NOW.plus_secs(99));
    night.south.sync(&night.site.test).await;
    let log = night.north.genesis.log_id().to_string();
    let kept = night.north.segment(0, 3);
    let cut = night
        .site
        .test
        .app
        .db
        .write(move |tx| -> Result<(), DbError> {
            let last = tx.get::<EntryRun>(&format!("{log}:3"))?.expect("a run");
            tx.delete(&last)?;
            let mut row = tx.get::<GateLog>(&log)?.expect("a log");
            let mut head = row.genesis().expect("a genesis").head();
            for body in &kept.bodies {
                let entry = shared::log::Entry::decode(body).expect("an entry");
                head = head.append(kept.log, &entry).expect("a chain");
            }
            row.value.move_to(head);
            tx.replace(&mut row)?;
            let redemption = tx.get::<Redemption>(&format!("{log}:3"))?.expect("a row");
            tx.delete(&redemption)
        });
    cut.await.expect("cut");
    let report = night.audit().await;
    // The other's admission has become the first one, and the server still says it was not.
    assert_eq!(
        told(&report),
        [(FindingKind::OtherLabel, Some("South 1"), Some((0, 0)))],
        "{report}"
    );

    // With the head left as it was, the cut itself shows.
    let night = Night::with(4, false).await;
    let id = format!("{}:3", night.north.genesis.log_id());
    let cut = night
        .site
        .test
        .app
        .db
        .write(move |tx| -> Result<(), DbError> {
            let run = tx.get::<EntryRun>(&id)?.expect("a run");
            tx.delete(&run)
        });
    cut.await.expect("cut");
    let report = night.audit().await;
    assert!(
        told(&report).contains(&(FindingKind::CutLog, NORTH, Some((3, 3)))),
        "{report}"
    );
}

#[tokio::test]
async fn a_ticket_minted_outside_the_records_is_told_when_it_came_in() {
    // token.md 4: insider organiser
    let mut night = Night::with(2, true).await;
    let keys = keys::for_event(&night.site.test.app, night.site.event, NOW)
        .await
        .expect("keys");
    let minted = Payload {
        kid: keys.active_kid().expect("a key that signs"),
        serial: 77,
        generation: 1,
        class: 0,
        zones: 0,
        not_before: 1,
        not_after: 200,
        flags: Flags::default(),
        seat: None,
        hint: event_hint(night.site.event),
    };
    let key = keys.issuing(minted.kid).expect("a key");
    let minted = sign(key, night.site.event, &minted).expect("signed");
    night.south.admit(77, &minted.to_digits(), NOW);
    night.south.sync(&night.site.test).await;
    let report = night.audit().await;
    assert_eq!(
        told(&report),
        [(FindingKind::NeverIssued, Some("South 1"), Some((0, 0)))]
    );
    assert_eq!(report.findings[0].serial, Some(77));
    assert!(
        report
            .to_string()
            .contains("no such ticket was ever issued"),
        "{report}"
    );
}

#[tokio::test]
async fn a_device_that_never_saw_the_ticket_is_told() {
    // token.md 4; ADR 0004
    let mut night = Night::with(2, true).await;
    night.south.invent(1, NOW);
    night.south.sync(&night.site.test).await;
    let report = night.audit().await;
    assert_eq!(
        told(&report),
        [(FindingKind::Unproven, Some("South 1"), Some((0, 0)))]
    );
}

#[tokio::test]
async fn a_wristband_that_was_linked_bears_an_admission_out() {
    // T7, token.md 4
    const BAND: &str = "04A1B2C3D4";
    let mut night = Night::with(1, true).await;
    let site = &night.site;
    let mine = site
        .test
        .get("/api/v1/claimed-tickets", &site.attendee)
        .await;
    let mine = mine.expect(200);
    let path = site.path(&format!("/media/{BAND}"));
    let body = json!({ "ticketIds": [mine["items"][0]["id"]] });
    let linked = site.test.call("PUT", &path, &site.organizer, Some(body));
    linked.await.expect(200);
    night.south.admit_medium(0, BAND, NOW.plus_secs(30));
    night.south.sync(&night.site.test).await;
    let report = night.audit().await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.totals.admitted, 2);
    // Another band's proof is nobody's.
    night.south.admit_medium(0, "04FFFFFFFF", NOW.plus_secs(40));
    night.south.sync(&night.site.test).await;
    let report = night.audit().await;
    assert_eq!(
        told(&report),
        [(FindingKind::Unproven, Some("South 1"), Some((1, 1)))]
    );
}

#[tokio::test]
async fn two_histories_of_one_device_are_named() {
    // gossip.md 5
    let mut night = Night::with(3, false).await;
    let honest = night.north.segment(0, 3);
    night.north.reinstall(1);
    for serial in [0, 2, 1] {
        let token = night.tokens[serial].clone();
        night.north.admit(
            u32::try_from(serial).expect("small"),
            &token,
            NOW.plus_secs(1),
        );
    }
    assert_ne!(honest.bodies, night.north.segment(0, 3).bodies);
    let answer = night.north.sync(&night.site.test).await;
    assert!(
        answer.refused.iter().any(|(_, why)| why.contains("fork")),
        "{:?}",
        answer.refused
    );
    let report = night.audit().await;
    assert_eq!(
        told(&report),
        [(FindingKind::Fork, NORTH, Some((0, 0)))],
        "{report}"
    );
}

#[tokio::test]
async fn an_audit_by_another_root_trusts_nothing() {
    // token.md 3: devices pin the root
    let night = Night::with(2, true).await;
    let bundle = night.bundle().await;
    let report = audited(&bundle, Some(RootPin([9; 16])));
    let kinds: Vec<_> = report.findings.iter().map(|finding| finding.kind).collect();
    assert!(kinds.contains(&FindingKind::RootNotPinned), "{report}");
    assert_eq!(report.totals.entries, 0);
    // Without a pin it says so.
    let believed = audited(&bundle, None);
    assert!(believed.is_clean() && !believed.pinned);
    assert_eq!(
        believed.root,
        data_encoding::HEXLOWER.encode(&night.pin().0)
    );
}

#[tokio::test]
async fn a_bundle_that_was_cut_or_changed_is_no_bundle() {
    // token.md 4
    let night = Night::with(2, true).await;
    let bundle = night.bundle().await;
    let lines: Vec<&str> = bundle.lines().collect();
    for cut in 0..lines.len() {
        let report = audited(&lines[..cut].join("\n"), Some(night.pin()));
        assert!(!report.is_clean(), "{cut} of {} lines", lines.len());
    }
    for left_out in 0..lines.len() {
        let mut others = lines.clone();
        others.remove(left_out);
        let report = audited(&others.join("\n"), Some(night.pin()));
        assert!(
            !report.is_clean(),
            "without line {left_out}: {}",
            lines[left_out]
        );
    }
    // A changed wire, an unknown line, a line after the end.
    let forged = |change: fn(&mut Value)| {
        let changed = lines.iter().map(|line| {
            let mut json: Value = serde_json::from_str(line).expect("json");
            change(&mut json);
            json.to_string()
        });
        audited(&changed.collect::<Vec<_>>().join("\n"), Some(night.pin()))
    };
    let roster = forged(|line| {
        if line["line"] == "statement" {
            let wire = line["wire"].as_str().expect("a wire").to_owned();
            line["wire"] = json!(wire.replacen('A', "B", 1));
        }
    });
    assert!(!roster.is_clean());
    let label = forged(|line| {
        if line["line"] == "redemptions" {
            line["rows"][0]["label"] = json!("duplicate");
        }
    });
    assert_eq!(
        told(&label),
        [(FindingKind::OtherLabel, NORTH, Some((0, 0)))]
    );
    let later = format!("{bundle}{}\n", lines[0]);
    assert!(!audited(&later, Some(night.pin())).is_clean());
}

#[tokio::test]
async fn an_evicted_devices_history_is_held_to_its_cut() {
    // V6, gossip.md 5
    let mut night = Night::with(3, false).await;
    let evict = night
        .site
        .path(&format!("/devices/{}/evict", night.north.id));
    let site = &night.site;
    site.test
        .post(&evict, &site.organizer, json!({}))
        .await
        .expect(200);
    let report = night.audit().await;
    assert!(report.is_clean(), "{report}");
    let token = night.tokens[0].clone();
    night.north.admit(0, &token, NOW.plus_secs(50));
    let late: LogSegment = night.north.segment(3, 4);
    night
        .south
        .send(&night.site.test, Vec::new(), Vec::new(), vec![late])
        .await;
    let report = night.audit().await;
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.totals.quarantined, report.totals.admitted), (1, 3));
    // Taken up, it counts for the auditor as it does for the gates.
    let late = format!("{}:3", night.north.genesis.log_id());
    let adopt = night.site.path(&format!("/redemptions/{late}/adopt"));
    let site = &night.site;
    site.test
        .post(&adopt, &site.organizer, json!({}))
        .await
        .expect(200);
    let report = night.audit().await;
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.totals.quarantined, report.totals.admitted), (0, 4));
}
