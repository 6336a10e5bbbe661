//! Mails about what happens at an event's gates.

use serde::{Deserialize, Serialize};
use shared::ids::EventId;

use super::{a_title, somebody};
use crate::notices::ink::Ink;
use crate::notices::letter::Letter;
use crate::notices::mail::Mail;

/// What came since the mail before, to whoever runs the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateAlertsMail {
    pub name: String,
    pub event: EventId,
    pub title: String,
    /// In the order they were noticed.
    pub alerts: Vec<AlertLine>,
    /// Others had no room in this mail.
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertLine {
    /// As people at the event read the time.
    pub at: String,
    pub gate: Option<String>,
    pub says: String,
    /// Since when there is nothing to do about it any more.
    pub over: Option<String>,
}

impl GateAlertsMail {
    pub(in crate::notices) fn letter(&self, ink: Ink<'_>) -> Letter {
        let letter = Letter::new(&format!("Alerts at the gates of {}", self.title))
            .hello(&self.name)
            .say(&format!(
                "This is new at the gates of {}. Times are the event's.",
                self.title
            ));
        let mut letter = self.alerts.iter().fold(letter, |letter, line| {
            let over = line.over.as_ref();
            let over = over.map_or_else(String::new, |at| format!(" Over since {at}."));
            let gate = line.gate.as_ref();
            let gate = gate.map_or_else(String::new, |gate| format!(", {gate}"));
            letter.say(&format!("{}{gate}: {}{over}", line.at, line.says))
        });
        if self.more {
            letter = letter.say("There is more than fits here: the rest comes with the next mail.");
        }
        letter
            .link("Watch the gates", format!("{}/live", ink.event(self.event)))
            .say("What comes within the next ten minutes is gathered into one mail.")
    }
}

pub(in crate::notices) fn samples() -> Vec<Mail> {
    let line = |at: &str, says: &str, over: Option<&str>| AlertLine {
        at: at.to_owned(),
        gate: Some("Gate B".to_owned()),
        says: says.to_owned(),
        over: over.map(str::to_owned),
    };
    vec![Mail::GateAlerts(GateAlertsMail {
        name: somebody(),
        event: EventId::from_bytes([0; 16]),
        title: a_title(),
        alerts: vec![
            line(
                "Mon 21 September 2026, 19:42",
                "Ticket 1207 came in twice: first at North 1 (Gate A), then at South 1 (Gate B).",
                None,
            ),
            line(
                "Mon 21 September 2026, 19:44",
                "South 1 has not been heard of for minutes.",
                Some("Mon 21 September 2026, 19:49"),
            ),
        ],
        more: false,
    })]
}
