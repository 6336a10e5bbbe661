//! Claimed tickets (T1-T4, T9, V7): a paid ticket in a named attendee's hands, its signed code, its
//! page.
//!
//! Invariants
//! - A stock row has at most one claimed ticket; both move in one commit, with the gates' mark.
//! - Tokens, typed codes and page links are never stored: they are rendered from wrapped keys.
//! - Only the holder gets what opens a gate.
//! - A rotating ticket has no token: its phone makes the codes, from a chain that it had signed.
//!
//! Other slices may call what is re-exported here.

mod activate;
mod answers;
mod asked;
mod bind;
mod block;
mod claim;
pub mod code;
mod draw;
mod error;
mod find;
pub mod http;
mod media;
mod model;
mod named;
mod note;
mod paper;
mod pending;
mod personal;
pub mod pre_check_in;
mod qr;
mod reissue;
mod render;
mod revoke;
#[cfg(test)]
mod tests;
pub mod transfer;

pub use activate::{ActivationRequest, ChainOffer, activate, offer};
pub use answers::{Answers, TicketAnswers, keep, keep_answers};
pub use asked::{ANY_CLASS, Asked};
pub use bind::bind;
pub use claim::{check_attendee, claim};
pub use error::{Error, answers_closed};
pub use find::{add_ons, by_page, find, list, may_see, snapshot_row, stock, stock_in};
pub use media::{Medium, carried};
pub use model::ClaimedTicket;
pub use named::{claim_named_later, register};
pub use pending::set_pending;
pub use personal::{erase, export, hand_over, names_needed_until};
pub use qr::{QrError, TicketQr, link_svg};
pub use reissue::reissue;
pub use render::{Rendered, render};
pub use revoke::revoke;
