//! The vault: wraps every stored key and secret under one key-encryption key (KEK).
//!
//! Invariants: the KEK never leaves this module; what is wrapped for one context (an event's
//! issuing key, say) does not open in another; a wrong KEK or a changed byte is an error, never
//! wrong plaintext.
//!
//! XChaCha20-Poly1305, 24-byte random nonce, the context as associated data. The KEK comes from
//! `KEY_ENCRYPTION_KEY` or from `<data>/kek.key`, made on the first start and readable by its
//! owner only. Lose it and all signing keys are lost: back it up apart from the database.

mod kek;
mod keyfile;
#[cfg(test)]
mod tests;
mod token;
mod wrapped;

pub use kek::{Kek, KekError};
pub use keyfile::KeyFileError;
pub use wrapped::{Vault, VaultError, Wrapped};
