//! What opens a gate, rendered from the event's keys whenever it is asked for: digits, typed code,
//! page link.

use data_encoding::BASE32_NOPAD;
use shared::api::tickets::{ClaimedTicketView, TicketStatus};
use shared::ids::ClaimedTicketId;
use shared::ticket::{Token, TypedCode, sign, sign_chip, sign_sealed};
use shared::time::Timestamp;

use super::model::ClaimedTicket;
use super::{Error, code};
use crate::app::App;
use crate::gate::keys::{self, EventKeys};

/// The secrets of one ticket. No `Debug`: they open the gate.
pub struct Rendered {
    /// `None` when the code turns: only the holder's phone can make it. And when it is on a chip.
    pub token: Option<Token>,
    pub code: TypedCode,
    pub page_url: String,
}

/// Renders a stored ticket; the same digits every time.
pub async fn render(app: &App, ticket: &ClaimedTicket, now: Timestamp) -> Result<Rendered, Error> {
    let keys = keys::holding(app, ticket.event_id, ticket.kid, now).await?;
    let code = code::derive(keys.secret(), ticket.serial, ticket.generation);
    let secret = page_secret(keys.secret(), ticket.id, ticket.link);
    Ok(Rendered {
        token: if ticket.rotating || ticket.chip.is_some() {
            None
        } else {
            Some(carried(&keys, ticket)?)
        },
        code,
        page_url: format!("{}/t/{secret}", app.config.public_url),
    })
}

/// What people carry: the token, sealed where the class says so.
fn carried(keys: &EventKeys, ticket: &ClaimedTicket) -> Result<Token, Error> {
    let token = token(keys, ticket)?;
    Ok(match ticket.sealed {
        None => token,
        Some(id) => token.seal(ticket.event_id, &keys.scan_key(id))?,
    })
}

/// What gates verify. The only place that signs a token that does not turn: never for a ticket
/// whose code does, and never in clear for one that is sealed.
pub(super) fn token(keys: &EventKeys, ticket: &ClaimedTicket) -> Result<Token, Error> {
    if ticket.rotating {
        return Err(Error::Rotating);
    }
    let key = keys
        .issuing(ticket.kid)
        .ok_or(Error::Inconsistent("a ticket of an unknown key"))?;
    let payload = ticket.payload()?;
    if let Some(uid) = ticket.chip_uid()? {
        return Ok(sign_chip(key, ticket.event_id, &payload, &uid)?);
    }
    Ok(match ticket.sealed {
        None => sign(key, ticket.event_id, &payload)?,
        Some(_) => sign_sealed(key, ticket.event_id, &payload)?,
    })
}

/// 128 bits that only the event's secret gives, in 26 lower-case letters and digits. The first link
/// is number 0.
pub(super) fn page_secret(secret: &[u8; 32], id: ClaimedTicketId, link: u8) -> String {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher.update(b"TKT1.page\0").update(id.as_bytes());
    if link > 0 {
        hasher.update(&[link]);
    }
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
}

/// As its holder sees it. `status` is the stock's.
pub(super) async fn view(
    app: &App,
    ticket: &ClaimedTicket,
    status: TicketStatus,
    now: Timestamp,
) -> Result<ClaimedTicketView, Error> {
    let rendered = render(app, ticket, now).await?;
    Ok(ClaimedTicketView {
        id: ticket.id,
        ticket_id: ticket.ticket_id,
        event_id: ticket.event_id,
        class_id: ticket.class_id,
        order_id: ticket.order_id,
        status,
        seat: ticket.seat.clone(),
        serial: ticket.serial,
        generation: ticket.generation,
        attendee: ticket.attendee.clone(),
        rotating: ticket.rotating,
        add_on_to: ticket.added_to.map(|to| to.ticket),
        token: rendered.token.map(|token| token.to_digits()),
        code: rendered.code.to_string(),
        page_url: rendered.page_url,
        qr_url: format!(
            "{}/api/v1/claimed-tickets/qr/{}",
            app.config.public_url, ticket.id
        ),
        claimed_at: ticket.claimed_at,
    })
}
