//! Wristbands and cards (S78-S83, S120, S121): which tickets they stand for.
//!
//! Invariants: a medium and the links on its tickets change in one commit, with the gates' marks; a
//! link is never taken off a ticket, only made inactive, so that a use that it proves stays proven.

use serde::{Deserialize, Serialize};
use shared::admission::Carried;
use shared::api::page::Page;
use shared::api::tickets::{LinkMedium, MediumView};
use shared::ids::{ClaimedTicketId, EventId};
use shared::ticket::{MediumId, medium_proof, medium_text};
use shared::time::Timestamp;
use shared::trust::MediumLink;
use shared::trust::extras::MEDIA_MAX;

use super::find::stock_in;
use super::{ClaimedTicket, Error};
use crate::app::App;
use crate::events;
use crate::gate;
use crate::platform::db::{Collection, Db, Entity, Field, Index, IndexValue, Query, Reads, Tx};
use crate::platform::fields::{Fields, Invalid};
use crate::platform::http::{Caller, PageParams};

/// One band is one person: a few days, a meal and a locker.
const TICKETS_MAX: usize = 8;
/// A band that goes from hand to hand is worth a new one.
const EARLIER_MAX: usize = 32;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Medium {
    pub event: EventId,
    /// In the form of [`medium_text`].
    pub text: String,
    pub tickets: Vec<ClaimedTicketId>,
    /// What it stood for before: their links are inactive, and known to the gates.
    pub earlier: Vec<ClaimedTicketId>,
    pub active: bool,
    pub until: Option<Timestamp>,
}

impl Medium {
    fn key(event: EventId, id: MediumId) -> String {
        format!("{event}:{}", data_encoding::HEXLOWER.encode(&id.0))
    }

    fn medium_id(&self) -> MediumId {
        MediumId::of(self.event, medium_proof(self.event, &self.text))
    }

    /// What it stands for, and what it stood for.
    fn all(&self) -> Vec<ClaimedTicketId> {
        let all = self.tickets.iter().chain(&self.earlier);
        all.copied().collect()
    }

    fn view(&self) -> MediumView {
        MediumView {
            medium: self.text.clone(),
            ticket_ids: self.tickets.clone(),
            active: self.active,
            until: self.until,
        }
    }
}

impl Entity for Medium {
    const COLLECTION: Collection = Collection {
        name: "media",
        fields: &[Field::text("event_id")],
        indexes: &[Index::on("by_event", &["event_id"])],
    };
    fn id(&self) -> String {
        Self::key(self.event, self.medium_id())
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.event.into()]
    }
}

/// By the event's organizer. Replaces what the medium stands for.
pub(super) async fn link(
    app: &App,
    caller: &Caller,
    event: EventId,
    text: &str,
    wanted: LinkMedium,
    now: Timestamp,
) -> Result<MediumView, Error> {
    events::owned_event(&app.db, caller, event).await?;
    let wanted = checked(event, text, wanted)?;
    app.db
        .write(move |tx| {
            let mut medium = wanted.clone();
            let before = tx.get::<Medium>(&medium.id())?;
            let mut earlier = before.as_ref().map_or_else(Vec::new, |before| before.all());
            earlier.retain(|id| !medium.tickets.contains(id));
            medium.earlier = earlier;
            if medium.earlier.len() > EARLIER_MAX {
                return Err(Invalid::field("medium", "was linked too often").into());
            }
            for id in &medium.earlier {
                put_link(tx, &medium, *id, false, now)?;
            }
            for id in &medium.tickets {
                put_link(tx, &medium, *id, medium.active, now)?;
            }
            match before {
                Some(mut stored) => {
                    stored.value = medium.clone();
                    tx.replace(&mut stored)?;
                }
                None => {
                    tx.insert(&medium)?;
                }
            }
            Ok(medium.view())
        })
        .await
}

