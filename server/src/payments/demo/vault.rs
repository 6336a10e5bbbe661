//! The webhook secret: drawn on first use, kept wrapped in the database.

use std::fmt;

use zeroize::Zeroizing;

use super::error::Error;
use super::model::StoredSecret;
use crate::app::App;

const CONTEXT: &str = "payments/demo/webhook";

/// Signs what the gateway tells the shop.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

pub async fn secret(app: &App) -> Result<Secret, Error> {
    let stored = match app.db.get::<StoredSecret>(StoredSecret::ID).await? {
        Some(stored) => stored.into_inner(),
        None => make(app).await?,
    };
    Ok(Secret(app.vault.unwrap(CONTEXT, &stored.secret)?))
}

/// Two that make it at once keep the first.
async fn make(app: &App) -> Result<StoredSecret, Error> {
    let drawn = app.vault.draw_key();
    let fresh = StoredSecret {
        secret: app.vault.wrap(CONTEXT, &*drawn)?,
    };
    app.db
        .write(move |tx| {
            if let Some(stored) = tx.get::<StoredSecret>(StoredSecret::ID)? {
                return Ok(stored.into_inner());
            }
            tx.insert(&fresh)?;
            Ok(fresh.clone())
        })
        .await
}
