//! Mails about what passes from hand to hand, or from the end of a queue to its head.

use shared::ids::{EventId, OrderId};

use super::{a_title, somebody};
use crate::notices::ink::Ink;
use crate::notices::letter::Letter;
use crate::notices::mail::Mail;

pub(in crate::notices) fn letter(mail: &Mail, ink: Ink<'_>) -> Letter {
    match mail {
        Mail::TicketOffered {
            from,
            event,
            title,
            until,
        } => Letter::new(&format!("A ticket for {title} is offered to you"))
            .say(&format!("{from} offers you their ticket for {title}."))
            .say(&format!(
                "Accept or decline it until {until}, logged in with this e-mail address. \
                 If you have no account yet, make one with this address and confirm it."
            ))
            .link("See the event", ink.event(*event)),
        Mail::OfferAnswered {
            name,
            title,
            to,
            accepted: true,
        } => Letter::new(&format!("Your ticket for {title} was accepted"))
            .hello(name)
            .say(&format!("{to} has your ticket for {title} now. Your own code is no longer good.")),
        Mail::OfferAnswered {
            name, title, to, ..
        } => Letter::new(&format!("Your ticket for {title} was declined"))
            .hello(name)
            .say(&format!("{to} declined your ticket for {title}. It stays yours, and its code is good.")),
        Mail::StockOffered {
            name,
            event,
            title,
            tickets,
            until,
            order,
        } => Letter::new(&format!("Tickets for {title} are free for you"))
            .hello(name)
            .say(&format!("You waited for {title}. What you asked for is held for you until {until}; after that it goes to the next in line."))
            .facts(vec![("Tickets", tickets.to_string()), ("Order", order.to_string())])
            .say("Log in and pay the order to take it.")
            .link("See the event", ink.event(*event)),
        other => Letter::new(other.name()),
    }
}

/// One of each, with invented people.
pub(in crate::notices) fn samples() -> Vec<Mail> {
    let event = EventId::from_bytes([0; 16]);
    vec![
        Mail::TicketOffered {
            from: somebody(),
            event,
            title: a_title(),
            until: "Mon 21 September 2026, 18:02".to_owned(),
        },
        Mail::OfferAnswered {
            name: somebody(),
            title: a_title(),
            to: "an@example.org".to_owned(),
            accepted: true,
        },
        Mail::StockOffered {
            name: somebody(),
            event,
            title: a_title(),
            tickets: 2,
            until: "Mon 21 September 2026, 18:02".to_owned(),
            order: OrderId::from_bytes([0; 16]),
        },
    ]
}
