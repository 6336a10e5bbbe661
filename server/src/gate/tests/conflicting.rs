//! Conflicts (V2): why they came about, in pages, and those of devices that had been removed.

use serde_json::{Value, json};
use shared::log::DecisionFlags;

use super::checking_in::set;
use super::device::Device;
use super::site::Site;
use super::watching::{kinds, state, token};
use crate::testing::NOW;

/// Two gates admit ticket 0, the second after `later` seconds; what the conflict is called.
async fn conflict_of(later: i64, flags: [DecisionFlags; 2]) -> Value {
    let site = Site::with_tickets(1).await;
    let token = token(&site, 0).await;
    let mut gates = [
        site.enrol("North 1", 0, 7).await,
        site.enrol("South 1", 1, 8).await,
    ];
    for (gate, flags) in gates.iter_mut().zip(flags) {
        gate.flags = flags;
    }
    gates[0].admit(0, &token, NOW.plus_secs(-600));
    gates[1].admit(0, &token, NOW.plus_secs(later - 600));
    for gate in gates.iter().rev() {
        gate.sync(&site.test).await;
    }
    assert_eq!(kinds(&state(&site).await), ["same_ticket_twice"]);
    let path = site.path("/conflicts");
    let all = site.test.get(&path, &site.organizer).await.expect(200);
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1));
    all["items"][0].clone()
}

#[tokio::test]
async fn a_conflict_says_why_it_came_about() {
    // V2
    let (none, server) = (DecisionFlags::default(), DecisionFlags::HEARD_SERVER);
    let unsure = server.with(DecisionFlags::CLOCK_UNSURE);
    for (later, flags, category) in [
        (30, [server, server], "race"),
        (300, [server, server], "partition"),
        (30, [server, none], "partition"),
        (30, [server, unsure], "clock"),
    ] {
        let conflict = conflict_of(later, flags).await;
        assert_eq!(conflict["category"], category);
        let second = &conflict["admissions"][1];
        assert_eq!(second["label"], "duplicate");
        let heard = if flags[1].contains(server) {
            json!(["server"])
        } else {
            json!([])
        };
        assert_eq!(second["heard"], heard);
        assert_eq!(second["correctedAt"], json!(NOW.plus_secs(later - 600)));
    }
}

#[tokio::test]
async fn a_clock_that_its_own_log_calls_wrong_corrects_the_times() {
    // V2, V3, gossip.md 5: the order and the labels stay
    let site = Site::with_tickets(1).await;
    let token = token(&site, 0).await;
    let mut north = site.enrol("North 1", 0, 7).await;
    let mut south = site.enrol("South 1", 1, 8).await;
    for gate in [&mut north, &mut south] {
        gate.flags = DecisionFlags::HEARD_SERVER;
    }
    // Two hours fast: by its own clock it came second.
    south.tell_clock(-7_200_000, NOW);
    south.sync(&site.test).await;
    south.admit(0, &token, NOW.plus_secs(7_140));
    north.admit(0, &token, NOW);
    north.sync(&site.test).await;
    south.sync(&site.test).await;
    let path = site.path("/conflicts");
    let all = site.test.get(&path, &site.organizer).await.expect(200);
    let conflict = &all["items"][0];
    assert_eq!(conflict["category"], "clock");
    let second = &conflict["admissions"][1];
    assert_eq!(
        (&second["device"], &second["label"]),
        (&json!("South 1"), &json!("duplicate"))
    );
    assert_eq!(second["correctedAt"], json!(NOW.plus_secs(-60)));
    assert_eq!(conflict["admissions"][0]["correctedAt"], json!(NOW));
}

#[tokio::test]
async fn conflicts_come_in_pages_without_gap_or_overlap() {
    // V2
    let site = Site::with_tickets(12).await;
    let mut gates = [
        site.enrol("North 1", 0, 7).await,
        site.enrol("South 1", 1, 8).await,
        site.enrol("West 1", 1, 9).await,
    ];
    for ticket in 0..12_u32 {
        let token = token(&site, usize::try_from(ticket).expect("small")).await;
        for (at, gate) in gates.iter_mut().enumerate() {
            // Every third ticket came in once.
            if ticket % 3 != 0 || at == 0 {
                gate.admit(
                    ticket,
                    &token,
                    NOW.plus_secs(i64::try_from(at).expect("small")),
                );
            }
        }
    }
    for gate in &gates {
        gate.sync(&site.test).await;
    }
    let expected: Vec<_> = (0..12)
        .filter(|ticket| ticket % 3 != 0)
        .map(|of| json!(of))
        .collect();
    for limit in [1, 3, 8, 200] {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = site.path(&format!("/conflicts?limit={limit}{cursor}"));
            let page = site.test.get(&path, &site.organizer).await.expect(200);
            let items = page["items"].as_array().expect("items").clone();
            assert!(items.len() <= limit);
            assert!(
                items
                    .iter()
                    .all(|item| item["admissions"].as_array().map(Vec::len) == Some(3))
            );
            found.extend(items.iter().map(|item| item["serial"].clone()));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(found, expected, "by {limit}");
    }
    let strange = site.path("/conflicts?cursor=elsewhere");
    site.test
        .get(&strange, &site.organizer)
        .await
        .expect_error(400, "validation");
}

