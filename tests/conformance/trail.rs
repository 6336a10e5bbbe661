//! The journal: entries that acts leave, and seals that two servers draw beside each other.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use serde_json::json;
use server::platform::clock::FixedClock;
use server::platform::db::{Db, DbError, Query};
use server::platform::entropy::SeededEntropy;
use server::platform::journal::{self, Act, Actor, Entry};
use server::trail;
use shared::ids::{JournalId, UserId};

use crate::stage::{NOW, Stage, Thing};

async fn entries(db: &Db) -> Vec<Entry> {
    let all = Query::on("by_time").limit(10_000);
    let rows = db.list::<Entry>(&all).await.expect("a journal");
    rows.into_iter().map(|row| row.value).collect()
}

pub(crate) async fn what_an_act_changes_is_told(stage: &Stage) {
    let db = stage.open().await;
    let user = UserId::new(NOW, [1; 10]);
    let act = Act::new(
        "PUT /things/{id}".to_owned(),
        Arc::new(FixedClock::at(NOW)),
        Arc::new(SeededEntropy::new(1)),
        [7; 32].into(),
    );
    journal::acting(act, async {
        journal::acted_by(Actor::User(user));
        let made = db.write(|tx| {
            journal::about(tx, "event", "e1");
            tx.insert(&Thing::new("a1")).map(drop)
        });
        made.await.expect("made");
        // What only looks, and what fails, leaves nothing.
        let seen = db.write(|tx| tx.get::<Thing>("a1").map(drop)).await;
        seen.expect("seen");
        let failed = db.write(|tx| {
            tx.insert(&Thing::new("b2"))?;
            Err::<(), _>(DbError::Contended)
        });
        failed.await.expect_err("refused");
        let own = Entry::new(
            JournalId::new(NOW, [9; 10]),
            NOW,
            Actor::User(user),
            "thing.gone",
            "thing/a1",
            json!({}),
        );
        let gone = db.write(move |tx| {
            let thing = tx.get::<Thing>("a1")?.ok_or(DbError::Doomed)?;
            tx.delete(&thing)?;
            journal::record(tx, &own)
        });
        gone.await.expect("gone");
    })
    .await;
    let told = entries(&db).await;
    let actions: Vec<_> = told.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(actions.contains(&"PUT /things/{id}") && actions.contains(&"thing.gone"));
    for entry in &told {
        let [change] = entry.changes.as_slice() else {
            panic!("one row: {entry:?}");
        };
        assert!(change.of.ends_with("/a1"), "{change:?}");
        let is_gone = entry.action == "thing.gone";
        assert_eq!(
            (change.before.is_some(), change.after.is_some()),
            (is_gone, !is_gone)
        );
        assert_eq!(entry.via.as_deref(), Some("PUT /things/{id}"));
        assert_eq!(entry.actor, Actor::User(user));
    }
    // Outside of an act nothing is told.
    db.write(|tx| tx.insert(&Thing::new("c3")).map(drop))
        .await
        .expect("made");
    assert_eq!(entries(&db).await.len(), 2);
}

pub(crate) async fn two_sealers_make_one_chain(stage: &Stage) {
    let db = stage.open().await;
    let key = SigningKey::from_bytes(&[3; 32]);
    let public = data_encoding::HEXLOWER.encode(key.verifying_key().as_bytes());
    for round in 0..3_u8 {
        let written = db.write(move |tx| {
            for n in 0..100_u8 {
                let id = JournalId::new(NOW, [round, n, 0, 0, 0, 0, 0, 0, 0, 0]);
                let details = json!({ "b": n, "a": [null, 1.5, "x"] });
                let entry = Entry::new(id, NOW, Actor::System, "thing.made", "thing/1", details);
                journal::record(tx, &entry)?;
            }
            Ok::<_, DbError>(())
        });
        written.await.expect("written");
        let (one, other) = tokio::join!(
            trail::seal_with(&db, &key, NOW),
            trail::seal_with(&db, &key, NOW)
        );
        one.expect("sealed");
        other.expect("sealed");
    }
    trail::seal_with(&db, &key, NOW).await.expect("sealed");
    let report = trail::check(&db, Some(public), None).await.expect("read");
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.sealed, report.unsealed), (300, 0));
}
