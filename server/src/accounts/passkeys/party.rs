//! Who we are to a browser, and what it may send: the edge to the library; pure.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::api::passkeys::{NewCredential, ShownCredential};
use webauthn_rs::prelude::{
    PublicKeyCredential, RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder,
};

use super::ceremony::LIVES_SECS;
use crate::accounts::error::Error;

/// Base64url of what the standard allows a credential's id (1023 bytes), and of generous rooms for what
/// it does not bound.
const ID_CHARS_MAX: usize = 1364;
const CLIENT_DATA_CHARS_MAX: usize = 4096;
const AUTHENTICATOR_DATA_CHARS_MAX: usize = 4096;
const ATTESTATION_CHARS_MAX: usize = 16 * 1024;
const SIGNATURE_CHARS_MAX: usize = 2048;
const USER_HANDLE_CHARS_MAX: usize = 88;

/// The server as browsers name it. They bind passkeys to a name, and only where nobody listens in.
pub(super) fn party(public_url: &str) -> Result<Webauthn, Error> {
    let origin = Url::parse(public_url).map_err(|_| Error::PasskeysNeedName)?;
    let name = origin.domain().filter(|name| {
        let local = *name == "localhost" || name.ends_with(".localhost");
        local || origin.scheme() == "https"
    });
    let name = name.ok_or(Error::PasskeysNeedName)?;
    WebauthnBuilder::new(name, &origin)
        .and_then(|builder| {
            builder
                .rp_name("Gatehouse")
                .timeout(Duration::from_secs(LIVES_SECS.into()))
                .build()
        })
        .map_err(|_| Error::PasskeysNeedName)
}

/// The `publicKey` of what the library asks.
pub(super) fn question(asked: &impl Serialize) -> Result<Value, Error> {
    let mut asked = serde_json::to_value(asked)
        .map_err(|_| Error::Inconsistent("a browser cannot be asked"))?;
    Ok(asked["publicKey"].take())
}

/// `None`: too long, or not base64url.
pub(super) fn new_credential(given: &NewCredential) -> Option<RegisterPublicKeyCredential> {
    let response = &given.response;
    let fits = fit(&[
        (&given.id, ID_CHARS_MAX),
        (&given.raw_id, ID_CHARS_MAX),
        (&response.client_data_json, CLIENT_DATA_CHARS_MAX),
        (&response.attestation_object, ATTESTATION_CHARS_MAX),
    ]);
    read(&given.kind, &given.id, &given.raw_id, fits, given)
}

/// `None`: too long, or not base64url.
pub(super) fn shown_credential(given: &ShownCredential) -> Option<PublicKeyCredential> {
    let response = &given.response;
    let fits = fit(&[
        (&given.id, ID_CHARS_MAX),
        (&given.raw_id, ID_CHARS_MAX),
        (&response.client_data_json, CLIENT_DATA_CHARS_MAX),
        (&response.authenticator_data, AUTHENTICATOR_DATA_CHARS_MAX),
        (&response.signature, SIGNATURE_CHARS_MAX),
        (
            response.user_handle.as_deref().unwrap_or_default(),
            USER_HANDLE_CHARS_MAX,
        ),
    ]);
    read(&given.kind, &given.id, &given.raw_id, fits, given)
}

fn fit(fields: &[(&str, usize)]) -> bool {
    fields.iter().all(|(text, max)| text.len() <= *max)
}

fn read<T: DeserializeOwned>(
    kind: &str,
    id: &str,
    raw_id: &str,
    fits: bool,
    given: &impl Serialize,
) -> Option<T> {
    // Two spellings of one thing: the library looks at the second only.
    if !fits || kind != "public-key" || id != raw_id {
        return None;
    }
    serde_json::from_value(serde_json::to_value(given).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_a_name_and_a_safe_way() {
        // A8
        for good in [
            "https://tickets.example",
            "https://tickets.example:8443/sub",
            "http://localhost:8080",
            "http://gate.localhost:8080",
        ] {
            assert!(party(good).is_ok(), "{good}");
        }
        for bad in [
            "http://127.0.0.1:8080",
            "https://192.0.2.1",
            "https://[2001:db8::1]",
            "http://tickets.example",
            "http://notlocalhost",
            "tickets.example",
            "",
        ] {
            let refused = party(bad);
            assert!(matches!(refused, Err(Error::PasskeysNeedName)), "{bad}");
        }
    }
}
