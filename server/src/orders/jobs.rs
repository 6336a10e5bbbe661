//! The sweeper: expired holds and payments whose webhook got lost, a look every second.
//!
//! It only reads while there is nothing to do, so that an idle server stays idle.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::expire_due;
use crate::app::AppState;
use crate::payments;
use crate::waitlist;

const PERIOD: Duration = Duration::from_secs(1);

/// Runs until `stop`. The first look, right at the start, is what a crash left behind.
pub async fn sweep(app: AppState, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = payments::reconcile(&app).await {
            tracing::error!(error = %error, "cannot reconcile payments");
        }
        if let Err(error) = expire_due(&app).await {
            tracing::error!(error = %error, "cannot expire orders");
        }
        if let Err(error) = waitlist::offer_due(&app).await {
            tracing::error!(error = %error, "cannot offer what is free to those who wait");
        }
    }
}
