//! Placing an order: stock, price and order in one commit, or nothing (O1, O2, I6).

use std::collections::HashSet;

use shared::api::orders::{Buyer, CreateOrder, OrderStatus, OrderView};
use shared::api::selling::Charges;
use shared::api::tickets::IssuedTicketView;
use shared::ids::{EventId, JobId, OrderId, UserId};
use shared::limits::{EMAIL_CHARS_MAX, NAME_CHARS_MAX, ORDER_TICKETS_MAX};
use shared::money::Money;
use shared::time::Timestamp;

use super::complete::confirm;
use super::error::Error;
use super::form::{Due, fill};
use super::model::{Line, Order, Step};
use super::person::{Person, count_person};
use super::price::{Item, price};
use crate::accounts;
use crate::app::App;
use crate::events::model::{Event, TicketClass};
use crate::events::{self, event_in, held_price};
use crate::inventory::model::IssuedTicket;
use crate::inventory::{claim_class, claim_seats, count_claim, held_by, sell, ticket_view};
use crate::invoices;
use crate::platform::db::{Tx, Versioned};
use crate::platform::fields::{Fields, Invalid};
use crate::platform::http::Caller;
use crate::platform::http::attempt::Attempt;
use crate::vouchers::model::Voucher;
use crate::vouchers::{self, count_use, redeem};
use crate::waitlist;

pub async fn place(
    app: &App,
    caller: Caller,
    wanted: CreateOrder,
    attempt: Attempt,
) -> Result<OrderView, Error> {
    place_for(app, Some(caller.user), wanted, attempt).await
}

/// Without an account it is a guest's, known by the buyer's address.
pub(super) async fn place_for(
    app: &App,
    account: Option<UserId>,
    wanted: CreateOrder,
    attempt: Attempt,
) -> Result<OrderView, Error> {
    let now = app.clock.now();
    let wanted = checked(wanted)?;
    let guest = || accounts::email_key(&wanted.buyer.email);
    let plan = Placing {
        id: OrderId::new(now, app.entropy.id10()),
        job: JobId::new(now, app.entropy.id10()),
        user: account.unwrap_or_else(|| UserId::new(now, app.entropy.id10())),
        guest: account.is_none().then(guest),
        now,
        expires_at: now.plus_secs(i64::try_from(app.config.hold_ttl_secs).unwrap_or(i64::MAX)),
    };
    app.db
        .write(move |tx| attempt.once(tx, now, |tx| place_in(tx, &plan, &wanted, By::Buyer)))
        .await
}

/// An order in the name of who waits for it, in the commit that notes the offer. What is free is
/// theirs: no list is before them.
pub fn place_offer(
    tx: &mut Tx<'_>,
    plan: &Placing,
    wanted: &CreateOrder,
) -> Result<OrderView, Error> {
    place_in(tx, plan, wanted, By::Waitlist)
}

/// What is drawn and known before the commit.
pub struct Placing {
    pub id: OrderId,
    /// Of the mail, should it be paid as it is placed.
    pub job: JobId,
    pub user: UserId,
    /// The address of a buyer without an account.
    pub guest: Option<String>,
    pub now: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Buyer,
    Waitlist,
}

impl By {
    const fn due(self) -> Due {
        match self {
            Self::Buyer => Due::Now,
            Self::Waitlist => Due::Later,
        }
    }
}

