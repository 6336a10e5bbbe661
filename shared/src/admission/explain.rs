//! The sentence for the guest.
