//! What a name, an e-mail address and a password must look like (A1); pure.

use shared::limits;

use super::error::Error;

pub const USERNAME_CHARS_MIN: usize = 3;
pub const USERNAME_CHARS_MAX: usize = 32;
/// Parts of a name shorter than this may occur in a password by chance.
const TELLING_CHARS_MIN: usize = 4;
const DISTINCT_CHARS_MIN: usize = 5;
/// So many digits and signs around a common word do not make it a password.
const PADDING_CHARS_MAX: usize = 6;

/// Words and passwords that lists of breached passwords begin with, lower case.
const COMMON: &str = include_str!("common_passwords.txt");

/// An e-mail address or user name with the form that is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) email: String,
    pub(super) email_key: String,
    pub(super) username: String,
    pub(super) username_key: String,
}

/// Checks everything that a registration says; all faults at once.
pub(super) fn check(email: &str, username: &str, password: &str) -> Result<Identity, Error> {
    let identity = Identity {
        email: email.trim().to_owned(),
        email_key: key(email),
        username: username.trim().to_owned(),
        username_key: key(username),
    };
    let faults: Vec<_> = [
        ("email", email_fault(&identity.email)),
        ("username", username_fault(&identity.username)),
        (
            "password",
            password_fault(&identity.email_key, &identity.username_key, password),
        ),
    ]
    .into_iter()
    .filter_map(|(field, fault)| fault.map(|why| (field, why)))
    .collect();
    if faults.is_empty() {
        Ok(identity)
    } else {
        Err(Error::Invalid(faults))
    }
}

/// An address alone, in the form that is compared; else why it is none.
pub fn address_key(email: &str) -> Result<String, String> {
    match email_fault(email.trim()) {
        Some(why) => Err(why),
        None => Ok(key(email)),
    }
}

pub(super) fn check_email(email: &str) -> Result<String, Error> {
    address_key(email).map_err(|why| Error::Invalid(vec![("email", why)]))
}

/// A new password of an account that is there already.
pub(super) fn check_password(
    email_key: &str,
    username_key: &str,
    password: &str,
) -> Result<(), Error> {
    match password_fault(email_key, username_key, password) {
        Some(why) => Err(Error::Invalid(vec![("password", why)])),
        None => Ok(()),
    }
}

/// A new name of an account that is there already, in the form that is compared.
pub(super) fn check_username(username: &str) -> Result<String, Error> {
    match username_fault(username.trim()) {
        Some(why) => Err(Error::Invalid(vec![("username", why)])),
        None => Ok(key(username)),
    }
}

/// The form in which names and addresses are compared: both are ASCII, so lower case will do.
pub fn key(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

fn email_fault(email: &str) -> Option<String> {
    if email.len() > limits::EMAIL_CHARS_MAX {
        return Some(format!(
            "must have at most {} characters",
            limits::EMAIL_CHARS_MAX
        ));
    }
    let well_formed = email.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && local.len() <= 64
            && !local.contains('@')
            && local.bytes().all(|byte| byte.is_ascii_graphic())
            && domain.contains('.')
            && domain.split('.').all(|label| {
                (1..=63).contains(&label.len())
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            })
    });
    (!well_formed).then(|| "must be an e-mail address, like name@example.com".to_owned())
}

fn username_fault(username: &str) -> Option<String> {
    let well_formed = (USERNAME_CHARS_MIN..=USERNAME_CHARS_MAX).contains(&username.len())
        && username.starts_with(|first: char| first.is_ascii_alphanumeric())
        && username
            .bytes()
            // No `@`: a name is never mistaken for an address at login.
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    (!well_formed).then(|| {
        format!(
            "must have {USERNAME_CHARS_MIN} to {USERNAME_CHARS_MAX} letters a-z, digits, \
             dots, dashes or underscores, and begin with a letter or digit"
        )
    })
}

