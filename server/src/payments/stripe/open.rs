//! Opening a Checkout session: once, however often it is asked for and whatever is lost on the way.

use form_urlencoded::Serializer;
use shared::ids::PaymentId;
use shared::money::Currency;
use shared::time::Timestamp;

use super::account::Account;
use super::model::Session;
use super::wire::{PAYMENT, SeenSession};
use crate::app::App;
use crate::payments::error::Error;
use crate::payments::failure::Failure;
use crate::payments::gateway::Opening;
use crate::payments::looks::Looks;
use crate::payments::model::Payment;
use crate::platform::db::{DbError, Tx, Versioned};

/// Stripe takes no session that ends sooner; a hold that does is ended by us.
const OPEN_SECS_MIN: i64 = 31 * 60;
/// Nor one that ends later.
const OPEN_SECS_MAX: i64 = 24 * 3600 - 120;
/// Of the name on Stripe's page.
const NAME_CHARS_MAX: usize = 200;
/// Stripe counts these in another unit than ISO 4217 does.
const COUNTED_OTHERWISE: [&str; 4] = ["ISK", "UGX", "UYI", "MGA"];

/// Whether both sides count the currency alike.
pub fn takes(currency: Currency) -> bool {
    currency.exponent() < 3 && !COUNTED_OTHERWISE.contains(&currency.as_str())
}

/// Stores the attempt, in the commit of its payment.
pub fn prepare(
    tx: &mut Tx<'_>,
    payment: &Payment,
    opening: &Opening<'_>,
    now: Timestamp,
) -> Result<(), DbError> {
    let earliest = now.plus_secs(OPEN_SECS_MIN);
    let latest = now.plus_secs(OPEN_SECS_MAX);
    let expires_at = opening.hold_ends.max(earliest).min(latest);
    let mut looks = Looks::until(expires_at);
    looks.look_later(now, false);
    tx.insert(&Session {
        payment: payment.id,
        account: payment.account,
        amount: payment.amount,
        form: form(payment, opening, expires_at),
        spent_keys: 0,
        session_id: None,
        payment_intent: None,
        checkout_url: None,
        looks,
    })?;
    Ok(())
}

fn form(payment: &Payment, opening: &Opening<'_>, expires_at: Timestamp) -> String {
    // The way back leads to a page that asks us.
    let back = format!("{}/pay/{}", opening.public_url, payment.id);
    let id = payment.id.to_string();
    let order = payment.order_id.to_string();
    let name: String = opening.title.chars().take(NAME_CHARS_MAX).collect();
    let price = "line_items[0][price_data]";
    let mut form = Serializer::new(String::new());
    form.append_pair("mode", "payment")
        // Others pay days later, when the tickets are long gone.
        .append_pair("payment_method_types[0]", "card")
        .append_pair("client_reference_id", &id)
        .append_pair(&format!("metadata[{PAYMENT}]"), &id)
        .append_pair("metadata[order_id]", &order)
        .append_pair(&format!("payment_intent_data[metadata][{PAYMENT}]"), &id)
        .append_pair("payment_intent_data[metadata][order_id]", &order)
        .append_pair("line_items[0][quantity]", "1")
        .append_pair(
            &format!("{price}[currency]"),
            &payment.amount.currency.as_str().to_ascii_lowercase(),
        )
        .append_pair(
            &format!("{price}[unit_amount]"),
            &payment.amount.amount.to_string(),
        )
        .append_pair(&format!("{price}[product_data][name]"), &name)
        .append_pair("success_url", &back)
        .append_pair("cancel_url", &back)
        .append_pair("expires_at", &expires_at.as_secs().to_string());
    form.finish()
}

pub(super) async fn session_of(app: &App, id: PaymentId) -> Result<Versioned<Session>, Error> {
    let session = app.db.get::<Session>(&id.to_string()).await?;
    session.ok_or(Error::NotFound)
}

/// Makes the session, or finds the one that was made, and says where it is paid.
pub async fn open(app: &App, payment: PaymentId) -> Result<String, Error> {
    let session = session_of(app, payment).await?;
    if let Some(url) = &session.checkout_url {
        return Ok(url.clone());
    }
    let account = Account::of(app, session.account).await?;
    let key = session.key();
    let mut made = account.create(app, &key, &session.form).await;
    if made.as_ref().is_err_and(Failure::is_unclear) {
        // The same key: what was made is told again, and what was not is made.
        made = account.create(app, &key, &session.form).await;
    }
    match made {
        Ok(seen) => remember(app, payment, seen).await,
        Err(failure) => {
            if let Failure::Broken { replayed: true, .. } = failure {
                spend_key(app, payment, session.spent_keys).await?;
            }
            Err(failure.into())
        }
    }
}

async fn remember(app: &App, payment: PaymentId, seen: SeenSession) -> Result<String, Error> {
    let Some(url) = seen.url.clone() else {
        return Err(Failure::unclear("it does not say where it is paid").into());
    };
    app.db
        .write(move |tx| {
            let session = tx.get::<Session>(&payment.to_string())?;
            let mut session = session.ok_or(Error::NotFound)?;
            session.check(&seen)?;
            session.session_id = Some(seen.id.clone());
            session.checkout_url = Some(url.clone());
            tx.replace(&mut session)?;
            let payment = tx.get::<Payment>(&payment.to_string())?;
            let mut payment = payment.ok_or(Error::NotFound)?;
            payment.checkout_url = Some(url.clone());
            tx.replace(&mut payment)?;
            Ok(url.clone())
        })
        .await
}

/// The key's answer is a failure for good. The next try takes another; what the first may have made
/// has an address that nobody knows.
async fn spend_key(app: &App, payment: PaymentId, spent: u32) -> Result<(), Error> {
    app.db
        .write(move |tx| {
            let session = tx.get::<Session>(&payment.to_string())?;
            let mut session = session.ok_or(Error::NotFound)?;
            if session.spent_keys == spent && session.session_id.is_none() {
                session.spent_keys += 1;
                tx.replace(&mut session)?;
            }
            Ok(())
        })
        .await
}
