//! Giving an organization an account, or new keys to the one that it has.

use serde_json::json;
use shared::api::merchants::{MerchantView, PayosKeys, StripeKeys};
use shared::api::payments::Provider;
use shared::ids::{JobId, JournalId, MerchantId, OrganizationId};
use shared::time::Timestamp;

use super::find::{MERCHANTS_MAX, current, current_in, of_scope};
use super::keys::Keys;
use super::model::Merchant;
use super::remove::retire;
use crate::app::App;
use crate::config::Secret;
use crate::organizations;
use crate::payments::error::Error;
use crate::payments::failure::Failure;
use crate::payments::{payos, stripe};
use crate::platform::db::{Query, Tx};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

const KEY_CHARS_MAX: usize = 300;
const KEY_CHARS_MIN: usize = 8;

pub(super) async fn set_stripe(
    app: &App,
    caller: Caller,
    organization: OrganizationId,
    wanted: StripeKeys,
) -> Result<MerchantView, Error> {
    organizations::required(&app.db, &caller, organization).await?;
    let mut fields = Fields::default();
    let secret_key = key(&mut fields, "secretKey", &wanted.secret_key);
    if !["sk_", "rk_"]
        .iter()
        .any(|kind| secret_key.starts_with(kind))
    {
        fields.wrong("secretKey", "must start with sk_ or rk_");
    }
    let webhook_secret = key(&mut fields, "webhookSecret", &wanted.webhook_secret);
    if !webhook_secret.starts_with("whsec_") {
        fields.wrong("webhookSecret", "must start with whsec_");
    }
    fields.done(())?;
    let keys = || Keys::Stripe {
        secret_key: Secret::new(secret_key.clone()),
        webhook_secret: Secret::new(webhook_secret.clone()),
    };
    let account = stripe::Account::with(&app.config, None, keys());
    let account = account.ok_or(Error::ProviderUnavailable)?;
    let name = account.name(app).await.map_err(refused)?;
    let known = Known {
        name,
        live: Some(account.is_live()),
    };
    store(app, caller, organization, &keys(), known).await
}

pub(super) async fn set_payos(
    app: &App,
    caller: Caller,
    organization: OrganizationId,
    wanted: PayosKeys,
) -> Result<MerchantView, Error> {
    organizations::required(&app.db, &caller, organization).await?;
    let mut fields = Fields::default();
    let client_id = key(&mut fields, "clientId", &wanted.client_id);
    let api_key = key(&mut fields, "apiKey", &wanted.api_key);
    let checksum_key = key(&mut fields, "checksumKey", &wanted.checksum_key);
    let is_hex = checksum_key.bytes().all(|byte| byte.is_ascii_hexdigit());
    if checksum_key.len() != 64 || !is_hex {
        fields.wrong("checksumKey", "must be 64 hexadecimal digits");
    }
    fields.done(())?;
    let keys = || Keys::Payos {
        client_id: client_id.clone(),
        api_key: Secret::new(api_key.clone()),
        checksum_key: Secret::new(checksum_key.clone()),
    };
    let channel = payos::Channel::with(&app.config, None, keys());
    let channel = channel.ok_or(Error::ProviderUnavailable)?;
    if !channel.is_taken(app).await.map_err(refused)? {
        return Err(Error::KeysRefused);
    }
    let known = Known {
        name: client_id.clone(),
        live: None,
    };
    store(app, caller, organization, &keys(), known).await
}

/// Visible ASCII: what can be in a header.
fn key(fields: &mut Fields, name: &str, text: &str) -> String {
    let text = text.trim();
    if text.len() < KEY_CHARS_MIN || text.len() > KEY_CHARS_MAX {
        fields.wrong(
            name,
            format!("must have {KEY_CHARS_MIN} to {KEY_CHARS_MAX} characters"),
        );
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        fields.wrong(name, "must not contain spaces or letters with accents");
    }
    text.to_owned()
}

