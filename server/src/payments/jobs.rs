//! The payments' jobs.

use anyhow::Context as _;
use shared::ids::RefundId;

use super::error::Error;
use super::failure::Failure;
use super::{demo, merchants, pay_back, payos, reconciliation, stripe};
use crate::app::AppState;
use crate::platform::jobs::{Runner, fatal, not_now};

/// Gives a sum back: `{"refundId": …}`.
pub const PAY_BACK: &str = "payments.pay_back";

pub fn register(runner: &mut Runner<AppState>) {
    runner.register(PAY_BACK, |app, payload| async move {
        let id = payload["refundId"].as_str().context("no refundId")?;
        let id: RefundId = id.parse().context("not a refund id")?;
        match pay_back(&app, id).await {
            Ok(()) => Ok(()),
            Err(Error::NotFound) => Err(fatal("no such refund")),
            Err(Error::Gateway(Failure::Busy { after_secs })) => {
                Err(not_now(after_secs, "the gateway wants no requests"))
            }
            Err(error) => Err(error.into()),
        }
    });
    merchants::register(runner);
    reconciliation::register(runner);
    demo::register(runner);
    payos::register(runner);
    stripe::register(runner);
}
