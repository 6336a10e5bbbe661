//! A ticket on paper (T11): what it is for, whose it is, and its code.

use qrcode::QrCode;
use shared::ids::ClaimedTicketId;
use shared::time::Timestamp;

use super::qr::TicketQr;
use super::{ClaimedTicket, Error, find, render};
use crate::app::App;
use crate::events::model::{Event, TicketClass};
use crate::platform::http::Caller;
use crate::platform::paper::{At, Page};
use crate::web::times;

/// A5, upright, in millimetres.
const WIDTH: f32 = 148.0;
const HEIGHT: f32 = 210.0;
const LEFT: f32 = 14.0;
/// A phone or a scanner reads it from an arm's length.
const CODE: f32 = 70.0;

/// For the holder. A ticket whose code turns or is on a chip has none that could be printed.
pub(super) async fn pdf(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
    now: Timestamp,
) -> Result<Vec<u8>, Error> {
    let ticket = find::held(&app.db, caller, id).await?;
    let rendered = render(app, &ticket, now).await?;
    if ticket.chip.is_some() {
        return Err(Error::OnChip);
    }
    let digits = rendered.token.ok_or(Error::Rotating)?.to_digits();
    let event = app.db.get::<Event>(&ticket.event_id.to_string()).await?;
    let event = event.ok_or(Error::Inconsistent("a ticket without its event"))?;
    let class = app
        .db
        .get::<TicketClass>(&ticket.class_id.to_string())
        .await?;
    let class = class.map_or_else(String::new, |class| class.value.name);
    let code = TicketQr::new(&digits)?;
    let page = page(
        &ticket,
        &event,
        &class,
        code.symbol(),
        &rendered.code.to_string(),
    );
    Ok(page.pdf()?)
}

fn page(ticket: &ClaimedTicket, event: &Event, class: &str, code: &QrCode, typed: &str) -> Page {
    let mut page = Page::new(&event.title, WIDTH, HEIGHT);
    let at = |y: f32| At { x: LEFT, y };
    let mut y = page.paragraph(at(22.0), 20.0, 28, &event.title);
    y = page.paragraph(
        at(y + 2.0),
        11.0,
        56,
        &times::span(event.start, event.end, &event.timezone),
    );
    page.rule(at(y), WIDTH - 2.0 * LEFT);
    y = page.paragraph(at(y + 10.0), 16.0, 34, &ticket.attendee.name);
    let what = match &ticket.seat {
        Some(seat) => format!("{class} · {seat}"),
        None => class.to_owned(),
    };
    y = page.paragraph(at(y), 11.0, 56, &what);
    let modules = code.width();
    let dark = code.to_colors();
    let left = (WIDTH - CODE) / 2.0;
    page.code(
        At {
            x: left,
            y: y + 6.0,
        },
        CODE,
        modules,
        |column, row| dark.get(row * modules + column) == Some(&qrcode::Color::Dark),
    );
    y += 6.0 + CODE + 12.0;
    page.text(at(y), 11.0, &format!("To type in: {typed}"));
    let note = "Whoever shows this code first comes in. Keep it to yourself; a copy is not a second ticket.";
    page.paragraph(at(y + 8.0), 9.0, 72, note);
    page
}
