//! What went wrong, as a sentence for staff. The detail goes to the log.

use std::borrow::Cow;

use scanner_core::{Error, Kind};
use serde::Serialize;

/// A sentence that says what to do next.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Problem(Cow<'static, str>);

impl Problem {
    /// The work behind a command ended without an answer.
    pub(crate) const BROKEN_OFF: Self =
        Self::of("Something went wrong on this device. Try again, or use another device.");
    pub(crate) const NOT_ENROLLED: Self =
        Self::of("This device is not set up yet. Ask the organizer for a set-up link.");

    /// What staff gave to be called is nobody's address.
    pub(crate) const NO_ADDRESS: Self =
        Self::of("This is no address of a device. Write it like 192.168.1.20:7411.");

    const fn of(sentence: &'static str) -> Self {
        Self(Cow::Borrowed(sentence))
    }

    /// What a supervisor asked for was not done: the core says why in a sentence.
    pub(crate) fn at_the_gate(error: Error) -> Self {
        match error.kind() {
            Kind::Denied | Kind::Input => Self(Cow::Owned(error.to_string())),
            _ => error.into(),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        tracing::warn!(%error, kind = error.kind().as_str(), "a command failed");
        sentence(error.kind(), error.refusal_code())
    }
}

fn sentence(kind: Kind, refusal_code: Option<&str>) -> Problem {
    Problem::of(match kind {
        Kind::NotEnrolled => return Problem::NOT_ENROLLED,
        Kind::AlreadyEnrolled => "This device is already set up.",
        Kind::Unreadable => {
            "This device cannot read or write its data. Use another device, and call support."
        }
        Kind::InUse => "Another program is using this device's data. Close it, then try again.",
        Kind::Unreachable => {
            "The server cannot be reached. Check this device's network, then try again."
        }
        Kind::Refused => refused(refusal_code.unwrap_or_default()),
        Kind::Untrusted => {
            "The answer did not come from this event's server. Ask the organizer for a new link."
        }
        Kind::Denied => "That needs a supervisor.",
        Kind::NotYet => "That cannot be done yet.",
        Kind::Input => "This is not a set-up link. Paste the whole link that the organizer sent.",
    })
}

/// By the server's stable code.
fn refused(code: &str) -> &'static str {
    match code {
        "code_unknown" | "code_expired" => {
            "This link is no longer valid. Ask the organizer for a new one."
        }
        "code_used" => "This link was used before. If that was not you, tell the organizer.",
        "device_evicted" | "unknown_device" => {
            "The organizer has removed this device from the event."
        }
        "challenge_stale" | "busy" | "rate_limited" => {
            "The server is busy. Wait a moment, then try again."
        }
        _ => "The server said no. Ask the organizer for a new link.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_sentences_for_staff() {
        let kinds = [
            Kind::NotEnrolled,
            Kind::AlreadyEnrolled,
            Kind::Unreadable,
            Kind::InUse,
            Kind::Unreachable,
            Kind::Untrusted,
            Kind::Denied,
            Kind::NotYet,
            Kind::Input,
        ];
        let codes = [
            "code_unknown",
            "code_expired",
            "code_used",
            "device_evicted",
            "busy",
            "http",
        ];
        let plain = kinds.map(|kind| sentence(kind, None));
        let refusals = codes.map(|code| sentence(Kind::Refused, Some(code)));
        for Problem(text) in plain.into_iter().chain(refusals) {
            assert!(
                text.starts_with(char::is_uppercase) && text.ends_with('.'),
                "{text}"
            );
            assert!(
                text.contains(' ') && !text.contains(['_', ':', '{', '(']),
                "{text}"
            );
        }
    }

    #[test]
    fn a_used_link_is_told_from_a_late_one() {
        let used = sentence(Kind::Refused, Some("code_used"));
        assert_ne!(used, sentence(Kind::Refused, Some("code_expired")));
    }
}
