//! A mail in the commit of what it tells, where that commit draws no id for it.

use shared::ids::JobId;
use shared::time::Timestamp;

use super::post::send;
use super::{Mail, Notice, Status};
use crate::platform::db::{DbError, Tx};
use crate::platform::jobs;
use crate::texts;

/// Writes it once, with the text that follows it: `name` says what it is about. Where no mail server is
/// configured the job that would send it keeps it; where no provider of texts is, its job ends the text.
pub fn tell(
    tx: &mut Tx<'_>,
    name: String,
    recipient: &str,
    mail: Mail,
    now: Timestamp,
) -> Result<(), DbError> {
    if tx.get::<Notice>(&name)?.is_some() {
        return Ok(());
    }
    let job = JobId::new(now, once_per("gatehouse mail job id", &name));
    let text = JobId::new(now, once_per("gatehouse text job id", &name));
    let notice = Notice {
        id: name,
        recipient: recipient.trim().to_ascii_lowercase(),
        mail,
        created_at: now,
        status: Status::Waiting,
        tries: 0,
    };
    tx.insert(&notice)?;
    jobs::enqueue(tx, send(job, &notice.id, now))?;
    let Notice {
        id,
        recipient,
        mail,
        ..
    } = &notice;
    texts::follow(tx, id, recipient, mail, text, now)
}

/// There is one mail of a name, so the name is all the randomness that the id of each of its jobs needs.
fn once_per(job: &str, name: &str) -> [u8; 10] {
    let hash = blake3::derive_key(job, name.as_bytes());
    let mut id = [0; 10];
    id.copy_from_slice(&hash[..10]);
    id
}
