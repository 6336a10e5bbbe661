//! Two organizers' events share no key, whoever holds the database (ADR 0066).

use std::collections::HashSet;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use shared::ids::EventId;

use super::site::Site;
use crate::gate::keys::{EventKeys, WrappedKeys, current};
use crate::testing::NOW;

fn public(keys: &EventKeys) -> Vec<VerifyingKey> {
    let roles = [&keys.root, &keys.keyring, &keys.roster, &keys.snapshot];
    let ring = keys.ring().map(|(_, key)| key);
    roles
        .map(SigningKey::verifying_key)
        .into_iter()
        .chain(ring)
        .collect()
}

#[tokio::test]
async fn one_organizers_key_signs_nothing_of_anothers() {
    // A9 T1
    let site = Site::with_tickets(1).await;
    let app = &site.test.app;
    let other = EventId::from_bytes([0xE2; 16]);
    let ours = current(app, site.event, NOW).await.expect("our keys");
    let theirs = current(app, other, NOW).await.expect("their keys");
    let both = public(&ours).into_iter().chain(public(&theirs));
    let distinct: HashSet<[u8; 32]> = both.map(|key| key.to_bytes()).collect();
    assert_eq!(distinct.len(), public(&ours).len() + public(&theirs).len());
    assert_ne!(ours.secret(), theirs.secret());
    let kid = ours.active_kid().expect("a kid");
    let signed = ours.issuing(kid).expect("a key").sign(b"a ticket");
    for key in public(&theirs) {
        key.verify_strict(b"a ticket", &signed)
            .expect_err("not theirs");
    }
    // A row that is copied to another event does not open there.
    let stored = app.db.get::<WrappedKeys>(&site.event.to_string()).await;
    let mut moved = stored.expect("storage").expect("stored");
    EventKeys::unwrap(&app.vault, &moved).expect("at home");
    moved.event = other;
    EventKeys::unwrap(&app.vault, &moved).expect_err("and nowhere else");
}
