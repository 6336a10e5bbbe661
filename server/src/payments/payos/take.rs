//! A webhook of PayOS: stored once with the job that asks, answered at once (P2). The gateway waits
//! ten seconds for a 2xx and does not promise to try again.

use serde_json::json;
use shared::api::payments::Provider;
use shared::ids::{JobId, MerchantId, OrganizationId};
use shared::time::Timestamp;

use super::ask::ASK;
use super::client::Channel;
use super::model::{Link, Stray};
use super::notice::{Notice, Refused};
use super::open::CODE_MIN;
use crate::app::App;
use crate::payments::error::Error;
use crate::payments::merchants;
use crate::payments::model::{Delivery, Outcome, provider_key};
use crate::payments::webhook::Received;
use crate::platform::db::{DbError, Tx};
use crate::platform::jobs::{self, NewJob, Priority};

/// Comes to the server's own address, or to an organization's: only channels of that one may sign.
pub(super) async fn take(
    app: &App,
    of: Option<OrganizationId>,
    body: &[u8],
) -> Result<Received, Error> {
    let (merchant, notice) = match read(app, of, body).await? {
        Ok(read) => read,
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
            let delivery = merchants::delivery(merchant, &delivery);
            if tx
                .get::<Delivery>(&Delivery::key(Provider::Payos, &delivery))?
                .is_some()
            {
                return Ok(Received::Again);
            }
            let link = tx.get::<Link>(&notice.order_code.to_string())?;
            let link = link.filter(|link| {
                link.account == merchant
                    && link.link_id.as_ref().is_none_or(|id| *id == notice.link_id)
            });
            // The test that registers a webhook names an order that nobody has: taken all the same.
            let Some(mut link) = link else {
                keep(tx, merchant, &notice, now)?;
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

/// The notice, and the channel that signed it.
async fn read(
    app: &App,
    of: Option<OrganizationId>,
    body: &[u8],
) -> Result<Result<(Option<MerchantId>, Notice), Refused>, Error> {
    // Nobody can sign for a channel that is not there.
    let channels = match of {
        None => Channel::of_server(&app.config).into_iter().collect(),
        Some(organization) => all_of(app, organization).await?,
    };
    for channel in &channels {
        match Notice::read(&channel.checksum_key, body) {
            Ok(notice) => return Ok(Ok((channel.merchant, notice))),
            Err(Refused::Unreadable) => return Ok(Err(Refused::Unreadable)),
            Err(Refused::Unsigned) => {}
        }
    }
    Ok(Err(Refused::Unsigned))
}

async fn all_of(app: &App, organization: OrganizationId) -> Result<Vec<Channel>, Error> {
    let all = merchants::all_keys(app, organization, Provider::Payos).await?;
    let channel = |(id, keys)| Channel::with(&app.config, Some(id), keys);
    Ok(all.into_iter().filter_map(channel).collect())
}

/// Money for a link that could be ours and is not here. Each takes a bank transfer, so nobody fills a
/// disk with them; the gateway's samples have smaller codes.
fn keep(
    tx: &mut Tx<'_>,
    account: Option<MerchantId>,
    notice: &Notice,
    now: Timestamp,
) -> Result<(), DbError> {
    if !notice.arrived || notice.order_code < CODE_MIN.cast_signed() {
        return Ok(());
    }
    let stray = Stray {
        account,
        order_code: notice.order_code,
        link_id: notice.link_id.clone(),
        reference: notice.reference.clone(),
        amount: notice.amount,
        told_at: now,
    };
    tracing::warn!("payos tells of a transfer to a link that is not here");
    if tx
        .get::<Stray>(&crate::platform::db::Entity::id(&stray))?
        .is_none()
    {
        tx.insert(&stray)?;
    }
    Ok(())
}
