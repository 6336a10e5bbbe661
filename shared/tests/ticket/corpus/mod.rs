//! The negative corpus, items 1 to 77: each with its input and the refusal that is expected.
//!
//! Every row is judged by the same path that a gate takes: text or bytes, then frame, then strict
//! signature, then payload; keys by the check that a keyring makes when it loads. A few items are
//! honest tickets that only the event's data can refuse (class, zones, serial range, key status).
//! Their rows say `PassesHere` and name the room whose tests hold the refusal.
// corpus 1-77

mod ed25519;
mod frame;
mod rotating;
mod text;

use std::collections::BTreeSet;

use ed25519_dalek::VerifyingKey;
use shared::ids::EventId;
use shared::ticket::digits::DigitsError;
use shared::ticket::{FrameError, KeyError, Payload, TicketError, Token, check_public_key, verify};

use crate::fixture::{event, key};

pub(crate) struct Row {
    item: u8,
    what: String,
    input: Input,
    expect: Expect,
}

enum Input {
    /// As handed to the decoder, after the input layer.
    Text(String),
    /// A token's bytes, for this event and key.
    Bytes {
        bytes: Vec<u8>,
        event: EventId,
        key: VerifyingKey,
    },
    /// A public key in a keyring.
    Key([u8; 32]),
}

#[derive(Debug, PartialEq, Eq)]
enum Expect {
    Refused(TicketError),
    KeyRefused(KeyError),
    /// A well-formed ticket with a good signature; the room named here refuses it.
    PassesHere(&'static str),
}

impl Row {
    fn text(item: u8, what: &str, text: impl Into<String>, error: DigitsError) -> Self {
        Self::text_refused(item, what, text, TicketError::Digits(error))
    }

    fn text_refused(item: u8, what: &str, text: impl Into<String>, error: TicketError) -> Self {
        Self {
            item,
            what: what.into(),
            input: Input::Text(text.into()),
            expect: Expect::Refused(error),
        }
    }

    fn frame(item: u8, what: &str, bytes: impl Into<Vec<u8>>, error: FrameError) -> Self {
        Self::bytes(
            item,
            what,
            bytes,
            Expect::Refused(TicketError::Frame(error)),
        )
    }

    fn forged(item: u8, what: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::bytes(item, what, bytes, Expect::Refused(TicketError::Signature))
    }

    /// For the known answer's event and key.
    fn bytes(item: u8, what: &str, bytes: impl Into<Vec<u8>>, expect: Expect) -> Self {
        Self::bytes_for(item, what, bytes, (event(), key().verifying_key()), expect)
    }

    fn bytes_for(
        item: u8,
        what: &str,
        bytes: impl Into<Vec<u8>>,
        (event, key): (EventId, VerifyingKey),
        expect: Expect,
    ) -> Self {
        Self {
            item,
            what: what.into(),
            input: Input::Bytes {
                bytes: bytes.into(),
                event,
                key,
            },
            expect,
        }
    }

    fn key(item: u8, what: &str, key: [u8; 32], error: KeyError) -> Self {
        Self {
            item,
            what: what.into(),
            input: Input::Key(key),
            expect: Expect::KeyRefused(error),
        }
    }

    fn judge(&self) -> Result<(), Expect> {
        let judged = match &self.input {
            Input::Text(text) => judge(Token::from_digits(text), event(), &key().verifying_key()),
            Input::Bytes { bytes, event, key } => judge(Token::from_bytes(bytes), *event, key),
            Input::Key(bytes) => {
                return check_public_key(bytes)
                    .map(|_| ())
                    .map_err(Expect::KeyRefused);
            }
        };
        judged.map(|_| ()).map_err(Expect::Refused)
    }
}

fn judge(
    token: Result<Token, TicketError>,
    event: EventId,
    key: &VerifyingKey,
) -> Result<Payload, TicketError> {
    verify(&token?, event, key)
}

fn rows() -> Vec<Row> {
    [
        text::rows(),
        frame::rows(),
        ed25519::rows(),
        rotating::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn every_item_meets_its_refusal() {
    let rows = rows();
    let mut failures = Vec::new();
    for row in &rows {
        let judged = row.judge();
        let as_expected = match (&judged, &row.expect) {
            (Ok(()), Expect::PassesHere(room)) => !room.is_empty(),
            (Err(refusal), expected) => refusal == expected,
            (Ok(()), Expect::Refused(_) | Expect::KeyRefused(_)) => false,
        };
        if !as_expected {
            failures.push(format!(
                "item {} ({}): expected {:?}, got {judged:?}",
                row.item, row.what, row.expect
            ));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    let items: BTreeSet<u8> = rows.iter().map(|row| row.item).collect();
    let expected: BTreeSet<u8> = (1..=77).collect();
    assert_eq!(items, expected);
}

#[test]
fn only_items_that_need_the_events_data_pass_here() {
    let passing: BTreeSet<u8> = rows()
        .iter()
        .filter(|row| matches!(row.expect, Expect::PassesHere(_)))
        .map(|row| row.item)
        .collect();
    assert_eq!(
        passing,
        BTreeSet::from([35, 40, 41, 42, 43, 46, 47, 70, 71, 76, 77])
    );
}
