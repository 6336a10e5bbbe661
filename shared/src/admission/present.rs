//! Steps 1 to 3 of a decision: the text decodes, event and key are known, the signature holds.
//!
//! A stolen key signs as well as its owner does, so of its tickets only those are known that were
//! issued before: the snapshot's commitment to each ticket's proof of scan is that list, in the rows
//! that a gate has anyway. What the thief can still make is a copy of a ticket that somebody holds.
//!
//! Invariants: total and bounded, whatever the text; nothing that was not verified leaves here.

use crate::ids::EventId;
use crate::limits::TICKET_TEXT_BYTES_MAX;
use crate::ticket::digits::DigitsError;
use crate::ticket::{
    CHAIN_TOKEN_DIGITS, ChipUid, FrameError, Payload, ProofStanding, SEALED_TOKEN_DIGITS,
    ScanCommitment, ScanProof, TOKEN_DIGITS, TicketError, Token, event_hint, proof_standing,
    verify,
};
use crate::time::Timestamp;
use crate::trust::{KeyStatus, TrustedKeys};

use super::verdict::Reason;

/// Barcodes on goods and badges have no more digits than this; a number that has more can only be
/// a ticket that lost or gained some.
const OTHER_BARCODE_DIGITS_MAX: usize = 48;
/// How far from a ticket's 202, 243 or 285 digits a text may be and still be one that was read badly.
const MISREAD_LENGTH_SLACK: usize = 8;
const MISREAD_OTHER_CHARS_MAX: usize = 4;

/// What the text turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// Verified for this event; where the code turns, `token.step()` is proven by its reveal, and
    /// whether it is of this moment is for `decide` to judge, which knows the time.
    Ticket { payload: Payload, token: Token },
    /// A ticket that was found without its token: by its typed code, or by a person who looked it
    /// up. What its token would say is taken from the signed snapshot.
    Found { payload: Payload },
    /// Not: `not_a_ticket`, `misread`, `unknown_event`, `unknown_key` or `bad_signature`. A caller
    /// that stops earlier says so with a reason of its own (`rate_limited`).
    Refused(Reason),
}

/// What was issued, by serial: the newest generation and the commitment to its proof of scan.
pub type IssuedList<'a> = &'a dyn Fn(u32) -> Option<(u8, ScanCommitment)>;

/// Steps 1 to 3 where nothing is known of what was issued: of a stolen key nothing is accepted.
pub fn present(text: &str, event: EventId, keys: &TrustedKeys, now: Timestamp) -> Presented {
    present_listed(text, event, keys, &|_| None, now)
}

/// Steps 1 to 3. `text` is already stripped of what scanners add.
pub fn present_listed(
    text: &str,
    event: EventId,
    keys: &TrustedKeys,
    issued: IssuedList<'_>,
    now: Timestamp,
) -> Presented {
    match verified(text, event, keys, issued, now) {
        Ok((payload, token)) => Presented::Ticket { payload, token },
        Err(reason) => Presented::Refused(reason),
    }
}

/// Steps 1 to 3 of what a chip reader read: the chip's UID, and the ticket in its memory.
pub fn present_chip(
    uid: ChipUid,
    memory: &[u8],
    event: EventId,
    keys: &TrustedKeys,
    issued: IssuedList<'_>,
    now: Timestamp,
) -> Presented {
    let token = Token::from_chip(memory, uid).map_err(|_| Reason::NotATicket);
    match token.and_then(|token| accepted(token, event, keys, issued, now)) {
        Ok((payload, token)) => Presented::Ticket { payload, token },
        Err(reason) => Presented::Refused(reason),
    }
}

fn verified(
    text: &str,
    event: EventId,
    keys: &TrustedKeys,
    issued: IssuedList<'_>,
    now: Timestamp,
) -> Result<(Payload, Token), Reason> {
    let token = Token::from_digits(text).map_err(|error| unreadable(text, error))?;
    accepted(token, event, keys, issued, now)
}

fn accepted(
    token: Token,
    event: EventId,
    keys: &TrustedKeys,
    issued: IssuedList<'_>,
    now: Timestamp,
) -> Result<(Payload, Token), Reason> {
    if token.hint() != event_hint(event) {
        return Err(Reason::UnknownEvent);
    }
    let token = match token.scan_key_id() {
        None => token,
        // The event's own sealed ticket, under a key that this device was not given yet.
        Some(id) => token
            .open(event, keys.scan_key(id).ok_or(Reason::UnknownKey)?)
            // The seal is as good as a signature: broken by a misread, or never ours.
            .map_err(|_| Reason::BadSignature)?,
    };
    let (entry, key) = keys.get(token.kid()).ok_or(Reason::UnknownKey)?;
    // A standby key is published ahead, so that a device that is offline when it is needed knows
    // it; a retired one signs no more, but its tickets are in people's hands.
    if now < entry.not_before || now > entry.not_after {
        return Err(Reason::UnknownKey);
    }
    let payload = verify(&token, event, key).map_err(|error| match error {
        // The reveal is the moment's half of the proof: a wrong one is as good as a wrong signature,
        // and may as well have been misread.
        TicketError::Signature | TicketError::Reveal => Reason::BadSignature,
        // The issuer signed what this version cannot read: showing it again will not help.
        TicketError::Digits(_) | TicketError::Frame(_) | TicketError::Sealed => Reason::NotATicket,
    })?;
    // What bounds a stolen key: it may not sign for serials outside its range.
    if !(entry.serial_first..=entry.serial_last).contains(&payload.serial) {
        return Err(Reason::UnknownKey);
    }
    match entry.status {
        KeyStatus::Active | KeyStatus::Standby | KeyStatus::Retired => {}
        KeyStatus::Compromised => check_issued(&payload, &token, event, issued)?,
    }
    Ok((payload, token))
}

/// Of an older generation nobody knows any more whether it was issued: it is dead in any case.
fn check_issued(
    payload: &Payload,
    token: &Token,
    event: EventId,
    issued: IssuedList<'_>,
) -> Result<(), Reason> {
    let (serial, generation) = (payload.serial, payload.generation);
    let row = issued(serial);
    if row.is_some_and(|(newest, _)| newest > generation) {
        return Err(Reason::Reissued);
    }
    let proof = ScanProof::of_token(event, token);
    match proof_standing(proof, event, serial, generation, row) {
        ProofStanding::Proven => Ok(()),
        ProofStanding::Contradicted | ProofStanding::Unknown => Err(Reason::UnknownKey),
    }
}

/// Whether to show it again or to look for another code: a ticket that was read badly, or none.
fn unreadable(text: &str, error: TicketError) -> Reason {
    // Other ticket types have their own lengths and are read well; they are just not used here.
    if let TicketError::Frame(FrameError::Unsupported(_)) = error {
        return Reason::NotATicket;
    }
    if text.len() > TICKET_TEXT_BYTES_MAX || error == DigitsError::Empty.into() {
        return Reason::NotATicket;
    }
    let length = text.chars().count();
    let others = text.chars().filter(|c| !c.is_ascii_digit()).count();
    let near = [TOKEN_DIGITS, SEALED_TOKEN_DIGITS, CHAIN_TOKEN_DIGITS]
        .iter()
        .any(|digits| length.abs_diff(*digits) <= MISREAD_LENGTH_SLACK);
    if (near && others <= MISREAD_OTHER_CHARS_MAX)
        || (others == 0 && length > OTHER_BARCODE_DIGITS_MAX)
    {
        Reason::Misread
    } else {
        Reason::NotATicket
    }
}
