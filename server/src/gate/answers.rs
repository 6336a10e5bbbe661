//! Answers of guests, from the device that took them.

use shared::ids::DeviceId;
use shared::sync::{Answered, AnswersRequest, AnswersResponse};
use shared::time::Timestamp;

use super::sync::authenticate;
use super::{Error, Redemption};
use crate::app::App;
use crate::platform::db::Tx;
use crate::tickets;

/// `wire` is a `SignedRequest` of an `AnswersRequest`; the answer is an `AnswersResponse`.
pub(super) async fn take(app: &App, wire: &[u8], now: Timestamp) -> Result<Vec<u8>, Error> {
    let (device, request) = authenticate(app, wire).await?;
    let AnswersRequest::V1 { answered } = AnswersRequest::from_wire(&request.body)?;
    let device = device.id;
    let kept = app
        .db
        .write(move |tx| -> Result<_, Error> {
            let mut kept = Vec::with_capacity(answered.len());
            for answered in &answered {
                if keep(tx, device, answered, now)? {
                    kept.push((answered.log, answered.seq));
                }
            }
            Ok(kept)
        })
        .await?;
    Ok(AnswersResponse::V1 { kept }.to_wire())
}

/// Only with an admission that counts, and only from the device that wrote it; what has none yet
/// may come again.
fn keep(
    tx: &mut Tx<'_>,
    device: DeviceId,
    answered: &Answered,
    now: Timestamp,
) -> Result<bool, Error> {
    let id = Redemption::key(answered.log, answered.seq);
    let redemption = tx.get::<Redemption>(&id)?;
    let own = redemption.filter(|of| of.device == device);
    let Some((ticket, at)) = own.and_then(|of| Some((of.claimed_ticket?, of.at()))) else {
        return Ok(false);
    };
    tickets::keep_answers(tx, ticket, answered.answers.clone(), device, at, now)
        .map_err(Box::new)?;
    Ok(true)
}
