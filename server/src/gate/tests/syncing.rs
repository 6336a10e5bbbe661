//! The exchange of log entries: idempotent, resumable, strict, and one bad log blocks nobody.

use shared::ids::EventId;
use shared::log::{Entry, LogSegment, SignedEntry};
use shared::sync::{SignedRequest, SyncRequest};

use super::device::{Device, genesis, raw};
use super::site::Site;
use crate::gate::Incident;
use crate::gate::model::EntryRun;
use crate::platform::db::{Entity as _, Query};
use crate::testing::NOW;

async fn with_log(admissions: u32) -> (Site, Device) {
    let site = Site::with_tickets(admissions).await;
    let mut device = site.enrol("North 1", 0, 7).await;
    for serial in 0..admissions {
        let ticket = site.claim(usize::try_from(serial).expect("small")).await;
        device.admit(serial, ticket["token"].as_str().expect("digits"), NOW);
    }
    (site, device)
}

fn empty_request() -> SyncRequest {
    SyncRequest::V1 {
        now: NOW,
        held: [0; 4],
        report: None,
        vector: Vec::new(),
        geneses: Vec::new(),
        segments: Vec::new(),
    }
}

#[tokio::test]
async fn sending_twice_stores_once() {
    // V2, V5, S103, S122
    let (site, device) = with_log(3).await;
    let first = device.sync(&site.test).await;
    assert_eq!(
        first.vector,
        [device.vector()],
        "the acknowledgement is the device's own head"
    );
    let second = device.sync(&site.test).await;
    assert_eq!(second.vector, first.vector);
    assert!(second.refused.is_empty() && second.segments.is_empty() && !second.more);
    assert_eq!(site.redemptions().await.len(), 3);
    let runs = site
        .test
        .app
        .db
        .count::<EntryRun>(&Query::on("by_log"))
        .await;
    assert_eq!(runs.expect("counted"), 1);
}

#[tokio::test]
async fn any_prefix_may_come_first_and_overlap_the_next() {
    // V5: resumable
    let (site, device) = with_log(4).await;
    let geneses = || vec![device.genesis.clone()];
    device
        .send(
            &site.test,
            Vec::new(),
            geneses(),
            vec![device.segment(0, 2)],
        )
        .await;
    assert_eq!(site.redemptions().await.len(), 2);
    let more = device
        .send(
            &site.test,
            Vec::new(),
            geneses(),
            vec![device.segment(1, 4)],
        )
        .await;
    assert!(more.refused.is_empty(), "{:?}", more.refused);
    assert_eq!(more.vector, [device.vector()]);
    assert_eq!(site.redemptions().await.len(), 4);
}

#[tokio::test]
async fn a_gap_is_refused_with_what_is_missing() {
    // corpus 91
    let (site, device) = with_log(4).await;
    let segments = vec![device.segment(0, 1), device.segment(2, 4)];
    let answer = device
        .send(
            &site.test,
            Vec::new(),
            vec![device.genesis.clone()],
            segments,
        )
        .await;
    assert_eq!(answer.vector[0].next_seq, 1);
    assert_eq!(answer.refused.len(), 1);
    assert!(
        answer.refused[0].1.contains("expected seq 1"),
        "{:?}",
        answer.refused
    );
}

#[tokio::test]
async fn forged_entries_are_refused_and_block_nobody() {
    // corpus 91, token.md 4 (rogue device)
    let (site, device) = with_log(2).await;
    let good = device.segment(0, 2);
    let mut bad_body = good.clone();
    bad_body.bodies[0][20] ^= 1;
    let mut bad_signature = good.clone();
    bad_signature.signature[3] ^= 1;
    let other = site.enrol("South 1", 1, 8).await;
    for forged in [bad_body, bad_signature] {
        let segments = vec![forged];
        let geneses = vec![device.genesis.clone(), other.genesis.clone()];
        let answer = other.send(&site.test, Vec::new(), geneses, segments).await;
        assert_eq!(answer.refused.len(), 1);
        assert_eq!(answer.refused[0].0, device.genesis.log_id());
        assert!(site.redemptions().await.is_empty());
    }
    // The relay was not blamed, and the signer's own log goes on.
    let answer = device.sync(&site.test).await;
    assert!(answer.refused.is_empty(), "{:?}", answer.refused);
    assert_eq!(site.redemptions().await.len(), 2);
}

