//! What was told of an event's gates, and what stands there; pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use shared::api::check_in::AlertMails;
use shared::api::live::{AlertKind, LiveAlert};
use shared::ids::EventId;
use shared::time::Timestamp;

use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// An event's people get at most one mail in this time.
pub(super) const MAIL_EVERY_SECS: i64 = 600;
/// Troubles come together: the first mail waits for what follows at once.
const GATHER_SECS: i64 = 10;
/// Looked at from so long before doors open.
const HOURS_BEFORE_SECS: i64 = 3 * 3_600;

/// Something that was told, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub event: EventId,
    /// Tells it from the same alert of another time.
    pub told_at: Timestamp,
    /// As the live view showed it then.
    pub alert: LiveAlert,
    /// What gate and device were called.
    pub gate: Option<String>,
    pub device: Option<String>,
    pub mail: Mailing,
    pub over_at: Option<Timestamp>,
}

/// Whether it comes by mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Mailing {
    /// The event's settings leave it to webhooks.
    Never,
    /// With the next mail.
    Waits,
    Told {
        at: Timestamp,
    },
}

impl Mailing {
    const fn word(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Waits => WAITS,
            Self::Told { .. } => "told",
        }
    }
}

/// The stored word of what the next mail takes along.
pub(super) const WAITS: &str = "waits";

impl Alert {
    /// The name of an alert (`about`, as the live view names it) of that time.
    pub(super) fn name(event: EventId, about: &str, told_at: Timestamp) -> String {
        format!("{event}:{about}:{}", told_at.as_millis())
    }
}

impl Entity for Alert {
    const COLLECTION: Collection = Collection {
        name: "gate_alerts",
        fields: &[
            Field::text("event_id"),
            Field::text("mail"),
            Field::int("told_at"),
        ],
        indexes: &[Index::on("by_mail", &["event_id", "mail", "told_at"])],
    };
    fn id(&self) -> String {
        Self::name(self.event, &self.alert.id, self.told_at)
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![
            self.event.into(),
            self.mail.word().into(),
            self.told_at.into(),
        ]
    }
}

/// What stands at an event's gates, as the last look found it, and when its people had a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    event: EventId,
    /// Alerts that no incident stands for, by name, and when they were told.
    standing: BTreeMap<String, Timestamp>,
    /// Of the last look that found something else than the one before.
    looked_at: Option<Timestamp>,
    pub(super) mailed_at: Option<Timestamp>,
}

/// What a look found to be different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    pub(super) begun: BTreeSet<String>,
    /// With when they had been told.
    pub(super) over: Vec<(String, Timestamp)>,
}

impl Watch {
    pub(super) const fn new(event: EventId) -> Self {
        Self {
            event,
            standing: BTreeMap::new(),
            looked_at: None,
            mailed_at: None,
        }
    }

    /// Takes in what was found at `now`. Nothing is news to a look that is older than one that was
    /// taken in already: another server was faster.
    pub(super) fn look(&mut self, found: &BTreeSet<String>, now: Timestamp) -> News {
        if self.looked_at.is_some_and(|at| at > now) {
            return News::default();
        }
        let is_new = |name: &&String| !self.standing.contains_key(*name);
        let begun: BTreeSet<String> = found.iter().filter(is_new).cloned().collect();
        let is_over = |(name, _): &(&String, &Timestamp)| !found.contains(*name);
        let over = self.standing.iter().filter(is_over);
        let over: Vec<_> = over.map(|(name, at)| (name.clone(), *at)).collect();
        for (name, _) in &over {
            self.standing.remove(name);
        }
        let told = begun.iter().map(|name| (name.clone(), now));
        self.standing.extend(told);
        if !(begun.is_empty() && over.is_empty()) {
            self.looked_at = Some(now);
        }
        News { begun, over }
    }

    /// When the next mail may go.
    pub(super) fn mail_at(&self, now: Timestamp) -> Timestamp {
        let soon = now.plus_secs(GATHER_SECS);
        self.mail_after().map_or(soon, |at| at.max(soon))
    }

    /// Until when the mail before keeps the next one back.
    pub(super) fn mail_after(&self) -> Option<Timestamp> {
        self.mailed_at.map(|at| at.plus_secs(MAIL_EVERY_SECS))
    }
}