fn refused(failure: Failure) -> Error {
    match failure {
        Failure::Refused { .. } => Error::KeysRefused,
        other => other.into(),
    }
}

/// What the gateway says of the keys.
struct Known {
    name: String,
    live: Option<bool>,
}

async fn store(
    app: &App,
    caller: Caller,
    organization: OrganizationId,
    keys: &Keys,
    known: Known,
) -> Result<MerchantView, Error> {
    let now = app.clock.now();
    let provider = keys.provider();
    let context = Merchant::context(organization, provider, &known.name);
    let wrapped = app.vault.wrap(&context, keys.pack().as_bytes())?;
    let fresh = Merchant {
        id: MerchantId::new(now, app.entropy.id10()),
        organization,
        provider,
        name: known.name,
        keys: Some(wrapped),
        last_four: keys.last_four(),
        live: known.live,
        added_at: now,
        verified_at: now,
        webhook_confirmed_at: None,
        retired_at: None,
        ask_at: (provider == Provider::Stripe).then_some(now),
    };
    let line = JournalId::new(now, app.entropy.id10());
    let job = JobId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| {
            organizations::require_in(tx, &caller, organization, caller.right)?;
            let stored = put(tx, &fresh, job, now)?;
            let entry = journal::Entry::new(
                line,
                now,
                Actor::User(caller.user),
                "merchant.set",
                journal::subject("organization", organization),
                json!({ "merchant": stored.id, "provider": stored.provider, "account": stored.name }),
            );
            journal::record(tx, &entry)?;
            Ok(stored.view())
        })
        .await
}

/// New keys of an account that is known take the place of its old ones, for its old payments too.
/// Another account takes the new payments, and the one before keeps its own.
fn put(tx: &mut Tx<'_>, fresh: &Merchant, job: JobId, now: Timestamp) -> Result<Merchant, Error> {
    let query: Query = of_scope(fresh.organization, fresh.provider);
    let all = tx.list::<Merchant>(&query)?;
    let known = all.iter().find(|merchant| merchant.name == fresh.name);
    let known = known.map(|merchant| merchant.id);
    if known.is_none() && all.len() >= MERCHANTS_MAX as usize {
        return Err(Error::TooManyAccounts);
    }
    if let Some(mut current) = current_in(tx, fresh.organization, fresh.provider)?
        && Some(current.id) != known
    {
        retire(tx, &mut current, job, now)?;
    }
    let Some(mut known) = all.into_iter().find(|merchant| Some(merchant.id) == known) else {
        tx.insert(fresh)?;
        return Ok(fresh.clone());
    };
    known.keys.clone_from(&fresh.keys);
    known.last_four.clone_from(&fresh.last_four);
    known.live = fresh.live;
    known.verified_at = now;
    known.retired_at = None;
    known.ask_at = fresh.ask_at;
    tx.replace(&mut known)?;
    Ok(known.into_inner())
}

/// Tells PayOS the organization's address; what it signs there proves the checksum key.
pub(super) async fn confirm_payos(
    app: &App,
    caller: Caller,
    organization: OrganizationId,
) -> Result<MerchantView, Error> {
    organizations::required(&app.db, &caller, organization).await?;
    let current = current(app, organization, Provider::Payos).await?;
    let current = current.ok_or(Error::NoMerchant)?;
    let channel = payos::Channel::of(app, Some(current.id)).await?;
    let confirmed = payos::register_webhook_of(app, &channel, organization).await;
    confirmed.map_err(|error| match error {
        Error::Gateway(failure) => refused(failure),
        other => other,
    })?;
    let now = app.clock.now();
    let id = current.id.to_string();
    app.db
        .write(move |tx| {
            let merchant = tx.get::<Merchant>(&id)?;
            let mut merchant = merchant.ok_or(Error::NoMerchant)?;
            merchant.webhook_confirmed_at = Some(now);
            tx.replace(&mut merchant)?;
            Ok(merchant.view())
        })
        .await
}
