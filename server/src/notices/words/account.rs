//! Mails about an account: its address, its password, whom it works for.

use shared::ids::OneTimeId;

use super::somebody;
use crate::notices::ink::{Ink, Opens};
use crate::notices::letter::Letter;
use crate::notices::mail::Mail;

pub(in crate::notices) fn letter(mail: &Mail, ink: Ink<'_>) -> Letter {
    match mail {
        Mail::VerifyAddress { name, token } => Letter::new("Confirm your e-mail address")
            .hello(name)
            .say("Please confirm that this address is yours. The link works once, for a day.")
            .link("Confirm", ink.link(Opens::Verify, *token))
            .say("If you did not ask for this, do nothing."),
        Mail::ResetPassword { name, token } => Letter::new("Set a new password")
            .hello(name)
            .say("Somebody asked for a new password for your account. The link works once, for an hour.")
            .link("Set a new password", ink.link(Opens::Reset, *token))
            .say("If it was not you, do nothing: your password stays as it is."),
        Mail::PasswordChanged { name } => Letter::new("Your password was changed")
            .hello(name)
            .say("The password of your account was changed, and all other logins have ended.")
            .say("If it was not you, ask for a new password at once."),
        Mail::PasskeyChanged {
            name,
            passkey,
            added: true,
        } => Letter::new("A passkey was added to your account")
            .hello(name)
            .say("Whoever has this passkey can log in to your account without a password:")
            .quote(passkey)
            .say("If it was not you, set a new password at once, and remove the passkey."),
        Mail::PasskeyChanged { name, passkey, .. } => {
            Letter::new("A passkey was removed from your account")
                .hello(name)
                .say("This passkey no longer opens your account:")
                .quote(passkey)
                .say("If it was not you, ask for a new password at once.")
        }
        Mail::AddressChanged { name } => Letter::new("Your e-mail address was changed")
            .hello(name)
            .say("Mails for your account now go to another address.")
            .say("If it was not you, write to us at once."),
        Mail::Invitation {
            organization,
            inviter,
            role,
            token,
        } => Letter::new(&format!("Join {organization}"))
            .say(&format!("{inviter} invites you to work for {organization}, as {role}."))
            .link("Accept", ink.link(Opens::Join, *token))
            .say("The link works once, for seven days, for an account with this e-mail address."),
        other => Letter::new(other.name()),
    }
}

/// One of each, with invented people.
pub(in crate::notices) fn samples() -> Vec<Mail> {
    let token = OneTimeId::from_bytes([0; 16]);
    vec![
        Mail::VerifyAddress {
            name: somebody(),
            token,
        },
        Mail::ResetPassword {
            name: somebody(),
            token,
        },
        Mail::PasswordChanged { name: somebody() },
        Mail::PasskeyChanged {
            name: somebody(),
            passkey: "My phone".to_owned(),
            added: true,
        },
        Mail::AddressChanged { name: somebody() },
        Mail::Invitation {
            organization: "Nhà hát Lớn".to_owned(),
            inviter: somebody(),
            role: "manager".to_owned(),
            token,
        },
    ]
}
