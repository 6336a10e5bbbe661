//! Mails about an order and its money.

use shared::ids::OrderId;

use super::{a_title, somebody};
use crate::notices::ink::Ink;
use crate::notices::letter::Letter;
use crate::notices::mail::{FoundOrder, Mail};

pub(in crate::notices) fn letter(mail: &Mail, ink: Ink<'_>) -> Letter {
    match mail {
        Mail::OrderPaid {
            buyer,
            event,
            tickets,
            total,
            order,
            guest,
        } => {
            let letter = Letter::new(&format!("Your tickets for {event}"))
                .hello(buyer)
                .say(&format!("Your order for {event} is paid."))
                .facts(vec![
                    ("Tickets", tickets.to_string()),
                    ("Paid", total.clone()),
                    ("Order", order.to_string()),
                ])
                .say("Claim each ticket with the name of the person who will come.");
            if *guest {
                letter
                    .link("See your order", ink.order(*order))
                    .say("Whoever has this link has your tickets: keep it to yourself.")
            } else {
                letter
            }
        }
        Mail::FoundOrders { orders } => {
            let letter = Letter::new("Your orders")
                .say("Somebody asked for the orders that were made with this address.");
            let letter = orders.iter().fold(letter, |letter, found| {
                letter
                    .say(&found.event)
                    .link("See the order", ink.order(found.order))
            });
            letter
                .say("Whoever has a link has its tickets: keep it to yourself.")
                .say("If you did not ask for this, do nothing.")
        }
        Mail::OrderRefunded {
            name,
            title,
            reason,
            tickets,
            back,
            order,
        } => Letter::new(&format!("Your money for {title} goes back"))
            .hello(name)
            .say(&format!("Tickets of yours for {title} were cancelled, and what was paid for them goes back to you."))
            .quote(reason)
            .facts(vec![
                ("Tickets", tickets.to_string()),
                ("Back to you", back.clone()),
                ("Order", order.to_string()),
            ])
            .say("The codes of these tickets are no longer good."),
        Mail::PaymentDisputed {
            name,
            title,
            amount,
            order,
            stands,
        } => Letter::new(&format!("A payment for {title} is disputed"))
            .hello(name)
            .say(stands)
            .facts(vec![
                ("Amount", amount.clone()),
                ("Order", order.to_string()),
            ]),
        other => Letter::new(other.name()),
    }
}

/// One of each, with invented people.
pub(in crate::notices) fn samples() -> Vec<Mail> {
    vec![
        Mail::OrderPaid {
            buyer: somebody(),
            event: a_title(),
            tickets: 2,
            total: "500000 VND".to_owned(),
            order: OrderId::from_bytes([0; 16]),
            guest: true,
        },
        Mail::FoundOrders {
            orders: vec![FoundOrder {
                event: a_title(),
                order: OrderId::from_bytes([0; 16]),
            }],
        },
        Mail::OrderRefunded {
            name: somebody(),
            title: a_title(),
            reason: "As you asked for.".to_owned(),
            tickets: 1,
            back: "250000 VND".to_owned(),
            order: OrderId::from_bytes([0; 16]),
        },
        Mail::PaymentDisputed {
            name: somebody(),
            title: a_title(),
            amount: "250,000 VND".to_owned(),
            order: OrderId::from_bytes([0; 16]),
            stands: "The bank has decided for you: the money is yours.".to_owned(),
        },
    ]
}