fn password_fault(email_key: &str, username_key: &str, password: &str) -> Option<String> {
    if password.chars().count() < limits::PASSWORD_CHARS_MIN {
        return Some(format!(
            "must have at least {} characters",
            limits::PASSWORD_CHARS_MIN
        ));
    }
    if password.len() > limits::PASSWORD_BYTES_MAX {
        return Some(format!(
            "must have at most {} bytes",
            limits::PASSWORD_BYTES_MAX
        ));
    }
    let lower = password.to_lowercase();
    let local = email_key.split('@').next().unwrap_or_default();
    let telling = [username_key, local];
    if telling
        .iter()
        .any(|part| part.len() >= TELLING_CHARS_MIN && lower.contains(part))
    {
        return Some("must not contain your name or e-mail address".to_owned());
    }
    let mut distinct: Vec<char> = lower.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < DISTINCT_CHARS_MIN {
        return Some("must have more different characters".to_owned());
    }
    is_common(&lower).then(|| "is among the passwords that are guessed first".to_owned())
}

fn is_common(lower: &str) -> bool {
    let listed = |text: &str| COMMON.lines().any(|line| line == text);
    if listed(lower) {
        return true;
    }
    let word = lower.trim_matches(|c: char| !c.is_alphabetic());
    let padding = lower.chars().count() - word.chars().count();
    // `P@ssw0rd` is no better than `password`.
    let plain: String = lower
        .trim_end_matches(|c: char| !c.is_alphabetic())
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => other,
        })
        .collect();
    padding <= PADDING_CHARS_MAX && (listed(word) || listed(&plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(email: &str, username: &str, password: &str) -> Vec<&'static str> {
        match check(email, username, password) {
            Ok(_) => Vec::new(),
            Err(Error::Invalid(faults)) => faults.into_iter().map(|(field, _)| field).collect(),
            Err(other) => unreachable!("{other}"),
        }
    }

    const GOOD: &str = "lavender-tram-39";

    #[test]
    fn what_is_fine_is_taken_and_normalised() {
        // A1
        let identity = check(" Ann.Lee@Example.COM ", "Ann_Lee", GOOD).expect("fine");
        assert_eq!(identity.email, "Ann.Lee@Example.COM");
        assert_eq!(identity.email_key, "ann.lee@example.com");
        assert_eq!(identity.username_key, "ann_lee");
        for email in ["a@b.co", "first+tag@sub.domain.example"] {
            assert!(faults(email, "ann", GOOD).is_empty(), "{email}");
        }
        assert!(faults("a@b.co", "ann", "đường phố Sài Gòn").is_empty());
    }

    #[test]
    fn every_fault_is_told_at_its_field() {
        // A1
        assert_eq!(faults("x", "y", "z"), ["email", "username", "password"]);
        for email in [
            "", "a", "@b.co", "a@", "a@b", "a@b..co", "a b@c.de", "a@b@c.de", "ä@b.de",
        ] {
            assert_eq!(faults(email, "ann", GOOD), ["email"], "{email}");
        }
        for name in ["ab", "_ab", "a b c", "a@b", &"a".repeat(33), "ännchen"] {
            assert_eq!(faults("a@b.co", name, GOOD), ["username"], "{name}");
        }
    }

    #[test]
    fn weak_passwords_are_refused() {
        // A1
        let long = "ab cd ef gh".repeat(30);
        for weak in [
            "short1!",
            "aaaaaaaaaaaa",
            "1212121212",
            "password1234",
            "P@ssw0rd2024",
            "Passw0rd!!",
            "qwertyuiop",
            "1234567890",
            "iloveyou123",
            "my-annlee-secret",
            "xx-anna.lee-xx",
            &long,
        ] {
            assert_eq!(
                faults("Anna.Lee@b.co", "AnnLee", weak),
                ["password"],
                "{weak}"
            );
        }
    }

    #[test]
    fn the_list_is_usable() {
        // A1
        assert!(COMMON.lines().count() > 100);
        for line in COMMON.lines() {
            assert_eq!(line, line.trim().to_lowercase(), "{line}");
            assert!(!line.is_empty());
        }
    }
}
