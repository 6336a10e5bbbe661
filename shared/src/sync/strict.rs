//! One place reads postcard from strangers.
//!
//! Invariants: the size is bounded before a byte is parsed; what is accepted re-encodes to exactly
//! the bytes that came (so one value has one wire form, and a hash over bytes names a value);
//! memory is bounded by the input, never by a length prefix.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StrictError {
    #[error("malformed")]
    Malformed,
    #[error("bytes left over")]
    Trailing,
    #[error("not in canonical form")]
    NotCanonical,
    #[error("larger than {0} bytes")]
    TooLarge(usize),
    /// A well-formed message that says more, or less, than a message may.
    #[error("out of bounds: {0}")]
    Bounds(&'static str),
    #[error("the signature does not fit")]
    Signature,
}

/// The canonical bytes of a wire type.
///
/// # Panics
/// When `T` cannot be written by postcard at all (a sequence of unknown length). Wire types are
/// plain structs and enums, for which writing is total.
pub fn to_wire<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("wire types are plain data of known length")
}

/// Refuses trailing bytes, over-long varints, and anything over `max` bytes.
pub fn from_wire<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    max: usize,
) -> Result<T, StrictError> {
    if bytes.len() > max {
        return Err(StrictError::TooLarge(max));
    }
    let (value, rest) =
        postcard::take_from_bytes::<T>(bytes).map_err(|_| StrictError::Malformed)?;
    if !rest.is_empty() {
        return Err(StrictError::Trailing);
    }
    // postcard reads `80 00` as 0; only a comparison finds every such alias.
    match postcard::to_stdvec(&value) {
        Ok(again) if again == bytes => Ok(value),
        Ok(_) | Err(_) => Err(StrictError::NotCanonical),
    }
}

/// The version that leads every wire form whose type is not itself a versioned enum.
#[derive(Serialize, Deserialize)]
pub(crate) enum Wire<T> {
    V1(T),
}

/// `to_wire` with the version in front.
pub(crate) fn to_versioned<T: Serialize>(value: &T) -> Vec<u8> {
    to_wire(&Wire::V1(value))
}

/// `from_wire` with the version in front.
pub(crate) fn from_versioned<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    max: usize,
) -> Result<T, StrictError> {
    let Wire::V1(value) = from_wire::<Wire<T>>(bytes, max)?;
    Ok(value)
}

/// For `#[serde(deserialize_with = "bounded::<MAX, _, _>")]`: stops at `MAX` elements. A byte of
/// input can stand for a 24-byte `Vec`, so a bound on bytes alone would let memory grow with it.
pub(crate) fn bounded<'de, const MAX: usize, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Bounded<const MAX: usize, T>(PhantomData<T>);

    impl<'de, const MAX: usize, T: Deserialize<'de>> Visitor<'de> for Bounded<MAX, T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MAX} elements")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = seq.next_element()? {
                if items.len() == MAX {
                    return Err(A::Error::custom("too many elements"));
                }
                items.push(item);
            }
            Ok(items)
        }
    }

    deserializer.deserialize_seq(Bounded::<MAX, T>(PhantomData))
}
