//! A mail of the outbox and what became of it; pure.

use serde::{Deserialize, Serialize};
use shared::api::notices::NoticeStatus;
use shared::time::Timestamp;

use super::mail::Mail;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// A mail server that is away for longer than this has lost the mail.
const GIVE_UP_AFTER_MILLIS: i64 = 2 * 24 * 3_600_000;
const WAIT_FIRST_MILLIS: i64 = 2_000;
const WAIT_MAX_MILLIS: i64 = 3_600_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Notice {
    /// Kind and subject: `order_paid:<order id>`.
    pub id: String,
    /// E-mail address, in the form that is compared.
    pub recipient: String,
    pub mail: Mail,
    pub created_at: Timestamp,
    pub status: Status,
    /// Tries that failed.
    pub tries: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Status {
    /// No mail server is configured.
    Kept,
    Waiting,
    Sent {
        at: Timestamp,
    },
    Refused {
        at: Timestamp,
        why: String,
    },
    Unwanted {
        at: Timestamp,
    },
}

impl Status {
    pub const fn view(&self) -> NoticeStatus {
        match self {
            Self::Kept => NoticeStatus::Kept,
            Self::Waiting => NoticeStatus::Waiting,
            Self::Sent { .. } => NoticeStatus::Sent,
            Self::Refused { .. } => NoticeStatus::Refused,
            Self::Unwanted { .. } => NoticeStatus::Unwanted,
        }
    }
}

impl Notice {
    /// Names the mail for mail servers and readers: the same each time that it is sent, so that one
    /// which comes twice is known as one.
    pub(super) fn message_id(&self, host: &str) -> String {
        let hash = blake3::derive_key("gatehouse mail message id", self.id.as_bytes());
        format!("<{}@{host}>", data_encoding::HEXLOWER.encode(&hash[..16]))
    }

    /// When to try again after one more failure; `None`: not any more.
    pub(super) fn again_at(&self, now: Timestamp, random: u64) -> Option<Timestamp> {
        if now.millis_since(self.created_at) >= GIVE_UP_AFTER_MILLIS {
            return None;
        }
        let full = WAIT_FIRST_MILLIS
            .saturating_mul(1 << self.tries.min(20))
            .min(WAIT_MAX_MILLIS);
        // Between half and all of it: what failed together does not return together.
        let half = full / 2;
        let jitter = i64::try_from(random % half.unsigned_abs().max(1)).unwrap_or(0);
        Some(now.plus_millis(half + jitter))
    }
}

impl Entity for Notice {
    const COLLECTION: Collection = Collection {
        name: "notices",
        fields: &[Field::text("recipient"), Field::int("created_at")],
        indexes: &[
            Index::on("by_recipient", &["recipient"]),
            Index::on("by_time", &["created_at"]),
        ],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.recipient.as_str().into(), self.created_at.into()]
    }
}

/// As it lies in the database: servers before there were templates wrote the words themselves, and
/// sent nothing.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Now {
        id: String,
        recipient: String,
        mail: Mail,
        created_at: Timestamp,
        status: Status,
        tries: u32,
    },
    Old {
        id: String,
        recipient: String,
        subject: String,
        text: String,
        created_at: Timestamp,
    },
}

impl From<Stored> for Notice {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Now {
                id,
                recipient,
                mail,
                created_at,
                status,
                tries,
            } => Self {
                id,
                recipient,
                mail,
                created_at,
                status,
                tries,
            },
            Stored::Old {
                id,
                recipient,
                subject,
                text,
                created_at,
            } => Self {
                id,
                recipient,
                mail: Mail::Plain { subject, text },
                created_at,
                status: Status::Kept,
                tries: 0,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn notice(tries: u32) -> Notice {
        Notice {
            id: "order_paid:1".to_owned(),
            recipient: "a@b.example".to_owned(),
            mail: Mail::PasswordChanged {
                name: "Ann".to_owned(),
            },
            created_at: NOW,
            status: Status::Waiting,
            tries,
        }
    }

    #[test]
    fn waits_double_to_an_hour_and_end_after_two_days() {
        // N2
        let wait = |tries| {
            notice(tries)
                .again_at(NOW, 0)
                .expect("again")
                .millis_since(NOW)
        };
        assert_eq!([wait(0), wait(1), wait(5)], [1_000, 2_000, 32_000]);
        assert_eq!(wait(u32::MAX), WAIT_MAX_MILLIS / 2);
        let late = notice(3).again_at(NOW, u64::MAX).expect("again");
        assert!((8_000..16_000).contains(&late.millis_since(NOW)));
        assert_eq!(notice(3).again_at(NOW.plus_secs(2 * 86_400), 0), None);
    }

    #[test]
    fn one_mail_has_one_message_id() {
        // N2
        let id = notice(0).message_id("tickets.example");
        assert_eq!(id, notice(7).message_id("tickets.example"));
        let mut other = notice(0);
        other.id = "order_paid:2".to_owned();
        assert_ne!(id, other.message_id("tickets.example"));
        assert!(
            id.starts_with('<') && id.ends_with("@tickets.example>"),
            "{id}"
        );
    }

    #[test]
    fn mails_of_an_older_server_are_still_read() {
        // N2
        let old = serde_json::json!({ "id": "order_paid:9", "recipient": "a@b.example", "subject": "Yours",
            "text": "Hello\n\nBye", "created_at": "2026-09-21T14:13:20Z" });
        let notice: Notice = serde_json::from_value(old).expect("read");
        assert_eq!(notice.status, Status::Kept);
        let again = serde_json::to_value(&notice).expect("JSON");
        assert_eq!(
            serde_json::from_value::<Notice>(again).expect("read"),
            notice
        );
    }
}
