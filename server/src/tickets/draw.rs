//! The QR code of a ticket as an image (T2), with a tag that spares drawing it again.

use serde::Deserialize;
use shared::ids::ClaimedTicketId;
use shared::time::Timestamp;

use super::qr::TicketQr;
use super::{Error, find, render};
use crate::app::App;
use crate::platform::http::Caller;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    #[default]
    Png,
    Svg,
}

impl Format {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Svg => "image/svg+xml",
        }
    }
}

/// An image to come, and its entity tag. The tag is a hash of the digits: it tells nothing of them.
pub(super) struct Tagged {
    pub(super) tag: String,
    format: Format,
    digits: String,
}

impl Tagged {
    pub(super) async fn of(
        app: &App,
        caller: &Caller,
        id: ClaimedTicketId,
        format: Format,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let ticket = find::held(&app.db, caller, id).await?;
        let token = render(app, &ticket, now).await?.token;
        if ticket.chip.is_some() {
            return Err(Error::OnChip);
        }
        let digits = token.ok_or(Error::Rotating)?.to_digits();
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(format.content_type().as_bytes())
            .update(digits.as_bytes());
        let hash = hasher.finalize().to_hex();
        Ok(Self {
            tag: format!("\"{}\"", &hash[..32]),
            format,
            digits,
        })
    }

    pub(super) fn draw(&self) -> Result<Vec<u8>, Error> {
        let qr = TicketQr::new(&self.digits)?;
        Ok(match self.format {
            Format::Png => qr.png()?,
            Format::Svg => qr.svg().into_bytes(),
        })
    }
}
