//! A webhook of PayOS: stored once with the job that asks, answered at once (P2). The gateway waits
//! ten seconds for a 2xx and does not promise to try again.

use serde_json::json;
use shared::api::payments::Provider;
use shared::ids::JobId;

use super::ask::ASK;
use super::client::Channel;
use super::model::Link;
use super::notice::{Notice, Refused};
use crate::app::App;
use crate::payments::error::Error;
use crate::payments::model::{Delivery, Outcome, provider_key};
use crate::payments::webhook::Received;
use crate::platform::jobs::{self, NewJob, Priority};

pub(super) async fn take(app: &App, body: &[u8]) -> Result<Received, Error> {
    // Nobody can sign for a channel that this server does not have.
    let notice = Channel::of(&app.config).map_or(Err(Refused::Unsigned), |channel| {
        Notice::read(channel.checksum_key, body)
    });
    let notice = match notice {
        Ok(notice) => notice,
        Err(refused) => {
            let provider = provider_key(Provider::Payos);
            metrics::counter!("payment_webhooks_refused_total", "provider" => provider)
                .increment(1);
            return Err(match refused {
                Refused::Unsigned => Error::BadSignature,
                Refused::Unreadable => Error::BadDelivery,
            });
        }
    };
    let now = app.clock.now();
    let job = JobId::new(now, app.entropy.id10());
    let body = String::from_utf8_lossy(body).into_owned();
    app.db
        .write(move |tx| {
            // There is no delivery id: a transfer is named by its link and the bank's reference.
            let delivery = format!("{}:{}", notice.link_id, notice.reference);
            if tx
                .get::<Delivery>(&Delivery::key(Provider::Payos, &delivery))?
                .is_some()
            {
                return Ok(Received::Again);
            }
            let link = tx.get::<Link>(&notice.order_code.to_string())?;
            let link =
                link.filter(|link| link.link_id.as_ref().is_none_or(|id| *id == notice.link_id));
            // The test that registers a webhook names an order that nobody has: taken all the same,
            // and nothing is stored that a stranger could fill a disk with.
            let Some(mut link) = link else {
                return Ok(Received::New(Outcome::Unknown));
            };
            tx.insert(&Delivery {
                provider: Provider::Payos,
                delivery,
                payment: link.payment,
                outcome: Outcome::Known,
                body: body.clone(),
                received_at: now,
            })?;
            link.looks.look_at(now);
            let payload = json!({ "orderCode": link.order_code });
            tx.replace(&mut link)?;
            let job = NewJob::new(job, ASK, payload, now).priority(Priority::High);
            jobs::enqueue(tx, job)?;
            Ok(Received::New(Outcome::Known))
        })
        .await
}
