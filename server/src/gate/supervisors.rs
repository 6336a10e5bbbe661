//! Who may overrule an event's gates (V11): set here, carried to the gates in the signed policy.
//!
//! Invariants: a PIN is stored and sent as a slow hash only; no two people of an event share one,
//! because the PIN alone tells who it was; a number keeps its meaning while its person is listed.

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::api::gate::{SetSupervisor, SupervisorView};
use shared::ids::{EventId, JournalId};
use shared::limits::NAME_CHARS_MAX;
use shared::time::Timestamp;
use shared::trust::supervisors::{PIN_DIGITS_MAX, PIN_DIGITS_MIN, SUPERVISORS_MAX, is_pin};
use shared::trust::{Supervisor, Supervisors};
use zeroize::Zeroizing;

use super::Error;
use crate::app::App;
use crate::events;
use crate::platform::db::{Collection, Db, DbError, Entity, IndexValue, Tx, Versioned};
use crate::platform::fields::{Fields, Invalid};
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

/// The supervisors of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupervisorList {
    event: EventId,
    supervisors: Supervisors,
}

impl Entity for SupervisorList {
    const COLLECTION: Collection = Collection {
        name: "supervisors",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.event.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// As the gates get them.
pub(super) async fn of_event(db: &Db, event: EventId) -> Result<Supervisors, DbError> {
    let stored = db.get::<SupervisorList>(&event.to_string()).await?;
    Ok(stored
        .map(Versioned::into_inner)
        .map_or_else(Supervisors::default, |list| list.supervisors))
}

/// Names and numbers; a PIN is never shown again.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    event: EventId,
) -> Result<Vec<SupervisorView>, Error> {
    let event = events::owned_event(&app.db, caller, event).await?;
    let people = of_event(&app.db, event.id).await?.people;
    Ok(people.iter().map(view).collect())
}

/// Sets one person, in place of whoever had the number.
pub(super) async fn set(
    app: &App,
    caller: &Caller,
    event: EventId,
    number: u8,
    wanted: SetSupervisor,
    now: Timestamp,
) -> Result<SupervisorView, Error> {
    let event = events::owned_event(&app.db, caller, event).await?.id;
    let mut fields = Fields::default();
    let name = fields.line("name", &wanted.name, 1, NAME_CHARS_MAX);
    if !is_pin(&wanted.pin) {
        let why = format!("must be {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits");
        fields.wrong("pin", why);
    }
    if !(1..=SUPERVISORS_MAX).contains(&usize::from(number)) {
        fields.wrong("number", format!("must be from 1 to {SUPERVISORS_MAX}"));
    }
    let name = fields.done(name)?;
    let mut known = of_event(&app.db, event).await?;
    if known.people.is_empty() {
        app.entropy.fill(&mut known.salt);
    }
    let salt = known.salt;
    let pin = Zeroizing::new(wanted.pin);
    let hashed = tokio::task::spawn_blocking(move || known.hash(&pin)).await;
    let person = Supervisor {
        number,
        name,
        pin: hashed.map_err(|_| Error::Inconsistent("a slow hash broke off"))?,
    };
    let shown = view(&person);
    let entry = told(app, caller, "supervisor.set", event, &shown, now);
    let stored = app
        .db
        .write(move |tx| {
            let mut list = list_in(tx, event)?;
            let all = &mut list.value.supervisors;
            if all.people.is_empty() {
                all.salt = salt;
            }
            all.people.retain(|of| of.number != person.number);
            // Another salt came in between: the hash is of no use.
            if all.salt != salt {
                return Err(Error::Contended);
            }
            if all.people.iter().any(|of| of.pin == person.pin) {
                return Err(Invalid::field("pin", "is another supervisor's").into());
            }
            all.people.push(person.clone());
            all.people.sort_by_key(|of| of.number);
            save(tx, list)?;
            journal::record(tx, &entry)?;
            Ok(())
        })
        .await;
    stored.map(|()| shown)
}

/// Idempotent.
pub(super) async fn remove(
    app: &App,
    caller: &Caller,
    event: EventId,
    number: u8,
    now: Timestamp,
) -> Result<(), Error> {
    let event = events::owned_event(&app.db, caller, event).await?.id;
    let person = SupervisorView {
        number,
        name: String::new(),
    };
    let entry = told(app, caller, "supervisor.removed", event, &person, now);
    app.db
        .write(move |tx| {
            let mut list = list_in(tx, event)?;
            let people = &mut list.value.supervisors.people;
            let before = people.len();
            people.retain(|of| of.number != number);
            if people.len() != before {
                save(tx, list)?;
                journal::record(tx, &entry)?;
            }
            Ok(())
        })
        .await
}

/// A list and whether it is stored yet.
struct Listed {
    value: SupervisorList,
    stored: Option<Versioned<SupervisorList>>,
}

fn list_in(tx: &mut Tx<'_>, event: EventId) -> Result<Listed, DbError> {
    let stored = tx.get::<SupervisorList>(&event.to_string())?;
    let value = stored.as_deref().cloned().unwrap_or(SupervisorList {
        event,
        supervisors: Supervisors::default(),
    });
    Ok(Listed { value, stored })
}

fn save(tx: &mut Tx<'_>, list: Listed) -> Result<(), DbError> {
    match list.stored {
        Some(mut stored) => {
            stored.value = list.value;
            tx.replace(&mut stored)
        }
        None => tx.insert(&list.value).map(drop),
    }
}

fn view(person: &Supervisor) -> SupervisorView {
    SupervisorView {
        number: person.number,
        name: person.name.clone(),
    }
}

fn told(
    app: &App,
    caller: &Caller,
    action: &'static str,
    event: EventId,
    person: &SupervisorView,
    now: Timestamp,
) -> journal::Entry {
    journal::Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        Actor::User(caller.user),
        action,
        journal::subject("event", event),
        json!({ "supervisor": person.number }),
    )
}
