//! Seals, and the lines of an export.

use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Entry;
use crate::ids::JournalId;
use crate::time::Timestamp;

/// Entries under one seal.
pub const LEAVES_MAX: usize = 256;
/// What the first line of an export says.
pub const HEADER: &str = "gatehouse journal 1";

/// Some entries in their order, signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JournalSeal))]
pub struct Seal {
    /// From 0, without gaps.
    pub number: u64,
    /// The place of its first entry.
    pub first: u64,
    pub leaves: Vec<Leaf>,
    /// The hash of the seal before; empty for the first.
    pub previous: String,
    pub at: Timestamp,
    /// The Ed25519 key that signed, in hex.
    pub key: String,
    pub signature: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JournalLeaf))]
pub struct Leaf {
    pub id: JournalId,
    pub hash: String,
}

/// A line of an export: the header, then each seal behind its entries, then what is not sealed yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    Journal(String),
    Entry(Box<Entry>),
    Seal(Seal),
}

impl Seal {
    /// The next seal over `entries`, behind `last`.
    pub fn draw(last: Option<&Self>, entries: &[Entry], at: Timestamp, key: &SigningKey) -> Self {
        let leaf = |entry: &Entry| Leaf {
            id: entry.id,
            hash: entry.hash(),
        };
        let mut seal = Self {
            number: last.map_or(0, |last| last.number.saturating_add(1)),
            first: last.map_or(0, Self::end),
            leaves: entries.iter().map(leaf).collect(),
            previous: last.map(Self::hash).unwrap_or_default(),
            at,
            key: HEXLOWER.encode(key.verifying_key().as_bytes()),
            signature: String::new(),
        };
        let signature = key.sign(seal.signed().as_bytes());
        seal.signature = HEXLOWER.encode(&signature.to_bytes());
        seal
    }

    /// The place behind its last entry.
    pub fn end(&self) -> u64 {
        let count = u64::try_from(self.leaves.len()).unwrap_or(u64::MAX);
        self.first.saturating_add(count)
    }

    /// Names it and all before it.
    pub fn hash(&self) -> String {
        digest("gatehouse 2026-11 journal seal", self)
    }

    /// Whether the key that it names signed it.
    pub fn is_signed(&self) -> bool {
        let key = fixed::<32>(&self.key).and_then(|key| VerifyingKey::from_bytes(&key).ok());
        let signature = fixed::<64>(&self.signature).map(|bytes| Signature::from_bytes(&bytes));
        match (key, signature) {
            (Some(key), Some(signature)) => key
                .verify_strict(self.signed().as_bytes(), &signature)
                .is_ok(),
            _ => false,
        }
    }

    /// What is signed: all but the signature.
    fn signed(&self) -> String {
        let unsigned = Self {
            signature: String::new(),
            ..self.clone()
        };
        digest("gatehouse 2026-11 journal seal, unsigned", &unsigned)
    }
}

fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// The hash of a value in its one text, in hex.
pub(super) fn digest(context: &str, value: &impl Serialize) -> String {
    // Structs of text, numbers and JSON always have a JSON form.
    let value = serde_json::to_value(value).unwrap_or_default();
    let mut text = String::new();
    canonical(&value, &mut text);
    let mut hasher = blake3::Hasher::new_derive_key(context);
    hasher.update(text.as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// Sorted names, no spaces: the same whichever database kept it.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (at, (name, value)) in members.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                scalar(&Value::from(name.as_str()), out);
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                canonical(item, out);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => scalar(value, out),
    }
}

fn scalar(value: &Value, out: &mut String) {
    // A String takes whatever is written to it.
    write!(out, "{value}").ok();
}
