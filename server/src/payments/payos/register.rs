//! Telling the gateway where our webhook is. Asked for by people, never done at the start: a channel
//! has one address, and a copy of the server must not take it over.

use shared::ids::OrganizationId;

use super::client::Channel;
use crate::app::App;
use crate::payments::error::Error;
use crate::payments::merchants;

/// The gateway tries the address before it takes it, while this waits; gives the address.
pub(super) async fn register_webhook(app: &App) -> Result<String, Error> {
    let channel = Channel::of(app, None).await?;
    let url = format!("{}/api/v1/payments/webhook/payos", app.config.public_url);
    channel.confirm_webhook(app, &url).await?;
    Ok(url)
}

/// The same for an organization's channel, at its own address. The sample that comes there is signed
/// under the checksum key, so this proves that one too.
pub async fn register_webhook_of(
    app: &App,
    channel: &Channel,
    organization: OrganizationId,
) -> Result<(), Error> {
    let url = merchants::webhook_url(app, shared::api::payments::Provider::Payos, organization);
    Ok(channel.confirm_webhook(app, &url).await?)
}
