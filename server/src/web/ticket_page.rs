//! The attendee's page (T1, T2): the ticket, a large code, its state in words.

use maud::{Markup, PreEscaped, html};
use shared::api::tickets::TicketStatus;
use shared::log::TicketState;
use shared::time::Timestamp;

use super::ahead::{self, Refused};
use super::state::{Known, PageState};
use super::{layout, times};
use crate::app::App;
use crate::error::ApiError;
use crate::events::{
    self,
    model::{Event, Gate, TicketClass},
};
use crate::gate;
use crate::orders::model::Order;
use crate::platform::db::Versioned;
use crate::tickets::pre_check_in::offer;
use crate::tickets::{self, ChainOffer, ClaimedTicket, TicketQr};

/// Characters of a page's secret.
const SECRET_CHARS: usize = 26;

/// The ticket behind a link, with all that its page tells.
pub(super) struct Shown {
    ticket: ClaimedTicket,
    event: Versioned<Event>,
    gates: Vec<Gate>,
    uses: TicketState,
    stock: TicketStatus,
    order: Option<Versioned<Order>>,
}

impl Shown {
    /// `None` when the link is not one of ours.
    pub(super) async fn find(app: &App, secret: &str) -> Result<Option<Self>, ApiError> {
        if secret.len() != SECRET_CHARS {
            return Ok(None);
        }
        let Some(ticket) = tickets::by_page(&app.db, secret).await? else {
            return Ok(None);
        };
        let event = app.db.get::<Event>(&ticket.event_id.to_string()).await?;
        let event = event.ok_or_else(|| ApiError::inconsistent("a ticket without its event"))?;
        let stock = tickets::stock(&app.db, &ticket).await?.status;
        let mut uses = TicketState::default();
        for redemption in gate::redemptions_of(&app.db, ticket.event_id, ticket.serial).await? {
            uses.insert(redemption.as_use());
        }
        Ok(Some(Self {
            gates: events::gates_of(&app.db, ticket.event_id).await?,
            order: app.db.get::<Order>(&ticket.order_id.to_string()).await?,
            ticket,
            event,
            uses,
            stock,
        }))
    }

    pub(super) fn state(&self, now: Timestamp) -> PageState {
        let known = Known {
            ticket: &self.ticket,
            stock: self.stock,
            order: self.order.as_ref().map(|order| order.status),
            uses: &self.uses,
            event: &self.event,
            gates: &self.gates,
        };
        known.state(now)
    }

    /// What the phone needs to make its codes; `None` when the code does not turn.
    pub(super) fn chain(&self, now: Timestamp) -> Result<Option<ChainOffer>, ApiError> {
        Ok(tickets::offer(&self.ticket, &self.event, self.stock, now)?)
    }

    /// `refused` is the form of the page, when it comes back.
    pub(super) async fn page(
        &self,
        app: &App,
        refused: Option<&Refused>,
        now: Timestamp,
    ) -> Result<Markup, ApiError> {
        let class = app
            .db
            .get::<TicketClass>(&self.ticket.class_id.to_string())
            .await?;
        let class = class.map_or_else(String::new, |class| class.name.clone());
        let rendered = tickets::render(app, &self.ticket, now).await?;
        let code = match &rendered.token {
            Some(token) => {
                let qr = TicketQr::new(&token.to_digits()).map_err(ApiError::internal)?;
                still(&qr.svg())
            }
            None if self.ticket.chip.is_some() => on_chip(),
            None => turning(),
        };
        let state = self.state(now);
        let ahead = offer(app, &self.ticket, &self.event, self.stock, now).await?;
        let code = html! {
            (ahead::hint(&ahead))
            (code)
        };
        let content = html! {
            (self.content(&state, &class, &code, &rendered.code.to_string()))
            (ahead::section(&ahead, refused, now, &self.event.timezone))
        };
        let script = html! {
            script src="/assets/ticket.js" defer {}
            @if self.ticket.rotating {
                script src="/assets/qr.js" defer {}
                script src="/assets/turning.js" defer {}
            }
        };
        let title = format!("Ticket: {}", self.event.title);
        Ok(layout::framed(&title, Some(state.state), &script, &content))
    }

    fn content(&self, state: &PageState, class: &str, qr: &Markup, code: &str) -> Markup {
        let event = &self.event;
        let ticket = &self.ticket;
        html! {
            header {
                h1 { (event.title) }
                p { (times::span(event.start, event.end, &event.timezone)) }
                p.quiet { "Times in " (event.timezone) }
                @if let Some(venue) = &event.venue_id { p { (venue) } }
            }
            p #offline .banner role="status" hidden { "Offline — this ticket still works." }
            section.state aria-live="polite" {
                strong #headline { (state.headline) }
                span #detail { (state.detail) }
            }
            (qr)
            section.card {
                dl {
                    dt { "Name" } dd { (ticket.attendee.name) }
                    dt { "Ticket" } dd { (class) }
                    @if let Some(seat) = &ticket.seat { dt { "Seat" } dd { (seat) } }
                    dt { "Code" } dd #typed .code { (code) }
                }
                p.quiet { "If the QR code cannot be scanned, staff at the gate can type the digits of the code." }
            }
        }
    }
}

/// The code of a ticket whose code does not change.
fn still(qr: &str) -> Markup {
    html! {
        figure.qr {
            div role="img" aria-label="QR code of this ticket" { (PreEscaped(qr)) }
            figcaption.hint { "Turn the brightness of your screen all the way up." }
        }
    }
}

/// A ticket that is not on this page.
fn on_chip() -> Markup {
    html! {
        figure.qr {
            p { "This ticket is on your wristband or card. Hold that to the reader at the gate." }
        }
    }
}

/// The place where the phone draws the code that it makes.
fn turning() -> Markup {
    html! {
        figure.qr {
            div #turning role="img" aria-label="QR code of this ticket; it changes every 30 seconds" {}
            progress #turning-left max="30" value="30" hidden aria-hidden="true" {}
            noscript { p { "The code of this ticket changes every 30 seconds. It needs JavaScript." } }
            p #turning-note role="status" hidden {}
            button #activate type="button" hidden { "Move the code to this phone" }
            figcaption.hint {
                "The code changes every 30 seconds, also without a network: show this page, a screenshot is refused. "
                "Turn the brightness of your screen all the way up."
            }
        }
    }
}

/// For links that lead nowhere.
pub(super) fn unknown() -> Markup {
    layout::page(
        "Ticket not found",
        &html! {
            h1 { "This is not a ticket" }
            p { "The link is incomplete or belongs to no ticket. Open it again from your e-mail, or copy it whole." }
        },
    )
}
