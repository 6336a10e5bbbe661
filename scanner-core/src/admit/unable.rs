//! Answers that no ticket stands behind: the device cannot decide, or cannot record what it decided.

use shared::admission::{Outcome, Reason, Verdict};
use shared::time::Timestamp;

use super::Scanned;
use crate::error::{Cause, Error};

/// Of a device that has nothing to judge by.
pub(super) fn refusal(at: Timestamp, reason: Reason, explanation: &str) -> Verdict {
    Verdict {
        verdict: Outcome::Refuse,
        reason,
        also: Vec::new(),
        serial: None,
        generation: None,
        class: None,
        seat: None,
        holder: None,
        explanation: explanation.to_owned(),
        earlier: None,
        at,
        durable: false,
        us: 0,
    }
}

/// The device failed, not the ticket: the house rule "recorded before shown" cannot be kept.
pub(super) fn refuse_all(count: usize, now: Timestamp, cause: Cause) -> Vec<Scanned> {
    let explanation = match &cause {
        Cause::InUse(_) => {
            "Another program scans with this device's data. Close it, then scan again."
        }
        Cause::Cut(_) => {
            "This device's data was put back from a copy. Connect it and sync, then scan again."
        }
        _ => "This device could not record the entry. Use another device, and call support.",
    };
    let mut error = Some(Error::from(cause));
    (0..count)
        .map(|_| Scanned {
            verdict: refusal(now, Reason::Rule, explanation),
            error: error.take(),
            notes: Vec::new(),
            questions: Vec::new(),
        })
        .collect()
}

/// One reading has one answer; should there be none, nobody is let in.
pub(super) fn unreachable_answer(now: Timestamp) -> Scanned {
    Scanned {
        verdict: refusal(now, Reason::Rule, "No answer was found. Scan again."),
        error: None,
        notes: Vec::new(),
        questions: Vec::new(),
    }
}