#[tokio::test]
async fn logs_of_strangers_are_refused() {
    // corpus 91 and 93: device not in roster, key of another, another event, unknown log
    let (site, device) = with_log(1).await;
    let stranger = Device::new(9, 0);
    let other_event = EventId::from_bytes([0xEE; 16]);
    let geneses = vec![
        genesis(site.event, stranger.id, &stranger.key, 1),
        genesis(site.event, device.id, &stranger.key, 1),
        genesis(other_event, device.id, &device.key, 1),
    ];
    let logs: Vec<_> = geneses.iter().map(shared::log::Genesis::log_id).collect();
    let unknown = LogSegment {
        log: shared::log::LogId([5; 16]),
        ..device.segment(0, 1)
    };
    let segments = vec![unknown, device.segment(0, 1)];
    let geneses = geneses
        .into_iter()
        .chain([device.genesis.clone()])
        .collect();
    let answer = device.send(&site.test, Vec::new(), geneses, segments).await;
    for log in logs {
        assert!(
            answer.refused.iter().any(|(refused, _)| *refused == log),
            "{log}"
        );
    }
    assert!(
        answer
            .refused
            .iter()
            .any(|(_, why)| why.contains("genesis"))
    );
    assert_eq!(answer.vector, [device.vector()]);
}

#[tokio::test]
async fn one_entry_id_is_one_devices_whoever_else_claims_it() {
    // corpus 92: log and seq name an entry, and the log's name is a hash of its device and key.
    let (site, device) = with_log(1).await;
    let mut other = site.enrol("South 1", 1, 8).await;
    let id = device.genesis.log_id();
    let own = device.segment(0, 1);
    // Its place in the log, signed by another device: bytes of its own choice, then the same ones.
    let (invented, _) = SignedEntry::sign(
        &other.key,
        id,
        &device.genesis.head(),
        &Entry {
            gate: 1,
            ..Entry::decode(&own.bodies[0]).expect("an entry")
        },
    )
    .expect("signs");
    let (copied, _) = SignedEntry::sign(
        &other.key,
        id,
        &device.genesis.head(),
        &Entry::decode(&own.bodies[0]).expect("an entry"),
    )
    .expect("signs");
    for theirs in [invented, copied] {
        let segment = LogSegment::new(id, vec![theirs.body], theirs.signature);
        let segments = vec![segment.expect("a segment")];
        let geneses = vec![device.genesis.clone(), other.genesis.clone()];
        let answer = other.send(&site.test, Vec::new(), geneses, segments).await;
        assert_eq!(answer.refused.len(), 1, "{:?}", answer.refused);
        assert_eq!(answer.refused[0].0, id);
        assert!(site.redemptions().await.is_empty());
    }
    // What it did see it may say in its own log: another entry, with its own name on it.
    device.sync(&site.test).await;
    let ticket = site.test.get("/api/v1/claimed-tickets", &site.attendee);
    let ticket = ticket.await.expect(200);
    let token = ticket["items"][0]["token"].as_str().expect("digits");
    other.admit(0, token, NOW.plus_secs(1));
    assert!(other.sync(&site.test).await.refused.is_empty());
    let redemptions = site.redemptions().await;
    let by: Vec<_> = redemptions.iter().map(|of| &of["deviceId"]).collect();
    assert_eq!(by.len(), 2);
    assert_ne!(by[0], by[1]);
}

#[tokio::test]
async fn another_entry_at_the_same_place_is_a_fork_and_its_proof_is_kept() {
    // corpus 91 (duplicate seq, other body), gossip.md 5
    let (site, mut device) = with_log(2).await;
    device.sync(&site.test).await;
    let ticket = site
        .test
        .get("/api/v1/claimed-tickets", &site.attendee)
        .await
        .expect(200);
    let token = ticket["items"][0]["token"]
        .as_str()
        .expect("digits")
        .to_owned();
    let serial = ticket["items"][0]["serial"].as_u64().expect("a serial");
    let serial = u32::try_from(serial).expect("small");
    // A clone of the device that started over at the same genesis.
    device.reinstall(1);
    device.admit(serial, &token, NOW.plus_secs(60));
    let forked = device.segment(0, 1);
    let answer = device
        .send(
            &site.test,
            vec![device.vector()],
            Vec::new(),
            vec![forked.clone()],
        )
        .await;
    assert_eq!(answer.refused.len(), 1);
    assert!(
        answer.refused[0].1.starts_with("fork"),
        "{:?}",
        answer.refused
    );
    let id = format!("{}:fork:{}:0", site.event, device.genesis.log_id());
    let proof = site
        .test
        .app
        .db
        .get::<Incident>(&id)
        .await
        .expect("read")
        .expect("noted");
    assert_eq!(proof.evidence, shared::sync::to_wire(&forked));
    assert_eq!(proof.id(), id);
    assert_eq!(site.redemptions().await.len(), 2);
}

