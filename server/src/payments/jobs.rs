//! The payments' jobs.

use anyhow::Context as _;
use shared::ids::PaymentId;

use super::error::Error;
use super::{demo, pay_back};
use crate::app::AppState;
use crate::platform::jobs::{Runner, fatal};

/// Gives money back: `{"paymentId": …}`.
pub const PAY_BACK: &str = "payments.pay_back";

pub fn register(runner: &mut Runner<AppState>) {
    runner.register(PAY_BACK, |app, payload| async move {
        let id = payload["paymentId"].as_str().context("no paymentId")?;
        let id: PaymentId = id.parse().context("not a payment id")?;
        match pay_back(&app, id).await {
            Ok(()) => Ok(()),
            Err(Error::NotFound) => Err(fatal("no such payment")),
            Err(error) => Err(error.into()),
        }
    });
    demo::register(runner);
}
