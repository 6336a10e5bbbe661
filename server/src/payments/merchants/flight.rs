//! Money that still needs an account's keys.

use shared::api::payments::PaymentStatus;
use shared::ids::{EventId, MerchantId};

use crate::app::App;
use crate::events::model::Event;
use crate::payments::error::Error;
use crate::payments::model::{Payment, state_key};
use crate::platform::db::{DbError, IndexValue, Query};

/// What is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flight {
    /// Attempts that may still be paid.
    pub pending: u64,
    /// Payments that are owed back.
    pub due: u64,
    /// Payments for events that are not over: they may have to go back.
    pub refundable: u64,
}

impl Flight {
    pub const fn is_over(self) -> bool {
        self.pending == 0 && self.due == 0 && self.refundable == 0
    }
}

pub(super) async fn flight(app: &App, account: MerchantId) -> Result<Flight, Error> {
    let now = app.clock.now();
    let mut refundable = 0;
    let paid = by_state(account, PaymentStatus::Paid);
    for (event, payments) in app.db.tally::<Payment>(&paid).await? {
        let IndexValue::Text(event) = event else {
            continue;
        };
        let event: Option<EventId> = event.parse().ok();
        let event = match event {
            Some(event) => app.db.get::<Event>(&event.to_string()).await?,
            None => None,
        };
        if event.is_some_and(|event| event.end > now) {
            refundable += payments;
        }
    }
    Ok(Flight {
        pending: count(app, account, PaymentStatus::Pending).await?,
        due: count(app, account, PaymentStatus::RefundDue).await?,
        refundable,
    })
}

async fn count(app: &App, account: MerchantId, status: PaymentStatus) -> Result<u64, DbError> {
    app.db.count::<Payment>(&by_state(account, status)).await
}

fn by_state(account: MerchantId, status: PaymentStatus) -> Query {
    Query::on("by_account").eq(account).eq(state_key(status))
}
