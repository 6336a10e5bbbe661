//! Putting a mail into the outbox, in the commit of what it tells about.

use serde_json::json;
use shared::ids::JobId;
use shared::time::Timestamp;

use super::jobs::SEND;
use super::mail::Mail;
use super::model::{Notice, Status};
use crate::app::App;
use crate::platform::db::{DbError, Tx};
use crate::platform::jobs::{self, NewJob};
use crate::texts;

/// A mail with all that its commit needs.
#[derive(Clone, Debug)]
pub struct Outgoing {
    notice: Notice,
    /// The job that sends it; none where no mail server is configured.
    job: Option<JobId>,
    /// The job that sends the text which follows it; none where no provider is configured.
    text: Option<JobId>,
}

impl Outgoing {
    /// `about` names the mail, as in `order_paid:<order id>`: of one name there is one mail ever.
    pub fn new(app: &App, about: String, recipient: &str, mail: Mail, now: Timestamp) -> Self {
        let sends = app.mail.is_some();
        Self {
            notice: Notice {
                id: about,
                recipient: recipient.trim().to_ascii_lowercase(),
                mail,
                created_at: now,
                status: if sends { Status::Waiting } else { Status::Kept },
                tries: 0,
            },
            job: sends.then(|| JobId::new(now, app.entropy.id10())),
            text: app
                .sms
                .as_ref()
                .map(|_| JobId::new(now, app.entropy.id10())),
        }
    }

    /// Idempotent.
    pub fn post(&self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        if tx.get::<Notice>(&self.notice.id)?.is_some() {
            return Ok(());
        }
        tx.insert(&self.notice)?;
        let Notice {
            id,
            recipient,
            mail,
            created_at: now,
            ..
        } = &self.notice;
        if let Some(job) = self.job {
            jobs::enqueue(tx, send(job, id, *now))?;
        }
        if let Some(job) = self.text {
            texts::follow(tx, id, recipient, mail, job, *now)?;
        }
        Ok(())
    }
}

pub(super) fn send(job: JobId, notice: &str, at: Timestamp) -> NewJob {
    NewJob::new(job, SEND, json!({ "notice": notice }), at)
}