fn place_in(
    tx: &mut Tx<'_>,
    plan: &Placing,
    wanted: &CreateOrder,
    by: By,
) -> Result<OrderView, Error> {
    let event = event_for(tx, plan, wanted.event_id)?;
    let voucher = match &wanted.code {
        Some(code) => Some(redeem(tx, event.id, code, plan.now)?),
        None => None,
    };
    let (bill, tickets) = if wanted.seats.is_empty() {
        hold_items(tx, plan, wanted, voucher.as_ref())?
    } else {
        hold_seats(tx, plan, wanted, voucher.as_ref())?
    };
    if by == By::Buyer {
        refuse_past_list(tx, &bill)?;
    }
    count_claim(tx, &bill, plan.now)?;
    let person = Person::of(plan.user, plan.guest.as_deref());
    count_person(tx, person, &bill, plan.now)?;
    if let Some(voucher) = &voucher {
        if !bill.iter().any(|(class, _)| voucher.is_for(class.id)) {
            return Err(vouchers::Error::NotForThese.into());
        }
        count_use(tx, &voucher.id, plan.now)?;
    }
    let (lines, total) = priced(tx, plan, &bill, voucher.as_ref(), &event.charges)?;
    if wanted.expected_total.is_some_and(|shown| shown != total) {
        return Err(Error::PriceChanged { total });
    }
    let mut order = Order {
        id: plan.id,
        event_id: event.id,
        user_id: plan.user,
        status: OrderStatus::Pending,
        buyer: wanted.buyer.clone(),
        lines,
        seats: wanted.seats.clone(),
        total,
        tickets: tickets.iter().map(|ticket| ticket.id).collect(),
        expires_at: plan.expires_at,
        payment_id: None,
        created_at: plan.now,
        paid_at: None,
        closed_at: None,
        note: String::new(),
        later: None,
        tax_included: event.charges.tax_included,
        tax_share: Some(event.charges.tax_share),
        voucher: voucher.map(|voucher| voucher.id),
        dispute: None,
        returned: Vec::new(),
        refunded: 0,
        guest: plan.guest.clone(),
        named: false,
        overdue: None,
    };
    fill(tx, &event, &mut order, &tickets, wanted, by.due())?;
    if let Some(details) = &wanted.invoice_details {
        invoices::note_details(tx, order.id, details)?;
    }
    let views = if total.amount == 0 {
        give(tx, &mut order, plan)?
    } else {
        views(&tickets, plan.now)
    };
    tx.insert(&order)?;
    Ok(order.view(views, plan.now))
}

/// The event, if it sells now to such a buyer.
fn event_for(tx: &mut Tx<'_>, plan: &Placing, id: EventId) -> Result<Versioned<Event>, Error> {
    let event = event_in(tx, id)?;
    if event.published_at.is_none() {
        return Err(events::Error::NotFound.into());
    }
    if !event.on_sale(plan.now) {
        return Err(Error::NotOnSale);
    }
    if plan.guest.is_some() && !event.guest_checkout {
        return Err(Error::NoGuests);
    }
    Ok(event)
}

type Bill = Vec<(TicketClass, u32)>;

/// The lines at the prices of this moment: what is frozen with the hold.
fn priced(
    tx: &mut Tx<'_>,
    plan: &Placing,
    bill: &[(TicketClass, u32)],
    voucher: Option<&Voucher>,
    charges: &Charges,
) -> Result<(Vec<Line>, Money), Error> {
    let mut items = Vec::with_capacity(bill.len());
    for (class, quantity) in bill {
        let unit = held_price(tx, class, plan.id, plan.now)?;
        items.push(Item {
            class,
            quantity: *quantity,
            unit,
            discount: voucher.map_or(0, |voucher| voucher.off(class.id, unit)),
        });
    }
    let (lines, total) = price(items, charges)?;
    let total = total.ok_or_else(|| Invalid::field("items", "must not be empty"))?;
    Ok((lines, total))
}

fn refuse_past_list(tx: &mut Tx<'_>, bill: &[(TicketClass, u32)]) -> Result<(), Error> {
    for (class, _) in bill {
        if class.terms.waitlist.is_some() && waitlist::is_waited_for(tx, class.id)? {
            let class = class.name.clone();
            return Err(Error::Waiting { class });
        }
    }
    Ok(())
}

/// Whether the class may be bought like this now; asked before stock is touched where it is known.
fn admit(
    class: &TicketClass,
    quantity: u32,
    voucher: Option<&Voucher>,
    now: Timestamp,
) -> Result<(), Error> {
    let unlocked = voucher.is_some_and(|voucher| voucher.unlocks && voucher.is_for(class.id));
    if class.terms.code_needed && !unlocked {
        let class = class.name.clone();
        return Err(Error::CodeNeeded { class });
    }
    class.admits(quantity, now).map_err(|why| Error::Refused {
        class: class.name.clone(),
        why,
    })
}

fn hold_items(
    tx: &mut Tx<'_>,
    plan: &Placing,
    wanted: &CreateOrder,
    voucher: Option<&Voucher>,
) -> Result<(Bill, Vec<IssuedTicket>), Error> {
    let mut bill = Vec::with_capacity(wanted.items.len());
    let mut tickets = Vec::new();
    for (position, item) in wanted.items.iter().enumerate() {
        let class = tx.get::<TicketClass>(&item.class_id.to_string())?;
        let class = class.filter(|class| class.event_id == wanted.event_id);
        let Some(class) = class.map(Versioned::into_inner) else {
            let field = format!("items[{position}].classId");
            return Err(Invalid::field(field, "not a ticket class of this event").into());
        };
        let (now, until) = (plan.now, plan.expires_at);
        admit(&class, item.quantity, voucher, now)?;
        tickets.extend(claim_class(tx, &class, item.quantity, plan.id, now, until)?);
        bill.push((class, item.quantity));
    }
    Ok((bill, tickets))
}

