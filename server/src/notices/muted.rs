//! Which mails an address does not want: by topic, for accounts and guests alike.
//!
//! The row is named by a hash of the address, so that the list holds no addresses.

use serde::{Deserialize, Serialize};
use shared::api::notices::{Preferences, Topic};

use crate::app::App;
use crate::platform::db::{Collection, Db, DbError, Entity, IndexValue, Tx};
use crate::platform::vault::Vault;

const PURPOSE: &str = "unsubscribe";
const HASH_BYTES: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Muted {
    id: String,
    topics: Vec<Topic>,
}

impl Entity for Muted {
    const COLLECTION: Collection = Collection {
        name: "mail_preferences",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

fn hash(address: &str) -> [u8; HASH_BYTES] {
    let key = address.trim().to_ascii_lowercase();
    let whole = blake3::derive_key("gatehouse mail preferences", key.as_bytes());
    let mut hash = [0; HASH_BYTES];
    hash.copy_from_slice(&whole[..HASH_BYTES]);
    hash
}

fn row(hash: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(hash)
}

/// The token of the link that stops mails of this topic to this address.
pub(super) fn token(vault: &Vault, address: &str, topic: Topic) -> String {
    let mut payload = hash(address).to_vec();
    payload.push(topic as u8);
    vault.token(PURPOSE, &payload)
}

fn read(vault: &Vault, token: &str) -> Option<(String, Topic)> {
    let payload = vault.read_token(PURPOSE, token)?;
    let (topic, hash) = payload.split_last()?;
    let topic = Topic::ALL
        .into_iter()
        .find(|known| *known as u8 == *topic)?;
    Some((row(hash), topic))
}

pub(super) async fn is_muted(db: &Db, address: &str, topic: Topic) -> Result<bool, DbError> {
    let muted = db.get::<Muted>(&row(&hash(address))).await?;
    Ok(muted.is_some_and(|muted| muted.topics.contains(&topic)))
}

/// What a link to unsubscribe is about; `None` when we did not make it.
pub fn unsubscribes_from(app: &App, token: &str) -> Option<Topic> {
    read(&app.vault, token).map(|(_, topic)| topic)
}

/// Idempotent. `None` when we did not make the link.
pub async fn unsubscribe(app: &App, token: &str) -> Result<Option<Topic>, DbError> {
    let Some((id, topic)) = read(&app.vault, token) else {
        return Ok(None);
    };
    app.db
        .write(move |tx| change(tx, &id, |topics| topics.push(topic)))
        .await?;
    Ok(Some(topic))
}

pub async fn preferences(db: &Db, address: &str) -> Result<Preferences, DbError> {
    let muted = db.get::<Muted>(&row(&hash(address))).await?;
    let muted = muted.map(|muted| muted.into_inner().topics);
    let wants = |topic| muted.as_ref().is_none_or(|muted| !muted.contains(&topic));
    Ok(Preferences {
        event_changes: wants(Topic::EventChanges),
        reminders: wants(Topic::Reminders),
        offers: wants(Topic::Offers),
        gate_alerts: wants(Topic::GateAlerts),
    })
}

/// What `address` wants from now on.
pub fn set_preferences(tx: &mut Tx<'_>, address: &str, wanted: Preferences) -> Result<(), DbError> {
    let muted = [
        (Topic::EventChanges, wanted.event_changes),
        (Topic::Reminders, wanted.reminders),
        (Topic::Offers, wanted.offers),
        (Topic::GateAlerts, wanted.gate_alerts),
    ];
    let muted: Vec<_> = muted
        .into_iter()
        .filter_map(|(topic, wants)| (!wants).then_some(topic))
        .collect();
    change(tx, &row(&hash(address)), |topics| topics.clone_from(&muted))
}

/// What was chosen for `from` holds for `to` from now on: what either does not want does not come.
pub fn join_preferences(tx: &mut Tx<'_>, from: &str, to: &str) -> Result<(), DbError> {
    let Some(chosen) = tx.get::<Muted>(&row(&hash(from)))? else {
        return Ok(());
    };
    change(tx, &row(&hash(to)), |topics| topics.extend(&chosen.topics))?;
    tx.delete(&chosen)
}

fn change(tx: &mut Tx<'_>, id: &str, with: impl Fn(&mut Vec<Topic>)) -> Result<(), DbError> {
    let stored = tx.get::<Muted>(id)?;
    let mut topics = stored
        .as_ref()
        .map_or_else(Vec::new, |stored| stored.topics.clone());
    with(&mut topics);
    topics.sort_unstable();
    topics.dedup();
    match stored {
        Some(mut stored) => {
            stored.topics = topics;
            tx.replace(&mut stored)
        }
        None => tx
            .insert(&Muted {
                id: id.to_owned(),
                topics,
            })
            .map(drop),
    }
}

/// Forgets what was chosen for it.
pub fn erase_preferences(tx: &mut Tx<'_>, address: &str) -> Result<(), DbError> {
    match tx.get::<Muted>(&row(&hash(address)))? {
        Some(muted) => tx.delete(&muted),
        None => Ok(()),
    }
}
