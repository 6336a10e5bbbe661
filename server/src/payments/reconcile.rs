//! The polling fallback: what a gateway says when asked counts like its webhook (P2, P4).

use shared::ids::PaymentId;

use super::error::Error;
use super::fulfil::{Draws, Held, Standing, fulfil};
use super::model::{Outcome, Payment};
use super::{demo, payos, stripe};
use crate::app::App;

/// A webhook gets this long before we ask ourselves.
const PATIENCE_SECS: i64 = 3;

/// Takes the money whose webhook has not come; gives how many payments moved.
pub async fn reconcile(app: &App) -> Result<usize, Error> {
    let mut asked = payos::ask_due(app).await?;
    asked += stripe::ask_due(app).await?;
    if let Err(error) = stripe::ask_missed(app).await {
        tracing::warn!(error = %error, "stripe does not tell of missed events");
    }
    if app.config.production {
        return Ok(asked);
    }
    let before = app.clock.now().plus_secs(-PATIENCE_SECS);
    let mut moved = asked;
    for (payment, amount) in demo::paid_untold(app, before).await? {
        let stored = app.db.get::<Payment>(&payment.to_string()).await?;
        if !stored.is_some_and(|payment| payment.awaits_money()) {
            continue;
        }
        let held = Held {
            total: amount,
            standing: Standing::Paid,
        };
        match settle_polled(app, payment, held).await {
            Ok(_) => moved += 1,
            Err(error) => {
                tracing::error!(payment.id = %payment, error = %error, "cannot settle a payment");
            }
        }
    }
    Ok(moved)
}

/// The gateway was asked and holds that for the payment.
pub async fn settle_polled(app: &App, payment: PaymentId, held: Held) -> Result<Outcome, Error> {
    let now = app.clock.now();
    let draws = Draws::new(app, now);
    app.db
        .write(move |tx| {
            let mut payment = tx
                .get::<Payment>(&payment.to_string())?
                .ok_or(Error::NotFound)?;
            fulfil(tx, &mut payment, held, &draws, now)
        })
        .await
}