fn hold_seats(
    tx: &mut Tx<'_>,
    plan: &Placing,
    wanted: &CreateOrder,
    voucher: Option<&Voucher>,
) -> Result<(Bill, Vec<IssuedTicket>), Error> {
    let (now, until) = (plan.now, plan.expires_at);
    let tickets = claim_seats(tx, wanted.event_id, &wanted.seats, plan.id, now, until)?;
    let mut bill: Bill = Vec::new();
    for ticket in &tickets {
        if let Some(line) = bill
            .iter_mut()
            .find(|(class, _)| class.id == ticket.class_id)
        {
            line.1 += 1;
            continue;
        }
        let class = tx.get::<TicketClass>(&ticket.class_id.to_string())?;
        let class = class.ok_or(Error::Inventory(crate::inventory::Error::NoClass))?;
        bill.push((class.into_inner(), 1));
    }
    for (class, quantity) in &bill {
        admit(class, *quantity, voucher, now)?;
    }
    Ok((bill, tickets))
}

/// An order that costs nothing is paid as it is placed.
fn give(
    tx: &mut Tx<'_>,
    order: &mut Order,
    plan: &Placing,
) -> Result<Vec<IssuedTicketView>, Error> {
    let mut held = held_by(tx, order.id, &order.tickets)?;
    sell(tx, &mut held)?;
    order.apply(Step::Pay, plan.now)?;
    confirm(tx, order, plan.job, plan.now)?;
    Ok(held
        .iter()
        .map(|ticket| ticket_view(ticket, plan.now))
        .collect())
}

fn views(tickets: &[IssuedTicket], now: Timestamp) -> Vec<IssuedTicketView> {
    tickets
        .iter()
        .map(|ticket| ticket_view(ticket, now))
        .collect()
}

/// Checks what needs no database.
fn checked(mut wanted: CreateOrder) -> Result<CreateOrder, Invalid> {
    let mut fields = Fields::default();
    if wanted.items.is_empty() == wanted.seats.is_empty() {
        fields.wrong("items", "give either items or seats");
    }
    let mut classes = HashSet::new();
    for (position, item) in wanted.items.iter().enumerate() {
        if item.quantity == 0 || item.quantity > ORDER_TICKETS_MAX {
            let field = format!("items[{position}].quantity");
            fields.wrong(field, format!("must be from 1 to {ORDER_TICKETS_MAX}"));
        }
        if !classes.insert(item.class_id) {
            fields.wrong(format!("items[{position}].classId"), "is named twice");
        }
    }
    let mut seats = HashSet::new();
    for (position, seat) in wanted.seats.iter_mut().enumerate() {
        seat.truncate(seat.trim_end().len());
        if !seats.insert(seat.clone()) {
            fields.wrong(format!("seats[{position}]"), "is named twice");
        }
    }
    let quantity: u64 = wanted
        .items
        .iter()
        .map(|item| u64::from(item.quantity))
        .sum();
    if quantity.max(wanted.seats.len() as u64) > u64::from(ORDER_TICKETS_MAX) {
        let why = format!("an order has at most {ORDER_TICKETS_MAX} tickets");
        fields.wrong("items", why);
    }
    wanted.buyer = checked_buyer(&wanted.buyer, &mut fields);
    if let Some(details) = &wanted.invoice_details {
        let checked = invoices::checked_details("invoiceDetails.", details, &mut fields);
        wanted.invoice_details = Some(checked);
    }
    fields.done(wanted)
}

/// As it is stored; names what is wrong under `buyer.`.
pub(crate) fn checked_buyer(buyer: &Buyer, fields: &mut Fields) -> Buyer {
    Buyer {
        email: checked_email(&buyer.email, fields),
        name: fields.line("buyer.name", &buyer.name, 1, NAME_CHARS_MAX),
    }
}

/// One `@` with something on both sides: more would refuse addresses that work.
fn checked_email(email: &str, fields: &mut Fields) -> String {
    let email = fields.line("buyer.email", email, 3, EMAIL_CHARS_MAX);
    let parts = email.split_once('@');
    let plausible = parts.is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    if !plausible || email.contains(char::is_whitespace) {
        fields.wrong("buyer.email", "must be an e-mail address");
    }
    email
}
