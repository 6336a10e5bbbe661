//! The ticket token: T1, 83 bytes, 202 digits, QR version 5 at M; T1R, whose code turns, 117
//! bytes, 285 digits, version 7 at M; T1S, sealed, 100 bytes, 243 digits, version 6 at M; T1N, bound
//! to a chip, 83 bytes that are never a code. Formats: `docs/formats.md`.
//!
//! Invariants: a ticket *is* its signed serial and generation, never the scanned text. The codec is
//! canonical: one ticket has one text. Only `verify_strict` accepts; bytes are verified as received
//! and parsed afterwards.

pub mod chain;
pub mod chip;
pub mod code;
pub mod digits;
pub mod keys;
pub mod layout;
pub mod medium;
pub mod proof;
pub mod sealed;
pub mod sign;
pub mod verify;

pub use chain::{
    CHAIN_SIGNED_LEN, CHAIN_TOKEN_DIGITS, CHAIN_TOKEN_LEN, Chain, Link, SignedChain, sign_chain,
};
pub use chip::{ChipUid, sign_chip};
pub use code::{CODE_DIGITS, CodeIndex, TypedCode};
pub use keys::{KeyError, check_public_key};
pub use layout::{
    Flags, FrameError, PAYLOAD_LEN, Payload, TOKEN_DIGITS, TOKEN_LEN, TicketType, event_hint,
};
pub use medium::{MediumId, medium_proof, medium_text};
pub use proof::{ProofStanding, ScanCommitment, ScanProof, proof_standing};
pub use sealed::{OpenError, SEALED_TOKEN_DIGITS, SEALED_TOKEN_LEN, ScanKey, sign_sealed};
pub use sign::{SignError, sign};
pub use verify::{TicketError, Token, verify};
