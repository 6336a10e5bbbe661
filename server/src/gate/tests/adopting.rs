//! Taking up what a removed device admitted (V6, gossip.md 5).

use serde_json::{Value, json};
use shared::log::LogSegment;
use shared::trust::{Roster, StatementKind};

use super::device::Device;
use super::site::Site;
use crate::gate::{keys, statements};
use crate::platform::db::Query;
use crate::platform::journal;
use crate::testing::NOW;

/// A removed device that admitted two tickets after its cut, of which another one tells.
async fn site() -> (Site, Device, Vec<String>) {
    let site = Site::with_tickets(2).await;
    let mut tokens = Vec::new();
    for at in 0..2 {
        let claimed = site.claim(at).await;
        tokens.push(claimed["token"].as_str().expect("digits").to_owned());
    }
    let mut lost = site.enrol("Lost", 0, 7).await;
    let other = site.enrol("Other", 1, 8).await;
    let evict = site.path(&format!("/devices/{}/evict", lost.id));
    site.test
        .post(&evict, &site.organizer, json!({}))
        .await
        .expect(200);
    for (serial, token) in (0..).zip(&tokens) {
        lost.admit(serial, token, NOW.plus_secs(-60));
    }
    let geneses = vec![lost.genesis.clone()];
    let segments: Vec<LogSegment> = lost.all_segments();
    other.send(&site.test, Vec::new(), geneses, segments).await;
    (site, lost, tokens)
}

fn id(lost: &Device, seq: u32) -> String {
    format!("{}:{seq}", lost.genesis.log_id())
}

async fn adopt(site: &Site, id: &str) -> Value {
    let path = site.path(&format!("/redemptions/{id}/adopt"));
    let answer = site.test.post(&path, &site.organizer, json!({})).await;
    answer.expect(200)
}

#[tokio::test]
async fn one_entry_is_taken_up_and_counts_and_the_others_do_not() {
    // V6
    let (site, lost, _) = site().await;
    assert_eq!(site.redemptions().await.len(), 0);
    let taken = adopt(&site, &id(&lost, 1)).await;
    assert_eq!(
        (&taken["serial"], &taken["label"], &taken["device"]),
        (&json!(1), &json!("primary"), &json!("Lost"))
    );
    assert_eq!(site.redemptions().await.len(), 1);
    // Again is nothing new.
    assert_eq!(adopt(&site, &id(&lost, 1)).await, taken);
    assert_eq!(site.redemptions().await.len(), 1);
    let strange = site.path("/redemptions/none:7/adopt");
    site.test
        .post(&strange, &site.organizer, json!({}))
        .await
        .expect_error(404, "not_found");
    let foreign = site.path(&format!("/redemptions/{}/adopt", id(&lost, 0)));
    site.test
        .post(&foreign, &site.attendee, json!({}))
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn the_roster_tells_it_to_every_replica_and_the_journal_who_did_it() {
    // V6
    let (site, lost, _) = site().await;
    adopt(&site, &id(&lost, 0)).await;
    let roster = roster(&site).await;
    let listed = roster.by_device(lost.id).expect("listed");
    let log = lost.genesis.log_id().0;
    let [(of, next_seq, _)] = listed.adopted[..] else {
        panic!("{:?}", listed.adopted);
    };
    assert_eq!((of, next_seq), (log, 1));
    let db = &site.test.app.db;
    let subject = journal::subject("device", lost.id);
    let query = Query::on("by_subject").eq(subject).limit(20);
    let lines = db.list::<journal::Entry>(&query).await.expect("a journal");
    let line = lines.iter().find(|of| of.action == "redemption.adopted");
    let line = line.expect("the journal tells");
    assert_eq!(line.details["redemption"], json!(id(&lost, 0)));
}

/// The newest that is signed.
pub(super) async fn roster(site: &Site) -> Roster {
    let app = &site.test.app;
    let stored = statements::latest(&app.db, site.event, StatementKind::Roster);
    let stored = stored.await.expect("read").expect("a roster");
    let keys = keys::for_event(app, site.event, NOW).await.expect("keys");
    let roster = statements::read::<Roster>(&stored, &keys.roster);
    roster.expect("a roster").body.clone()
}
