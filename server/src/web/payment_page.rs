//! Where a payer comes back to. What the gateway put into the address is nobody's word: the page says
//! what we know, and looks again by itself while that is nothing yet.

use maud::{Markup, html};
use shared::api::payments::PaymentStatus;

use super::layout;
use crate::payments::model::Payment;

/// Seconds between two looks of a page that waits.
const LOOK_SECS: u32 = 3;

pub(super) fn page(payment: &Payment) -> Markup {
    let waits = payment.status == PaymentStatus::Pending;
    let (headline, detail) = words(payment);
    let head = html! {
        meta name="robots" content="noindex";
        @if waits { meta http-equiv="refresh" content=(LOOK_SECS); }
    };
    let content = html! {
        h1 { (headline) }
        p role="status" { (detail) }
        p.quiet { "Amount: " (payment.amount) }
    };
    layout::framed("Your payment", None, &head, &content)
}

fn words(payment: &Payment) -> (&'static str, &'static str) {
    match payment.status {
        PaymentStatus::Pending if payment.received.is_some() => (
            "A part arrived",
            "The transfers so far are less than the price. Transfer the rest, or let it be: what came goes back to you when the order ends.",
        ),
        PaymentStatus::Pending => (
            "Waiting for your bank",
            "This page looks again by itself. You may close it: the tickets come by mail.",
        ),
        PaymentStatus::Paid => ("Paid. Thank you!", "Your tickets are on their way by mail."),
        PaymentStatus::Cancelled => (
            "Nothing was charged",
            "This payment was given up. If you paid all the same, the money buys the tickets while there are any, or goes back to you.",
        ),
        PaymentStatus::RefundDue => (
            "Your money goes back",
            "It bought no tickets, or the organizer gave them up. You get it back.",
        ),
        PaymentStatus::Refunded => ("Your money is back", "It was returned to you."),
    }
}
