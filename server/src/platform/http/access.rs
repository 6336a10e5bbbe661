//! What a route asks of its caller, as the router's table says, and what a caller brings (A6, A8).

use shared::api::organizations::Right;

/// Who may call a route. What belongs to somebody comes on top: a stranger gets 404 from it, and an
/// administrator passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Public,
    /// Anyone who has logged in, in person: an API key will not do.
    Person,
    /// Anyone who is logged in, for what is one's own; for what belongs to an event, who has this
    /// right in its organization.
    User(Right),
    /// As `User`, and whoever brings the token of a guest's order, for that order.
    Buyer(Right),
    /// Logged in, with this right in the organization of the event that the path or body names.
    Owner(Right),
    /// Administrators; 403 for others.
    Admin,
    /// A gate device or gateway that proves itself by a signature in the request.
    Signed,
}

impl Access {
    /// The right that is asked of whoever calls about another's things.
    pub const fn right(self) -> Right {
        match self {
            Self::User(right) | Self::Buyer(right) | Self::Owner(right) => right,
            Self::Public => Right::View,
            // The strictest, should one of these ever ask.
            Self::Person | Self::Admin | Self::Signed => Right::Team,
        }
    }

    /// Whether what it changes leaves a journal entry by itself. What people do with their own orders
    /// and tickets is told by those; what is signed is kept with its signature.
    pub const fn is_privileged(self) -> bool {
        match self {
            Self::Person | Self::Owner(_) | Self::Admin => true,
            Self::User(right) | Self::Buyer(right) => !matches!(right, Right::Attend),
            Self::Public | Self::Signed => false,
        }
    }

    /// Whether an API key with these scopes may call it.
    pub fn takes(self, key: Scopes) -> bool {
        match self {
            Self::Public | Self::Signed => true,
            Self::Person | Self::Admin => false,
            Self::User(right) | Self::Buyer(right) => {
                // Attendees have orders and tickets of their own; these rights judge others' ones.
                let is_attending = matches!(right, Right::Sales | Right::Money | Right::Watch);
                key.has(right) || is_attending && key.has(Right::Attend)
            }
            Self::Owner(right) => key.has(right),
        }
    }

    /// Whether the token of a guest's order may call it.
    pub const fn takes_guests(self) -> bool {
        match self {
            Self::Public | Self::Buyer(_) => true,
            Self::Person | Self::User(_) | Self::Owner(_) | Self::Admin | Self::Signed => false,
        }
    }
}

/// What a caller's credentials are good for: all for a login, what it was made for with an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes(u16);

impl Scopes {
    pub const ALL: Self = Self(u16::MAX);

    pub fn of(rights: &[Right]) -> Self {
        Self(rights.iter().fold(0, |bits, right| bits | bit(*right)))
    }

    pub const fn has(self, right: Right) -> bool {
        self.0 & bit(right) != 0
    }
}

const fn bit(right: Right) -> u16 {
    1 << (right as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_what_it_was_made_for() {
        // A8
        let watch = Scopes::of(&[Right::Watch]);
        assert!(
            Access::Owner(Right::Watch).takes(watch) && Access::User(Right::Watch).takes(watch)
        );
        assert!(
            !Access::Owner(Right::Gates).takes(watch) && !Access::User(Right::Sales).takes(watch)
        );
        let attend = Scopes::of(&[Right::Attend]);
        assert!(Access::User(Right::Sales).takes(attend));
        assert!(!Access::Owner(Right::Sales).takes(attend));
        assert!(!Access::User(Right::Events).takes(attend));
        assert!(Access::Buyer(Right::Sales).takes(attend));
        for key in [watch, attend, Scopes::ALL] {
            assert!(Access::Public.takes(key));
            assert!(!Access::Person.takes(key) && !Access::Admin.takes(key));
        }
    }
}
