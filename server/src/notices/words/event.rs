//! Mails about an event: what is another, that it is near, that it is off.

use shared::ids::EventId;

use super::{a_title, somebody};
use crate::notices::ink::Ink;
use crate::notices::letter::Letter;
use crate::notices::mail::Mail;

pub(in crate::notices) fn letter(mail: &Mail, ink: Ink<'_>) -> Letter {
    match mail {
        Mail::EventNews {
            event,
            title,
            words,
        } => Letter::new(&format!("News about {title}"))
            .quote(words)
            .link("See the event", ink.event(*event)),
        Mail::EventSoon { event, title, when } => Letter::new(&format!("{title} is near"))
            .say(&format!(
                "{title} begins {when}. Have your ticket ready at the gate."
            ))
            .link("See the event", ink.event(*event)),
        Mail::EventCancelled {
            name,
            title,
            reason,
            follows,
        } => Letter::new(&format!("{title} is cancelled"))
            .hello(name)
            .say(&format!("We are sorry: {title} will not take place."))
            .quote(reason)
            .say(follows),
        other => Letter::new(other.name()),
    }
}

/// One of each, with invented people.
pub(in crate::notices) fn samples() -> Vec<Mail> {
    let event = EventId::from_bytes([0; 16]);
    vec![
        Mail::EventNews {
            event,
            title: a_title(),
            words: "Doors open an hour later.\nPlease use the north gate.".to_owned(),
        },
        Mail::EventSoon {
            event,
            title: a_title(),
            when: "tomorrow at 19:00".to_owned(),
        },
        Mail::EventCancelled {
            name: somebody(),
            title: a_title(),
            reason: "A storm has damaged the roof.".to_owned(),
            follows: "What you paid goes back to you.".to_owned(),
        },
    ]
}
