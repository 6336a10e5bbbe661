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

/// Between two tries with keys that the gateway does not take.
const KEYS_SECS: u32 = 600;

/// What a job's runner makes of an error. What time or an organizer mends costs no try: a job that
/// is about money must not die of it.
pub(super) fn later(error: Error) -> anyhow::Error {
    match error {
        Error::Gateway(Failure::Busy { after_secs }) => {
            not_now(after_secs, "the gateway wants no requests")
        }
        Error::Gateway(failure) if failure.refuses_keys() => {
            not_now(KEYS_SECS, "the gateway does not take the account's keys")
        }
        Error::ProviderUnavailable => not_now(KEYS_SECS, "the account has no keys here"),
        error => error.into(),
    }
}

pub fn register(runner: &mut Runner<AppState>) {
    runner.register(PAY_BACK, |app, payload| async move {
        let id = payload["refundId"].as_str().context("no refundId")?;
        let id: RefundId = id.parse().context("not a refund id")?;
        match pay_back(&app, id).await {
            Ok(()) => Ok(()),
            Err(Error::NotFound) => Err(fatal("no such refund")),
            Err(error) => Err(later(error)),
        }
    });
    merchants::register(runner);
    reconciliation::register(runner);
    demo::register(runner);
    payos::register(runner);
    stripe::register(runner);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::jobs::NotNow;

    #[test]
    fn what_an_organizer_or_time_mends_costs_a_job_no_try() {
        // P4 H3
        let refused = |code: &str, text: &str| {
            Error::from(Failure::Refused {
                code: code.to_owned(),
                text: text.to_owned(),
            })
        };
        let waits = |error| later(error).is::<NotNow>();
        for error in [
            refused("invalid_request_error", "401 Unauthorized"),
            refused("401", "the keys are not taken"),
            refused("permission", "403 Forbidden"),
            Failure::Busy { after_secs: 9 }.into(),
            Error::ProviderUnavailable,
        ] {
            let told = error.to_string();
            assert!(waits(error), "{told}");
        }
        for error in [
            refused("charge_disputed", "400 Bad Request"),
            Failure::unclear("a page of some proxy").into(),
            Error::NotFound,
        ] {
            let told = error.to_string();
            assert!(!waits(error), "{told}");
        }
    }
}
