//! Writing documents after the commits that ask for them.

use anyhow::Context as _;

use super::credit::credit_for;
use super::error::Error;
use super::issue::issue_for;
use crate::app::AppState;
use crate::platform::jobs::Runner;
use crate::platform::journal::Actor;

/// `{"orderId": …}`, both.
pub(super) const ISSUE: &str = "invoices.issue";
pub(super) const CREDIT: &str = "invoices.credit";

pub fn register(runner: &mut Runner<AppState>) {
    runner.register(ISSUE, |app, payload| async move {
        let order = payload["orderId"].as_str().context("no orderId")?;
        match issue_for(&app, order.parse()?, Actor::System).await {
            // Meanwhile the money went back, or the seller went away: there is nothing to write.
            Ok(_) | Err(Error::NoIdentity | Error::NotPaid | Error::NothingSold) => Ok(()),
            Err(error) => Err(error.into()),
        }
    });
    runner.register(CREDIT, |app, payload| async move {
        let order = payload["orderId"].as_str().context("no orderId")?;
        Ok(credit_for(&app, order.parse()?).await?)
    });
}
