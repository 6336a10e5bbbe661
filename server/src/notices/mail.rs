//! Every mail there is, as a value with what it says; pure.
//!
//! Invariant: a mail holds ids and words, never a secret. A link that opens an account is derived
//! when the mail is shown or sent ([`Ink`]), so that the outbox gives nothing away.

use serde::{Deserialize, Serialize};
use shared::api::notices::Topic;
use shared::ids::{EventId, OneTimeId, OrderId};

use super::letter::Letter;
use super::papers::{FoundOrder, InvoiceMail};
use crate::orders::guest_token;
use crate::platform::vault::Vault;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Mail {
    /// Of a server that had no templates yet.
    Plain {
        subject: String,
        text: String,
    },
    OrderPaid {
        buyer: String,
        event: String,
        tickets: usize,
        total: String,
        order: OrderId,
        /// The buyer has no account: the mail brings the order's own link.
        #[serde(default)]
        guest: bool,
    },
    /// To guests who have lost their links.
    FoundOrders {
        orders: Vec<FoundOrder>,
    },
    Invoice(InvoiceMail),
    VerifyAddress {
        name: String,
        token: OneTimeId,
    },
    ResetPassword {
        name: String,
        token: OneTimeId,
    },
    PasswordChanged {
        name: String,
    },
    /// To the old address.
    AddressChanged {
        name: String,
    },
    Invitation {
        organization: String,
        inviter: String,
        role: String,
        token: OneTimeId,
    },
    EventNews {
        event: EventId,
        title: String,
        words: String,
    },
    EventSoon {
        event: EventId,
        title: String,
        when: String,
    },
    /// To the organizer.
    PaymentDisputed {
        name: String,
        title: String,
        amount: String,
        order: OrderId,
        /// How it stands, and what to do.
        stands: String,
    },
    EventCancelled {
        name: String,
        title: String,
        reason: String,
        /// What becomes of the reader's money or ticket.
        follows: String,
    },
    /// For some tickets of an order, or all.
    OrderRefunded {
        name: String,
        title: String,
        reason: String,
        tickets: u32,
        back: String,
        order: OrderId,
    },
    TicketOffered {
        from: String,
        event: EventId,
        title: String,
        until: String,
    },
    /// To whoever offered a ticket.
    OfferAnswered {
        name: String,
        title: String,
        to: String,
        accepted: bool,
    },
    /// To whoever waited.
    StockOffered {
        name: String,
        event: EventId,
        title: String,
        tickets: u32,
        until: String,
        order: OrderId,
    },
}

/// What a one-time link does. Its name is in the address, and keys its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens {
    Verify,
    Reset,
    Join,
}

impl Opens {
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Join => "join",
        }
    }
}

/// What a letter is written with.
#[derive(Clone, Copy)]
pub(super) struct Ink<'a> {
    pub(super) public_url: &'a str,
    /// Without it links are left out: for eyes other than the reader's.
    pub(super) vault: Option<&'a Vault>,
}

impl Ink<'_> {
    fn link(self, opens: Opens, token: OneTimeId) -> String {
        let purpose = opens.purpose();
        let token = self.vault.map_or("…".to_owned(), |vault| {
            vault.token(purpose, token.as_bytes())
        });
        format!("{}/account/{purpose}/{token}", self.public_url)
    }

    pub(super) fn order(self, order: OrderId) -> String {
        let token = self
            .vault
            .map_or("…".to_owned(), |vault| guest_token(vault, order));
        format!("{}/guest/{token}", self.public_url)
    }

    fn event(self, event: EventId) -> String {
        format!("{}/events/{event}", self.public_url)
    }
}

