//! Which account takes a payment, and its keys.

use shared::api::merchants::MerchantsView;
use shared::api::payments::Provider;
use shared::ids::{EventId, MerchantId, OrganizationId};

use super::keys::Keys;
use super::model::Merchant;
use crate::app::App;
use crate::events::model::Event;
use crate::organizations;
use crate::payments::error::Error;
use crate::payments::gateway;
use crate::payments::model::provider_key;
use crate::platform::db::{DbError, Query, Tx, Versioned};
use crate::platform::http::Caller;

/// Accounts that an organization has had at one gateway.
pub(super) const MERCHANTS_MAX: u32 = 10;
/// Between two questions for what no webhook took.
const ASK_SECS: i64 = 60;
/// Accounts asked in one go.
const ASKED_MAX: u32 = 5;

/// The account that takes a new payment for the event: its organization's own, else the server's where
/// that is `lent`.
pub fn taker(
    tx: &mut Tx<'_>,
    event: EventId,
    provider: Provider,
    lent: bool,
) -> Result<Option<MerchantId>, Error> {
    let event = tx.get::<Event>(&event.to_string())?;
    let own = match event.and_then(|event| event.organization_id) {
        Some(organization) => current_in(tx, organization, provider)?,
        None => None,
    };
    match own {
        Some(own) => Ok(Some(own.id)),
        None if lent => Ok(None),
        None => Err(Error::ProviderUnavailable),
    }
}

/// The account that takes new payments.
pub(in crate::payments) async fn current(
    app: &App,
    organization: OrganizationId,
    provider: Provider,
) -> Result<Option<Versioned<Merchant>>, DbError> {
    let query = by_current(organization, provider);
    let found = app.db.list::<Merchant>(&query).await?;
    Ok(found.into_iter().next())
}

/// [`current`] inside a transaction.
pub(super) fn current_in(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    provider: Provider,
) -> Result<Option<Versioned<Merchant>>, DbError> {
    let found = tx.list::<Merchant>(&by_current(organization, provider))?;
    Ok(found.into_iter().next())
}

fn by_current(organization: OrganizationId, provider: Provider) -> Query {
    let scope = Merchant::scope(organization, provider);
    Query::on("by_current").eq(scope).limit(1)
}

/// All that an organization has or had at a gateway.
pub(super) fn of_scope(organization: OrganizationId, provider: Provider) -> Query {
    let scope = Merchant::scope(organization, provider);
    Query::on("by_scope").eq(scope).limit(MERCHANTS_MAX)
}

/// An account's keys, while it has any.
pub async fn keys_of(app: &App, id: MerchantId) -> Result<Option<Keys>, Error> {
    let merchant = app.db.get::<Merchant>(&id.to_string()).await?;
    let merchant = merchant.ok_or(Error::ProviderUnavailable)?;
    unwrapped(app, &merchant)
}

/// Everybody who may sign at an organization's address.
pub async fn all_keys(
    app: &App,
    organization: OrganizationId,
    provider: Provider,
) -> Result<Vec<(MerchantId, Keys)>, Error> {
    let query = of_scope(organization, provider);
    let mut all = Vec::new();
    for merchant in app.db.list::<Merchant>(&query).await? {
        all.extend(unwrapped(app, &merchant)?.map(|keys| (merchant.id, keys)));
    }
    Ok(all)
}

fn unwrapped(app: &App, merchant: &Merchant) -> Result<Option<Keys>, Error> {
    let Some(wrapped) = &merchant.keys else {
        return Ok(None);
    };
    let provider = merchant.provider;
    let context = Merchant::context(merchant.organization, provider, &merchant.name);
    let packed = app.vault.unwrap(&context, wrapped)?;
    Ok(Keys::unpack(provider, &packed))
}

/// Accounts that it is time to ask for what was missed; each once, whoever comes first.
pub async fn due(app: &App, provider: Provider) -> Result<Vec<MerchantId>, Error> {
    let now = app.clock.now();
    let query = Query::on("by_ask").range(0_i64, now).limit(ASKED_MAX);
    if app.db.list::<Merchant>(&query).await?.is_empty() {
        return Ok(Vec::new());
    }
    app.db
        .write(move |tx| {
            let mut due = Vec::new();
            for mut merchant in tx.list::<Merchant>(&query)? {
                merchant.ask_at = Some(now.plus_secs(ASK_SECS));
                tx.replace(&mut merchant)?;
                if merchant.provider == provider {
                    due.push(merchant.id);
                }
            }
            Ok(due)
        })
        .await
}

/// Where a gateway sends what it tells the organization.
pub fn webhook_url(app: &App, provider: Provider, organization: OrganizationId) -> String {
    let base = &app.config.public_url;
    let provider = provider_key(provider);
    format!("{base}/api/v1/payments/webhook/{provider}/{organization}")
}

/// What an organization has, for those who may know.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
) -> Result<MerchantsView, Error> {
    organizations::required(&app.db, caller, organization).await?;
    let mut accounts = Vec::new();
    let (mut stripe, mut payos) = (String::new(), String::new());
    for (provider, url) in [
        (Provider::Stripe, &mut stripe),
        (Provider::Payos, &mut payos),
    ] {
        let query = of_scope(organization, provider);
        let found = app.db.list::<Merchant>(&query).await?;
        accounts.extend(found.iter().map(|merchant| merchant.view()));
        *url = webhook_url(app, provider, organization);
    }
    let server_account_lent =
        gateway::lent(app, Provider::Stripe) || gateway::lent(app, Provider::Payos);
    Ok(MerchantsView {
        stripe_webhook_url: stripe,
        payos_webhook_url: payos,
        server_account_lent,
        accounts,
    })
}
