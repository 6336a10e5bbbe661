//! The inventory's jobs.

use anyhow::Context;

use super::error::Error;
use super::finish_batch;
use crate::app::AppState;
use crate::platform::jobs::{Runner, fatal};

/// Finishes a batch whose request ended early: `{"batchId": …}`.
pub const FINISH_BATCH: &str = "inventory.batch";

pub fn register(runner: &mut Runner<AppState>) {
    runner.register(FINISH_BATCH, |app, payload| async move {
        let id = payload["batchId"]
            .as_str()
            .context("no batchId")?
            .to_owned();
        match finish_batch(&app, &id).await {
            Ok(_) | Err(Error::SeatExists { .. }) => Ok(()),
            Err(Error::NoBatch) => Err(fatal("no such batch")),
            Err(error) => Err(error.into()),
        }
    });
}
