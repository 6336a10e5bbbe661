//! Opening a payment link: once, however often it is asked for and whatever is lost on the way.

use shared::ids::PaymentId;
use shared::time::Timestamp;

use super::client::Channel;
use super::model::Link;
use super::signature::CreateFields;
use super::wire::{CreateLink, Seen, is_taken, is_unknown};
use crate::app::App;
use crate::payments::error::Error;
use crate::payments::gateway::Checkout;
use crate::payments::model::Payment;
use crate::platform::db::{DbError, Query, Tx, Versioned};

/// The page where a link is paid, for links whose create answer was lost.
const CHECKOUT: &str = "https://pay.payos.vn/web/";
/// Codes below were seen in the gateway's own samples; nothing of ours may look like one.
pub(super) const CODE_MIN: u64 = 1 << 32;
/// What JavaScript counts without rounding.
const CODE_MAX: u64 = (1 << 53) - 1;
/// The link ends before our hold does, so that whoever pays in the last moment gets the tickets.
const MARGIN_SECS: i64 = 60;

/// A code for the next attempt. The primary key refuses the same one twice.
pub fn draw_code(app: &App) -> i64 {
    (CODE_MIN + app.entropy.u64() % (CODE_MAX - CODE_MIN + 1)).cast_signed()
}

/// Stores the attempt, in the commit of its payment.
pub fn prepare(
    tx: &mut Tx<'_>,
    payment: &Payment,
    code: i64,
    hold_ends: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    let early = hold_ends.plus_secs(-MARGIN_SECS);
    let expires_at = if early > now.plus_secs(MARGIN_SECS) {
        early
    } else {
        hold_ends
    };
    let mut link = Link::new(payment, code, expires_at);
    link.looks.look_later(now, false);
    tx.insert(&link)?;
    Ok(())
}

pub async fn link_of(app: &App, payment: PaymentId) -> Result<Versioned<Link>, Error> {
    let query = Query::on("by_payment").eq(payment).limit(1);
    let link = app.db.list::<Link>(&query).await?.into_iter().next();
    link.ok_or(Error::NotFound)
}

/// Makes the link at the gateway, or finds it there, and says where it is paid.
pub async fn open(app: &App, checkout: &Checkout) -> Result<String, Error> {
    let link = link_of(app, checkout.payment).await?;
    if let Some(url) = &link.checkout_url {
        return Ok(url.clone());
    }
    let channel = Channel::of(app, link.account).await?;
    let made = match link.link_id {
        None => channel.create(app, &request(app, &channel, &link)).await,
        // A look has found it already.
        Some(_) => channel.look(app, link.order_code).await,
    };
    let seen = match made {
        Ok(seen) => seen,
        // It may have been made, now or by an earlier try: look before anything else.
        Err(failure) if is_taken(&failure) || failure.is_unclear() => {
            channel.look(app, link.order_code).await.map_err(|look| {
                // Not there: the create did not arrive, and asking again is safe.
                if is_unknown(&look) { failure } else { look }
            })?
        }
        Err(failure) => return Err(failure.into()),
    };
    link.check(&seen)?;
    let url = seen.checkout_url.clone();
    let url = url.unwrap_or_else(|| format!("{CHECKOUT}{}", seen.link_id));
    remember(app, link.order_code, seen, url.clone()).await?;
    Ok(url)
}

async fn remember(app: &App, code: i64, seen: Seen, url: String) -> Result<(), Error> {
    app.db
        .write(move |tx| {
            let link = tx.get::<Link>(&code.to_string())?;
            let mut link = link.ok_or(Error::NotFound)?;
            link.check(&seen)?;
            link.link_id = Some(seen.link_id.clone());
            link.checkout_url = Some(url.clone());
            tx.replace(&mut link)?;
            let payment = tx.get::<Payment>(&link.payment.to_string())?;
            let mut payment = payment.ok_or(Error::NotFound)?;
            payment.checkout_url = Some(url.clone());
            Ok(tx.replace(&mut payment)?)
        })
        .await
}

fn request(app: &App, channel: &Channel, link: &Link) -> CreateLink {
    // The payer's way back. The gateway adds a query to it that nobody signs, so it only leads to a
    // page that asks us.
    let back = format!("{}/pay/{}", app.config.public_url, link.payment);
    let description = memo(link.order_code);
    let signature = CreateFields {
        amount: link.amount,
        cancel_url: &back,
        description: &description,
        order_code: link.order_code,
        return_url: &back,
    }
    .sign(&channel.checksum_key);
    CreateLink {
        order_code: link.order_code,
        amount: link.amount,
        description,
        cancel_url: back.clone(),
        return_url: back,
        expired_at: link.looks.expires_at.as_secs(),
        signature,
    }
}

/// What stands on the bank's statement: nine ASCII characters, which every account keeps.
fn memo(code: i64) -> String {
    let digits = code.unsigned_abs() % 10_000_000;
    format!("GH{digits:07}")
}