impl Entity for Watch {
    const COLLECTION: Collection = Collection {
        name: "gate_watches",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.event.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// Since when an event's gates are looked at: devices are set up by then.
pub(super) fn begins(start: Timestamp, doors: Option<Timestamp>) -> Timestamp {
    let first = doors.map_or(start, |doors| doors.min(start));
    first.plus_secs(-HOURS_BEFORE_SECS)
}

/// Alerts of an incident are told when the incident is stored; no look tells them.
pub(super) const fn is_of_incident(kind: AlertKind) -> bool {
    match kind {
        AlertKind::SameTicketTwice
        | AlertKind::ForgedCodes
        | AlertKind::EvictedDeviceSpoke
        | AlertKind::Quarantined
        | AlertKind::LogCut
        | AlertKind::LogForked
        | AlertKind::UnprovenScan
        | AlertKind::CodeReused => true,
        AlertKind::Surge
        | AlertKind::Guessing
        | AlertKind::SilentDevice
        | AlertKind::WrongClock
        | AlertKind::AwaitingConfirmation => false,
    }
}

/// Whether it comes by mail.
pub(super) const fn is_mailed(wanted: AlertMails, kind: AlertKind) -> bool {
    match wanted {
        AlertMails::Off => false,
        AlertMails::All => true,
        AlertMails::Serious => is_of_incident(kind) || matches!(kind, AlertKind::SilentDevice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn names(of: &[&str]) -> BTreeSet<String> {
        of.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn what_stands_is_news_once_and_again_after_it_was_over() {
        // V10
        let mut watch = Watch::new(EventId::from_bytes([1; 16]));
        let mut look = |found: &[&str], minute: i64| {
            let news = watch.look(&names(found), NOW.plus_secs(60 * minute));
            let over: Vec<String> = news.over.into_iter().map(|(name, _)| name).collect();
            (Vec::from_iter(news.begun), over)
        };
        let none: Vec<String> = Vec::new();
        let of = |name: &str| vec![name.to_owned()];
        assert_eq!(look(&["a"], 1), (of("a"), none.clone()));
        assert_eq!(look(&["a"], 2), (none.clone(), none.clone()), "it stands");
        assert_eq!(look(&["a", "b"], 3), (of("b"), none.clone()));
        assert_eq!(look(&["b"], 4), (none.clone(), of("a")));
        assert_eq!(look(&["b"], 5), (none.clone(), none.clone()));
        assert_eq!(
            look(&["a", "b"], 6),
            (of("a"), none.clone()),
            "it came back"
        );
        // A slower server's look is of before.
        assert_eq!(look(&["b", "c"], 5), (none.clone(), none.clone()));
        assert_eq!(look(&["a", "b"], 7), (none.clone(), none));
    }

    #[test]
    fn what_is_over_names_when_it_was_told() {
        // V10
        let mut watch = Watch::new(EventId::from_bytes([1; 16]));
        let told = NOW.plus_secs(5);
        watch.look(&names(&["a"]), told);
        let news = watch.look(&names(&[]), NOW.plus_secs(90));
        assert_eq!(news.over, [("a".to_owned(), told)]);
    }

    #[test]
    fn a_mail_waits_for_what_follows_and_for_the_one_before() {
        // V10
        let mut watch = Watch::new(EventId::from_bytes([1; 16]));
        assert_eq!(watch.mail_at(NOW), NOW.plus_secs(10));
        watch.mailed_at = Some(NOW);
        assert_eq!(watch.mail_at(NOW.plus_secs(60)), NOW.plus_secs(600));
        assert_eq!(watch.mail_at(NOW.plus_secs(595)), NOW.plus_secs(605));
        assert_eq!(watch.mail_at(NOW.plus_secs(9_000)), NOW.plus_secs(9_010));
    }

    #[test]
    fn mails_are_for_what_is_serious_unless_the_event_says_otherwise() {
        // V10
        let kinds = [
            (AlertKind::SameTicketTwice, true),
            (AlertKind::ForgedCodes, true),
            (AlertKind::EvictedDeviceSpoke, true),
            (AlertKind::Quarantined, true),
            (AlertKind::LogCut, true),
            (AlertKind::LogForked, true),
            (AlertKind::UnprovenScan, true),
            (AlertKind::CodeReused, true),
            (AlertKind::SilentDevice, true),
            (AlertKind::Surge, false),
            (AlertKind::Guessing, false),
            (AlertKind::WrongClock, false),
            (AlertKind::AwaitingConfirmation, false),
        ];
        for (kind, is_serious) in kinds {
            assert_eq!(is_mailed(AlertMails::Serious, kind), is_serious, "{kind:?}");
            assert!(is_mailed(AlertMails::All, kind), "{kind:?}");
            assert!(!is_mailed(AlertMails::Off, kind), "{kind:?}");
        }
    }

    #[test]
    fn an_event_is_watched_from_hours_before_its_doors() {
        // V10
        let hours = |hours: i64| NOW.plus_secs(3_600 * hours);
        assert_eq!(begins(hours(20), None), hours(17));
        assert_eq!(begins(hours(20), Some(hours(12))), hours(9));
        assert_eq!(
            begins(hours(20), Some(hours(22))),
            hours(17),
            "a later day's"
        );
    }
}
