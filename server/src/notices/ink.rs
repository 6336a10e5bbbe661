//! What a letter is written with: addresses, and the links that are derived only now.

use shared::ids::{EventId, OneTimeId, OrderId};

use crate::orders::guest_token;
use crate::platform::vault::Vault;

/// What a one-time link does. Its name is in the address, and keys its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens {
    Verify,
    Reset,
    Join,
}

impl Opens {
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Join => "join",
        }
    }
}

/// What a letter is written with.
#[derive(Clone, Copy)]
pub(super) struct Ink<'a> {
    pub(super) public_url: &'a str,
    /// Without it links are left out: for eyes other than the reader's.
    pub(super) vault: Option<&'a Vault>,
}

impl Ink<'_> {
    pub(super) fn link(self, opens: Opens, token: OneTimeId) -> String {
        let purpose = opens.purpose();
        let token = self.vault.map_or("…".to_owned(), |vault| {
            vault.token(purpose, token.as_bytes())
        });
        format!("{}/account/{purpose}/{token}", self.public_url)
    }

    pub(super) fn order(self, order: OrderId) -> String {
        let token = self
            .vault
            .map_or("…".to_owned(), |vault| guest_token(vault, order));
        format!("{}/guest/{token}", self.public_url)
    }

    pub(super) fn event(self, event: EventId) -> String {
        format!("{}/events/{event}", self.public_url)
    }
}