#[tokio::test]
async fn an_entry_of_a_time_to_come_is_kept_and_is_never_the_first() {
    // corpus 91 (future time), gossip.md 5: no clock decides what is valid, only who was first.
    let (site, right) = with_log(1).await;
    let mut ahead = site.enrol("South 1", 1, 8).await;
    let ticket = site.test.get("/api/v1/claimed-tickets", &site.attendee);
    let ticket = ticket.await.expect(200);
    let token = ticket["items"][0]["token"].as_str().expect("digits");
    ahead.admit(0, token, NOW.plus_secs(400 * 86_400));
    let answer = ahead.sync(&site.test).await;
    assert!(answer.refused.is_empty(), "{:?}", answer.refused);
    assert_eq!(answer.vector, [ahead.vector()]);
    let labels = async || {
        let all = site.redemptions().await;
        let of = |device: &str| all.iter().find(|of| of["device"] == device).cloned();
        ["North 1", "South 1"].map(|device| of(device).map(|of| of["label"].clone()))
    };
    assert_eq!(labels().await, [None, Some("primary".into())]);
    right.sync(&site.test).await;
    let told = [Some("primary".into()), Some("duplicate".into())];
    assert_eq!(labels().await, told);
}

#[tokio::test]
async fn devices_learn_of_each_other_through_the_server() {
    // V5
    let (site, device) = with_log(3).await;
    device.sync(&site.test).await;
    let other = site.enrol("South 1", 1, 8).await;
    let heard = other
        .send(
            &site.test,
            vec![other.vector()],
            vec![other.genesis.clone()],
            Vec::new(),
        )
        .await;
    assert_eq!(heard.geneses, std::slice::from_ref(&device.genesis));
    assert_eq!(heard.segments.len(), 1);
    let key = device.key.verifying_key();
    let (entries, head) = heard.segments[0]
        .verify(&key, &device.genesis.head())
        .expect("authentic");
    assert_eq!((entries.len(), head), (3, device.head));

    let known = vec![other.vector(), device.vector()];
    let quiet = other.send(&site.test, known, Vec::new(), Vec::new()).await;
    assert!(quiet.segments.is_empty() && quiet.geneses.is_empty());
    // From the middle of a run, with the signature at its end.
    let mut behind = device.vector();
    behind.next_seq = 1;
    let rest = other
        .send(&site.test, vec![behind], Vec::new(), Vec::new())
        .await;
    assert_eq!(
        (rest.segments[0].first_seq, rest.segments[0].bodies.len()),
        (1, 2)
    );
}

#[tokio::test]
async fn only_signed_canonical_requests_of_known_devices_are_read() {
    // S142, corpus 88, 95; token.md 4 (rogue device on LAN)
    let (site, device) = with_log(1).await;
    let path = "/api/v1/gate/sync";
    let garbage = raw(&site.test, path, vec![0, 1, 2, 3]).await;
    garbage.expect_error(400, "malformed");
    let good = SignedRequest::sign(&device.key, device.id, site.event, NOW, &empty_request());
    let mut trailing = good.to_wire();
    trailing.push(0);
    raw(&site.test, path, trailing)
        .await
        .expect_error(400, "malformed");
    let mut tampered = good.clone();
    tampered.body.push(0);
    raw(&site.test, path, tampered.to_wire())
        .await
        .expect_error(401, "unknown_device");
    let stranger = Device::new(9, 0);
    let forged = SignedRequest::sign(&stranger.key, device.id, site.event, NOW, &empty_request());
    raw(&site.test, path, forged.to_wire())
        .await
        .expect_error(401, "unknown_device");
    let elsewhere = EventId::from_bytes([0xEE; 16]);
    let other = SignedRequest::sign(&device.key, device.id, elsewhere, NOW, &empty_request());
    raw(&site.test, path, other.to_wire())
        .await
        .expect_error(401, "unknown_device");
    // A clock that is years off locks nobody out.
    let old = SignedRequest::sign(
        &device.key,
        device.id,
        site.event,
        NOW.plus_secs(-100_000_000),
        &empty_request(),
    );
    raw(&site.test, path, old.to_wire()).await.expect(200);
}

#[tokio::test]
async fn a_thousand_entries_arrive_in_one_sync() {
    // V5: the kiosk was offline from enrolment to its last scan.
    let site = Site::with_tickets(50).await;
    let mut device = site.enrol("North 1", 0, 7).await;
    for serial in 0..50 {
        let ticket = site.claim(usize::try_from(serial).expect("small")).await;
        for _ in 0..20 {
            device.admit(serial, ticket["token"].as_str().expect("digits"), NOW);
        }
    }
    let answer = device.sync(&site.test).await;
    assert_eq!(answer.vector, [device.vector()]);
    assert_eq!(device.head.next_seq, 1_000);
    assert_eq!(answer.refused, []);
}
