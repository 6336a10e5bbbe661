//! The text that follows a mail.

use shared::ids::JobId;
use shared::time::Timestamp;

use super::jobs::send;
use super::model::{Phone, Says, Status, Text};
use crate::accounts::model::User;
use crate::notices::Mail;
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::jobs;

/// Accounts with one address: there is one, and erased ones have none.
const SAME_ADDRESS_MAX: u32 = 4;

/// In the commit of a mail to `recipient` that is called `about`. Idempotent.
pub fn follow(
    tx: &mut Tx<'_>,
    about: &str,
    recipient: &str,
    mail: &Mail,
    job: JobId,
    now: Timestamp,
) -> Result<(), DbError> {
    let Some((words, wanted)) = urgent(mail) else {
        return Ok(());
    };
    let query = Query::on("by_email").eq(recipient).limit(SAME_ADDRESS_MAX);
    for phone in tx.list::<Phone>(&query)? {
        let user = tx.get::<User>(&phone.user.to_string())?;
        let is_theirs =
            user.is_some_and(|user| user.email_key == recipient && user.verified_at.is_some());
        if !is_theirs || phone.confirmed_at.is_none() || !wanted(&phone) {
            continue;
        }
        let text = Text {
            id: about.to_owned(),
            user: phone.user,
            says: Says::words(&words),
            created_at: now,
            status: Status::Waiting,
            tries: 0,
        };
        if tx.get::<Text>(about)?.is_none() {
            tx.insert(&text)?;
            jobs::enqueue(tx, send(job, about, now))?;
        }
    }
    Ok(())
}

/// Whether somebody wants to know.
type Wanted = fn(&Phone) -> bool;

/// What cannot wait for a mail, and who wants to know.
fn urgent(mail: &Mail) -> Option<(String, Wanted)> {
    let changes: Wanted = |phone| phone.wants.event_changes;
    let reminders: Wanted = |phone| phone.wants.reminders;
    match mail {
        Mail::EventNews { title, words, .. } => Some((format!("{title}: {words}"), changes)),
        Mail::EventCancelled { title, reason, .. } => {
            let words = format!("{title} does not take place: {reason} More is in your mail.");
            Some((words, changes))
        }
        Mail::EventSoon { title, when, .. } => Some((format!("{title} begins {when}."), reminders)),
        Mail::Plain { .. }
        | Mail::OrderPaid { .. }
        | Mail::OrderRefunded { .. }
        | Mail::PaymentDisputed { .. }
        | Mail::FoundOrders { .. }
        | Mail::Invoice(_)
        | Mail::GateAlerts(_)
        | Mail::VerifyAddress { .. }
        | Mail::ResetPassword { .. }
        | Mail::PasswordChanged { .. }
        | Mail::PasskeyChanged { .. }
        | Mail::AddressChanged { .. }
        | Mail::Invitation { .. }
        | Mail::TicketOffered { .. }
        | Mail::OfferAnswered { .. }
        | Mail::StockOffered { .. } => None,
    }
}
