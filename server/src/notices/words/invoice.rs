//! Mails about invoices and credit notes.

use serde::{Deserialize, Serialize};
use shared::ids::OrderId;

use super::{a_title, somebody};
use crate::notices::ink::Ink;
use crate::notices::letter::Letter;
use crate::notices::mail::Mail;

/// An invoice or a credit note was issued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvoiceMail {
    pub name: String,
    pub title: String,
    pub number: String,
    pub is_credit: bool,
    pub total: String,
    pub seller: String,
    pub order: OrderId,
    /// The buyer has no account: the mail brings the order's own link.
    pub guest: bool,
}

impl InvoiceMail {
    pub(in crate::notices) fn letter(&self, ink: Ink<'_>) -> Letter {
        let (what, sum) = if self.is_credit {
            ("credit note", "Back to you")
        } else {
            ("invoice", "Total")
        };
        let Self { title, number, .. } = self;
        let letter = Letter::new(&format!("Your {what} {number} for {title}"))
            .hello(&self.name)
            .say(&format!(
                "{} has issued {what} {number} for {title}.",
                self.seller
            ))
            .facts(vec![
                ("Number", number.clone()),
                (sum, self.total.clone()),
                ("Order", self.order.to_string()),
            ]);
        if self.guest {
            letter
                .link("Print it", format!("{}/papers", ink.order(self.order)))
                .say("Whoever has this link has your tickets: keep it to yourself.")
        } else {
            letter.say("It is with your order, as a page to print.")
        }
    }
}

pub(in crate::notices) fn samples() -> Vec<Mail> {
    let mail = InvoiceMail {
        name: somebody(),
        title: a_title(),
        number: "NHL-2026-000042".to_owned(),
        is_credit: false,
        total: "500,000 VND".to_owned(),
        seller: "Nhà hát Lớn".to_owned(),
        order: OrderId::from_bytes([0; 16]),
        guest: true,
    };
    vec![Mail::Invoice(mail)]
}