fn checked(event: EventId, text: &str, wanted: LinkMedium) -> Result<Medium, Invalid> {
    let mut fields = Fields::default();
    let text = medium_text(text).unwrap_or_else(|| {
        fields.wrong("medium", "must be 6 to 40 letters and digits");
        String::new()
    });
    let mut tickets = wanted.ticket_ids;
    tickets.sort_unstable();
    tickets.dedup();
    if tickets.len() > TICKETS_MAX {
        fields.wrong("ticketIds", format!("must be at most {TICKETS_MAX}"));
    }
    fields.done(Medium {
        event,
        text,
        tickets,
        earlier: Vec::new(),
        active: wanted.active,
        until: wanted.until,
    })
}

fn put_link(
    tx: &mut Tx<'_>,
    medium: &Medium,
    id: ClaimedTicketId,
    active: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let ticket = tx.get::<ClaimedTicket>(&id.to_string())?;
    let ticket = ticket.filter(|ticket| ticket.event_id == medium.event);
    let Some(mut ticket) = ticket else {
        return Err(Invalid::field("ticketIds", "names a ticket of another event").into());
    };
    let link = MediumLink {
        id: medium.medium_id(),
        active,
        until: medium.until,
    };
    match ticket.media.iter().position(|of| of.id == link.id) {
        Some(at) => ticket.media[at] = link,
        None if ticket.media.len() < MEDIA_MAX => ticket.media.push(link),
        None => {
            return Err(Invalid::field("ticketIds", "names a ticket with too many media").into());
        }
    }
    tx.replace(&mut ticket)?;
    gate::mark_changed(tx, ticket.event_id, ticket.serial, now)?;
    Ok(())
}

/// Whoever holds the ticket from now on has none of its media. The links stay, inactive: what they
/// prove stays proven.
pub(super) fn take_off(tx: &mut Tx<'_>, ticket: &mut ClaimedTicket) -> Result<(), Error> {
    let id = ticket.id;
    for link in ticket.media.iter_mut().filter(|link| link.active) {
        link.active = false;
        let Some(mut medium) = tx.get::<Medium>(&Medium::key(ticket.event_id, link.id))? else {
            continue;
        };
        medium.tickets.retain(|of| *of != id);
        if !medium.earlier.contains(&id) {
            medium.earlier.push(id);
        }
        tx.replace(&mut medium)?;
    }
    Ok(())
}

/// The event's media, for its organizer.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    event: EventId,
    page: &PageParams,
) -> Result<Page<MediumView>, Error> {
    events::owned_event(&app.db, caller, event).await?;
    let query = Query::on("by_event")
        .eq(event)
        .limit(page.limit)
        .after(page.cursor.as_deref());
    let found = app.db.page::<Medium>(&query).await?;
    Ok(Page {
        items: found.items.iter().map(|medium| medium.view()).collect(),
        next_cursor: found.next,
    })
}

/// What a medium stands for, as a gate would know it; nothing for what is no medium of this event.
pub async fn carried(db: &Db, event: EventId, text: &str) -> Result<Vec<Carried>, gate::Error> {
    let Some(text) = medium_text(text) else {
        return Ok(Vec::new());
    };
    let id = MediumId::of(event, medium_proof(event, &text));
    db.view(move |view| carried_by(view, event, id)).await
}

fn carried_by(
    reads: &mut impl Reads,
    event: EventId,
    id: MediumId,
) -> Result<Vec<Carried>, gate::Error> {
    let medium = reads.get::<Medium>(&Medium::key(event, id))?;
    let mut all = Vec::new();
    for ticket in medium.map_or_else(Vec::new, |medium| medium.value.all()) {
        let Some(ticket) = reads.get::<ClaimedTicket>(&ticket.to_string())? else {
            continue;
        };
        let Some(link) = ticket.media.iter().find(|link| link.id == id) else {
            continue;
        };
        all.push(Carried {
            link: *link,
            payload: ticket.payload()?,
            row: ticket.row(stock_in(reads, &ticket)?.status),
            state: Some(gate::state_of(reads, event, ticket.serial)?),
            suspects: gate::suspects_of(reads, event, ticket.serial)?,
            seat: ticket.seat.clone(),
            holder: Some(ticket.attendee.name.clone()),
        });
    }
    all.sort_by_key(|carried| carried.payload.serial);
    Ok(all)
}
