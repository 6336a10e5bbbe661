//! Giving a sum back through Stripe, once, whatever is lost on the way.

use form_urlencoded::Serializer;
use shared::ids::RefundId;

use super::account::Account;
use super::open::session_of;
use super::wire::{REFUND, RefundState, SeenRefund};
use crate::app::App;
use crate::payments::error::Error;
use crate::payments::failure::Failure;
use crate::payments::gateway::Repaid;
use crate::payments::ledger::Refund;

/// The key was used with other words: what came of those is not known.
const KEY_REUSED: &str = "idempotency_error";

/// Asks for the refund, or how it stands.
pub async fn give_back(app: &App, refund: &Refund) -> Result<Repaid, Error> {
    let session = session_of(app, refund.payment_id).await?;
    // The account that took the money, whichever takes it now.
    let account = Account::of(app, session.account).await?;
    if let Some(id) = &refund.gateway_id {
        return Ok(repaid(account.refund(app, id).await?));
    }
    let Some(intent) = session.payment_intent.as_deref() else {
        return Err(Failure::unclear("it never said how it was paid").into());
    };
    // A call that nobody heard the end of may have been done, and Stripe forgets keys after a day.
    if refund.sent {
        let made = account.refunds_of(app, intent).await?;
        let ours = made
            .into_iter()
            .find(|seen| seen.is_for(refund.id, refund.amount));
        if let Some(seen) = ours {
            return Ok(repaid(seen));
        }
    }
    note(app, refund.id, Asked::Now).await?;
    let key = format!("refund:{}:{}", refund.id, refund.spent_keys);
    match account.make_refund(app, &key, &form(refund, intent)).await {
        Ok(seen) if seen.is_for(refund.id, refund.amount) => Ok(repaid(seen)),
        Ok(_) => Err(Failure::unclear("it is about another refund").into()),
        Err(Failure::Refused { code, text }) if text.starts_with("400") => {
            if code != KEY_REUSED {
                note(app, refund.id, Asked::Refused).await?;
            }
            Ok(Repaid::Failed {
                gateway_id: None,
                why: code,
            })
        }
        Err(failure) => {
            if let Failure::Broken { replayed: true, .. } = failure {
                note(app, refund.id, Asked::Broken).await?;
            }
            Err(failure.into())
        }
    }
}

fn form(refund: &Refund, intent: &str) -> String {
    Serializer::new(String::new())
        .append_pair("payment_intent", intent)
        .append_pair("amount", &refund.amount.amount.to_string())
        .append_pair("reason", "requested_by_customer")
        .append_pair(&format!("metadata[{REFUND}]"), &refund.id.to_string())
        .finish()
}

pub(super) fn repaid(seen: SeenRefund) -> Repaid {
    match seen.status {
        RefundState::Succeeded => Repaid::Back {
            gateway_id: Some(seen.id),
        },
        RefundState::Pending | RefundState::RequiresAction => Repaid::UnderWay {
            gateway_id: seen.id,
        },
        RefundState::Failed | RefundState::Canceled => Repaid::Failed {
            gateway_id: Some(seen.id),
            why: seen
                .failure_reason
                .unwrap_or_else(|| "canceled".to_owned())
                .chars()
                .take(100)
                .collect(),
        },
    }
}

/// What is known of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// It is about to be made.
    Now,
    /// Its answer is a failure for good, whether it was done or not.
    Broken,
    /// It was not done, and would be refused again under this key.
    Refused,
}

async fn note(app: &App, id: RefundId, asked: Asked) -> Result<(), Error> {
    app.db
        .write(move |tx| {
            let refund = tx.get::<Refund>(&id.to_string())?;
            let mut refund = refund.ok_or(Error::NotFound)?;
            match asked {
                Asked::Now if refund.sent => return Ok(()),
                Asked::Now => {}
                Asked::Broken | Asked::Refused => refund.spent_keys += 1,
            }
            refund.sent = asked != Asked::Refused;
            Ok(tx.replace(&mut refund)?)
        })
        .await
}