impl Mail {
    /// Its template's name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Plain { .. } => "plain",
            Self::OrderPaid { .. } => "order_paid",
            Self::FoundOrders { .. } => "found_orders",
            Self::Invoice(_) => "invoice",
            Self::VerifyAddress { .. } => "verify_address",
            Self::ResetPassword { .. } => "reset_password",
            Self::PasswordChanged { .. } => "password_changed",
            Self::AddressChanged { .. } => "address_changed",
            Self::Invitation { .. } => "invitation",
            Self::EventNews { .. } => "event_news",
            Self::EventSoon { .. } => "event_soon",
            Self::PaymentDisputed { .. } => "payment_disputed",
            Self::EventCancelled { .. } => "event_cancelled",
            Self::OrderRefunded { .. } => "order_refunded",
            Self::TicketOffered { .. } => "ticket_offered",
            Self::OfferAnswered { .. } => "offer_answered",
            Self::StockOffered { .. } => "stock_offered",
        }
    }

    /// What its reader can choose not to get; `None`: it always comes.
    pub const fn topic(&self) -> Option<Topic> {
        match self {
            Self::EventNews { .. } => Some(Topic::EventChanges),
            Self::EventSoon { .. } => Some(Topic::Reminders),
            Self::StockOffered { .. } => Some(Topic::Offers),
            Self::Plain { .. }
            | Self::OrderPaid { .. }
            | Self::FoundOrders { .. }
            | Self::Invoice(_)
            | Self::VerifyAddress { .. }
            | Self::ResetPassword { .. }
            | Self::PasswordChanged { .. }
            | Self::AddressChanged { .. }
            | Self::Invitation { .. }
            | Self::PaymentDisputed { .. }
            | Self::EventCancelled { .. }
            | Self::OrderRefunded { .. }
            | Self::TicketOffered { .. }
            | Self::OfferAnswered { .. } => None,
        }
    }

    pub(super) fn letter(&self, ink: Ink<'_>) -> Letter {
        match self {
            Self::Plain { subject, text } => Letter::new(subject).quote(text),
            Self::OrderPaid { .. } | Self::FoundOrders { .. } => self.about_an_order(ink),
            Self::Invoice(invoice) => invoice.letter(ink),
            Self::VerifyAddress { name, token } => Letter::new("Confirm your e-mail address")
                .hello(name)
                .say("Please confirm that this address is yours. The link works once, for a day.")
                .link("Confirm", ink.link(Opens::Verify, *token))
                .say("If you did not ask for this, do nothing."),
            Self::ResetPassword { name, token } => Letter::new("Set a new password")
                .hello(name)
                .say("Somebody asked for a new password for your account. The link works once, for an hour.")
                .link("Set a new password", ink.link(Opens::Reset, *token))
                .say("If it was not you, do nothing: your password stays as it is."),
            Self::PasswordChanged { name } => Letter::new("Your password was changed")
                .hello(name)
                .say("The password of your account was changed, and all other logins have ended.")
                .say("If it was not you, ask for a new password at once."),
            Self::AddressChanged { name } => Letter::new("Your e-mail address was changed")
                .hello(name)
                .say("Mails for your account now go to another address.")
                .say("If it was not you, write to us at once."),
            Self::Invitation {
                organization,
                inviter,
                role,
                token,
            } => Letter::new(&format!("Join {organization}"))
                .say(&format!("{inviter} invites you to work for {organization}, as {role}."))
                .link("Accept", ink.link(Opens::Join, *token))
                .say("The link works once, for seven days, for an account with this e-mail address."),
            Self::EventNews {
                event,
                title,
                words,
            } => Letter::new(&format!("News about {title}"))
                .quote(words)
                .link("See the event", ink.event(*event)),
            Self::EventSoon { event, title, when } => Letter::new(&format!("{title} is near"))
                .say(&format!("{title} begins {when}. Have your ticket ready at the gate."))
                .link("See the event", ink.event(*event)),
            Self::EventCancelled { .. }
            | Self::OrderRefunded { .. }
            | Self::PaymentDisputed { .. } => self.about_an_end(),
            Self::TicketOffered { .. } | Self::OfferAnswered { .. } | Self::StockOffered { .. } => {
                self.about_an_offer(ink)
            }
        }
    }

    /// What does not take place, for all or for somebody.
    fn about_an_end(&self) -> Letter {
        match self {
            Self::EventCancelled {
                name,
                title,
                reason,
                follows,
            } => Letter::new(&format!("{title} is cancelled"))
                .hello(name)
                .say(&format!("We are sorry: {title} will not take place."))
                .quote(reason)
                .say(follows),
            Self::OrderRefunded {
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
            Self::PaymentDisputed {
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

    fn about_an_order(&self, ink: Ink<'_>) -> Letter {
        match self {
            Self::OrderPaid {
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
            Self::FoundOrders { orders } => {
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
            other => Letter::new(other.name()),
        }
    }

    /// What passes from hand to hand, or from the end of a queue to its head.
    fn about_an_offer(&self, ink: Ink<'_>) -> Letter {
        match self {
            Self::TicketOffered {
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
            Self::OfferAnswered {
                name,
                title,
                to,
                accepted: true,
            } => Letter::new(&format!("Your ticket for {title} was accepted"))
                .hello(name)
                .say(&format!("{to} has your ticket for {title} now. Your own code is no longer good.")),
            Self::OfferAnswered {
                name, title, to, ..
            } => Letter::new(&format!("Your ticket for {title} was declined"))
                .hello(name)
                .say(&format!("{to} declined your ticket for {title}. It stays yours, and its code is good.")),
            Self::StockOffered {
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
    pub(super) fn samples() -> Vec<Self> {
        let token = OneTimeId::from_bytes([0; 16]);
        let event = EventId::from_bytes([0; 16]);
        let name = || "Nguyễn Thị Mai".to_owned();
        let title = || "Đêm nhạc mùa thu".to_owned();
        let mut samples = vec![
            Self::OrderPaid {
                buyer: name(),
                event: title(),
                tickets: 2,
                total: "500000 VND".to_owned(),
                order: OrderId::from_bytes([0; 16]),
                guest: true,
            },
            Self::FoundOrders {
                orders: vec![FoundOrder {
                    event: title(),
                    order: OrderId::from_bytes([0; 16]),
                }],
            },
            Self::Invoice(InvoiceMail::sample()),
            Self::VerifyAddress {
                name: name(),
                token,
            },
            Self::ResetPassword {
                name: name(),
                token,
            },
            Self::PasswordChanged { name: name() },
            Self::AddressChanged { name: name() },
            Self::Invitation {
                organization: "Nhà hát Lớn".to_owned(),
                inviter: name(),
                role: "manager".to_owned(),
                token,
            },
            Self::EventNews {
                event,
                title: title(),
                words: "Doors open an hour later.\nPlease use the north gate.".to_owned(),
            },
            Self::EventSoon {
                event,
                title: title(),
                when: "tomorrow at 19:00".to_owned(),
            },
            Self::EventCancelled {
                name: name(),
                title: title(),
                reason: "A storm has damaged the roof.".to_owned(),
                follows: "What you paid goes back to you.".to_owned(),
            },
            Self::OrderRefunded {
                name: name(),
                title: title(),
                reason: "As you asked for.".to_owned(),
                tickets: 1,
                back: "250000 VND".to_owned(),
                order: OrderId::from_bytes([0; 16]),
            },
        ];
        samples.extend(Self::samples_of_offers());
        samples
    }

    fn samples_of_offers() -> Vec<Self> {
        let event = EventId::from_bytes([0; 16]);
        let name = || "Nguyễn Thị Mai".to_owned();
        let title = || "Đêm nhạc mùa thu".to_owned();
        vec![
            Self::PaymentDisputed {
                name: name(),
                title: title(),
                amount: "250,000 VND".to_owned(),
                order: OrderId::from_bytes([0; 16]),
                stands: "The bank has decided for you: the money is yours.".to_owned(),
            },
            Self::TicketOffered {
                from: name(),
                event,
                title: title(),
                until: "Mon 21 September 2026, 18:02".to_owned(),
            },
            Self::OfferAnswered {
                name: name(),
                title: title(),
                to: "an@example.org".to_owned(),
                accepted: true,
            },
            Self::StockOffered {
                name: name(),
                event,
                title: title(),
                tickets: 2,
                until: "Mon 21 September 2026, 18:02".to_owned(),
                order: OrderId::from_bytes([0; 16]),
            },
        ]
    }
}