#[tokio::test]
async fn an_admission_past_the_cut_is_a_conflict_too() {
    // V2, V6, gossip.md 5: it blocks as suspect, it never counts
    let site = Site::with_tickets(1).await;
    let claimed = site.claim(0).await;
    let (id, token) = (&claimed["id"], &claimed["token"]);
    let token = token.as_str().expect("digits");
    let mut lost = site.enrol("Lost", 0, 7).await;
    let mut other: Device = site.enrol("Other", 1, 8).await;
    let evict = site.path(&format!("/devices/{}/evict", lost.id));
    site.test
        .post(&evict, &site.organizer, json!({}))
        .await
        .expect(200);
    lost.admit(0, token, NOW.plus_secs(-60));
    let geneses = vec![lost.genesis.clone()];
    other
        .send(&site.test, Vec::new(), geneses, lost.all_segments())
        .await;
    let path = site.path("/conflicts");
    let none = site.test.get(&path, &site.organizer).await.expect(200);
    assert_eq!(none["items"], json!([]), "one suspect alone is no conflict");
    // The ticket is neither clean nor used.
    let id = id.as_str().expect("an id");
    let validate = format!("/api/v1/claimed-tickets/{id}/validate");
    let verdict = site.test.get(&validate, &site.organizer).await.expect(200);
    assert_eq!(
        (&verdict["verdict"], &verdict["reason"], &verdict["earlier"]),
        (&json!("refuse"), &json!("blocked"), &json!(null))
    );
    other.admit(0, token, NOW);
    other.sync(&site.test).await;
    let all = site.test.get(&path, &site.organizer).await.expect(200);
    let conflict = &all["items"][0];
    assert_eq!(conflict["category"], "quarantined");
    let marks: Vec<_> = conflict["admissions"]
        .as_array()
        .expect("admissions")
        .iter()
        .map(|of| {
            (
                of["device"].clone(),
                of["quarantined"].clone(),
                of["label"].clone(),
            )
        })
        .collect();
    assert_eq!(
        marks,
        [
            (json!("Lost"), json!(true), json!("none")),
            (json!("Other"), json!(false), json!("primary"))
        ]
    );
    assert_eq!(site.redemptions().await.len(), 1);
}

#[tokio::test]
async fn the_second_day_of_a_pass_is_nobodys_conflict() {
    // V2 V10 V12: no exit is scanned at night
    let site = Site::with_tickets(1).await;
    let days = json!({
        "name": "Days", "gateIds": site.gates, "entries": "ONCE_PER_DAY", "reEntry": true,
    });
    set(&site, json!({ "lists": [days] })).await;
    let token = token(&site, 0).await;
    let mut north = site.enrol("North 1", 0, 7).await;
    let mut south = site.enrol("South 1", 1, 8).await;
    north.admit(0, &token, NOW.plus_secs(-86_400));
    north.admit(0, &token, NOW.plus_secs(-600));
    north.sync(&site.test).await;
    let conflicts = async || {
        let path = site.path("/conflicts");
        let all = site.test.get(&path, &site.organizer).await;
        all.expect(200)["items"].clone()
    };
    let now = state(&site).await;
    assert_eq!(kinds(&now), Vec::<&str>::new());
    assert_eq!(now["total"]["duplicates"], 0);
    assert_eq!(conflicts().await, json!([]));
    // A copy of today is one, and only today's are told.
    south.admit(0, &token, NOW.plus_secs(-300));
    south.sync(&site.test).await;
    let now = state(&site).await;
    assert_eq!(kinds(&now), ["same_ticket_twice"]);
    assert_eq!(now["total"]["duplicates"], 1);
    let told = conflicts().await;
    assert_eq!(told[0]["admissions"].as_array().map(Vec::len), Some(2));
}
