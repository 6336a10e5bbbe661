//! One place reads postcard from strangers.

use serde::{Serialize, de::DeserializeOwned};

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
}

pub fn to_wire<T: Serialize>(_value: &T) -> Vec<u8> {
    unimplemented!()
}

/// Refuses trailing bytes, over-long varints, and anything over `max` bytes.
pub fn from_wire<T: Serialize + DeserializeOwned>(
    _bytes: &[u8],
    _max: usize,
) -> Result<T, StrictError> {
    unimplemented!()
}
