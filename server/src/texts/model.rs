//! A phone of an account, and a text of the outbox. Pure.

use serde::{Deserialize, Serialize};
use shared::api::texts::{PhoneView, TextPreferences};
use shared::ids::UserId;
use shared::time::Timestamp;

use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// E.164: a plus, then 7 to 15 digits, the first no zero.
const DIGITS_MIN: usize = 7;
const DIGITS_MAX: usize = 15;
/// Three parts of a text in an alphabet of its own.
const WORDS_CHARS_MAX: usize = 200;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Phone {
    pub user: UserId,
    /// Of its account, in the form that is compared: mails to it are followed.
    pub email_key: String,
    pub number: String,
    pub confirmed_at: Option<Timestamp>,
    pub wants: TextPreferences,
    /// What the code is derived from, while one is awaited.
    pub asked: Option<Asked>,
    /// Codes that were sent, since when.
    pub sent: u32,
    pub sent_since: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub nonce: String,
    pub until: Timestamp,
    /// Wrong ones.
    pub tries: u32,
}

impl Phone {
    pub(super) fn view(&self) -> PhoneView {
        PhoneView {
            number: self.number.clone(),
            confirmed: self.confirmed_at.is_some(),
            wants: self.wants,
        }
    }
}

/// The number as it is called; `None` if it is none. Spaces and hyphens are how people write.
pub(super) fn number(text: &str) -> Option<String> {
    let plain: String = text
        .trim()
        .chars()
        .filter(|c| !matches!(c, ' ' | '-'))
        .collect();
    let digits = plain.strip_prefix('+')?;
    let fits = (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len());
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    (fits && is_number && !digits.starts_with('0')).then_some(plain)
}

impl Entity for Phone {
    const COLLECTION: Collection = Collection {
        name: "phones",
        fields: &[Field::text("email_key")],
        indexes: &[Index::on("by_email", &["email_key"])],
    };
    fn id(&self) -> String {
        self.user.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.email_key.as_str().into()]
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// Of the mail that it follows, or of the code.
    pub id: String,
    pub user: UserId,
    pub says: Says,
    pub created_at: Timestamp,
    pub status: Status,
    /// Tries that failed.
    pub tries: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Says {
    /// The code of the number's own confirmation.
    Code {
        nonce: String,
    },
    Words {
        words: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Waiting,
    Sent,
    Refused,
    /// The number is gone or another one, or nobody wants it any more.
    Unwanted,
}

impl Says {
    /// One line, as long as a text may be.
    pub(super) fn words(text: &str) -> Self {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut words: String = line.chars().take(WORDS_CHARS_MAX).collect();
        if words.len() < line.len() {
            words.pop();
            words.push('…');
        }
        Self::Words { words }
    }
}

impl Text {
    /// Names it for the provider: the same each time that it is sent.
    pub(super) fn reference(&self) -> String {
        let hash = blake3::derive_key("gatehouse text reference", self.id.as_bytes());
        data_encoding::HEXLOWER.encode(&hash[..16])
    }
}

impl Entity for Text {
    const COLLECTION: Collection = Collection {
        name: "texts",
        fields: &[Field::text("user_id")],
        indexes: &[Index::on("by_user", &["user_id"])],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.user.into()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_that_can_be_called() {
        // N2
        assert_eq!(
            number(" +84 90-123 45 67 "),
            Some("+84901234567".to_owned())
        );
        for bad in [
            "",
            "+",
            "0901234567",
            "+0901234567",
            "+84",
            "+84x01234567",
            "+8490123456789012",
            "++84901234567",
        ] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_text_is_one_line_and_short() {
        // N2
        let Says::Words { words } = Says::words("It begins\n  later.") else {
            panic!("words");
        };
        assert_eq!(words, "It begins later.");
        let Says::Words { words } = Says::words(&"ă".repeat(1_000)) else {
            panic!("words");
        };
        assert_eq!(words.chars().count(), WORDS_CHARS_MAX);
        assert!(words.ends_with('…'));
    }
}
