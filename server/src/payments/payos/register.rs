//! Telling the gateway where our webhook is. Asked for by an administrator, never done at the start:
//! a channel has one address, and a copy of the server must not take it over.

use super::client::Channel;
use crate::app::App;
use crate::payments::error::Error;

/// The gateway tries the address before it takes it, while this waits; gives the address.
pub(super) async fn register_webhook(app: &App) -> Result<String, Error> {
    let channel = Channel::of(&app.config).ok_or(Error::ProviderUnavailable)?;
    let url = format!("{}/api/v1/payments/webhook/payos", app.config.public_url);
    channel.confirm_webhook(app, &url).await?;
    Ok(url)
}
