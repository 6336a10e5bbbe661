//! Keys, packed to be wrapped and unpacked to be used.

use shared::api::payments::Provider;
use zeroize::Zeroizing;

use crate::config::Secret;

/// What an account is used with.
#[derive(Debug)]
pub enum Keys {
    Stripe {
        secret_key: Secret,
        webhook_secret: Secret,
    },
    Payos {
        client_id: String,
        api_key: Secret,
        checksum_key: Secret,
    },
}

impl Keys {
    pub(super) const fn provider(&self) -> Provider {
        match self {
            Self::Stripe { .. } => Provider::Stripe,
            Self::Payos { .. } => Provider::Payos,
        }
    }

    /// One a line: none holds a line's end.
    pub(super) fn pack(&self) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Stripe {
                secret_key,
                webhook_secret,
            } => [secret_key.reveal(), webhook_secret.reveal()].join("\n"),
            Self::Payos {
                client_id,
                api_key,
                checksum_key,
            } => [client_id, api_key.reveal(), checksum_key.reveal()].join("\n"),
        })
    }

    pub(super) fn unpack(provider: Provider, packed: &[u8]) -> Option<Self> {
        let packed = std::str::from_utf8(packed).ok()?;
        let secret = |text: &str| Secret::new(text.to_owned());
        let lines: Vec<&str> = packed.split('\n').collect();
        match (provider, &lines[..]) {
            (Provider::Stripe, [secret_key, webhook_secret]) => Some(Self::Stripe {
                secret_key: secret(secret_key),
                webhook_secret: secret(webhook_secret),
            }),
            (Provider::Payos, [client_id, api_key, checksum_key]) => Some(Self::Payos {
                client_id: (*client_id).to_owned(),
                api_key: secret(api_key),
                checksum_key: secret(checksum_key),
            }),
            _ => None,
        }
    }

    /// Enough to tell two keys apart, and no more.
    pub(super) fn last_four(&self) -> String {
        let key = match self {
            Self::Stripe { secret_key, .. } => secret_key.reveal(),
            Self::Payos { api_key, .. } => api_key.reveal(),
        };
        let hidden = key.chars().count().saturating_sub(4);
        key.chars().skip(hidden).collect()
    }
}
