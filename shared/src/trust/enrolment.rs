//! The messages of enrolment: link, proof of the device key, transcript code.
//!
//! Codes and pins are written in Crockford's base32: no I, L, O or U to misread, and none to spell.

use std::fmt;
use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use ed25519_dalek::{Signature, Signer, SigningKey};

use super::root::RootPin;
use crate::ids::EventId;
use crate::ticket::check_public_key;

/// A link is read from a QR code or typed; a longer one is not ours.
pub const LINK_BYTES_MAX: usize = 512;
/// 80 bits.
pub const CODE_BYTES: usize = 10;
pub const CODE_CHARS: usize = 16;
const PATH: &str = "/enrol";
const PROOF_DOMAIN: &[u8] = b"TKT1.enrol\0";
const TRANSCRIPT_DOMAIN: &[u8] = b"TKT1.transcript\0";

static CROCKFORD: LazyLock<Encoding> = LazyLock::new(|| {
    let mut crockford = Specification::new();
    crockford
        .symbols
        .push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    crockford
        .translate
        .from
        .push_str("abcdefghjkmnpqrstvwxyziIlLoO");
    crockford
        .translate
        .to
        .push_str("ABCDEFGHJKMNPQRSTVWXYZ111100");
    crockford.ignore.push_str(" -");
    crockford.encoding().expect("the table is well-formed")
});

/// What the enrolment QR carries: `{hub}/enrol#c=CODE&r=ROOTPIN&e=EVENT`. The code stays in the
/// fragment, so that no server or proxy logs it.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentLink {
    /// `https://host:port`, no trailing slash.
    pub hub: String,
    /// 80 bits, base32, 16 characters, shown 4-4-4-4.
    pub code: String,
    pub pin: Option<RootPin>,
    pub event: Option<EventId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an enrolment link")]
pub struct LinkError;

impl EnrolmentLink {
    /// Fields of later versions are passed over; a field twice is refused.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        if text.len() > LINK_BYTES_MAX {
            return Err(LinkError);
        }
        let (page, fragment) = text.split_once('#').ok_or(LinkError)?;
        let hub = page.strip_suffix(PATH).ok_or(LinkError)?;
        if !is_hub(hub) {
            return Err(LinkError);
        }
        let (mut code, mut pin, mut event) = (None, None, None);
        for field in fragment.split('&') {
            let (name, value) = field.split_once('=').ok_or(LinkError)?;
            let is_repeated = match name {
                "c" => code
                    .replace(normalise_code(value).ok_or(LinkError)?)
                    .is_some(),
                "r" => pin.replace(parse_pin(value).ok_or(LinkError)?).is_some(),
                "e" => event
                    .replace(value.parse().map_err(|_| LinkError)?)
                    .is_some(),
                _ => false,
            };
            if is_repeated {
                return Err(LinkError);
            }
        }
        Ok(Self {
            hub: hub.to_owned(),
            code: code.ok_or(LinkError)?,
            pin,
            event,
        })
    }
    pub fn to_url(&self) -> String {
        let mut url = format!("{}{PATH}#c={}", self.hub, self.code);
        if let Some(pin) = self.pin {
            url.push_str("&r=");
            url.push_str(&CROCKFORD.encode(&pin.0));
        }
        if let Some(event) = self.event {
            // Without hyphens: the QR code has to be read from a screen at arm's length.
            url.push_str("&e=");
            url.push_str(&event.as_uuid().simple().to_string());
        }
        url
    }
}

/// Whoever has the code can enrol; logs must not have it.
impl fmt::Debug for EnrolmentLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolmentLink")
            .field("hub", &self.hub)
            .field("code", &"[redacted]")
            .field("pin", &self.pin)
            .field("event", &self.event)
            .finish()
    }
}

/// `http(s)://host[:port][/path]`, without user, query or trailing slash.
fn is_hub(hub: &str) -> bool {
    let authority = hub
        .strip_prefix("https://")
        .or_else(|| hub.strip_prefix("http://"));
    authority.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with(['/', ':'])
            && !rest.ends_with('/')
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]/~".contains(&byte))
    })
}

/// 16 bytes as 32 hex digits or 26 characters of base32, the way a link carries them.
pub fn parse_pin(text: &str) -> Option<RootPin> {
    let bytes = match text.len() {
        32 => data_encoding::HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .ok()?,
        26 => CROCKFORD.decode(text.as_bytes()).ok()?,
        _ => return None,
    };
    bytes.try_into().ok().map(RootPin)
}

/// A new code from 80 random bits.
pub fn code_from_random(random: [u8; CODE_BYTES]) -> String {
    CROCKFORD.encode(&random)
}

/// Upper case, without separators; `None` when it cannot be a code.
pub fn normalise_code(text: &str) -> Option<String> {
    if text.len() > 4 * CODE_CHARS {
        return None;
    }
    let bytes = CROCKFORD.decode(text.trim().as_bytes()).ok()?;
    (bytes.len() == CODE_BYTES).then(|| CROCKFORD.encode(&bytes))
}

/// The code as people read it: 4-4-4-4.
pub fn display_code(code: &str) -> String {
    let mut shown = String::with_capacity(code.len() + code.len() / 4);
    for (place, symbol) in code.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            shown.push('-');
        }
        shown.push(symbol);
    }
    shown
}

/// What the device signs to prove its key: domain ‖ nonce ‖ code ‖ key.
pub fn enrolment_message(nonce: &[u8; 32], code: &str, public_key: &[u8; 32]) -> Vec<u8> {
    [PROOF_DOMAIN, nonce, code.as_bytes(), public_key].concat()
}

/// The device's proof that it has the key's other half. `code` is normalised.
pub fn prove_key(key: &SigningKey, nonce: &[u8; 32], code: &str) -> [u8; 64] {
    let message = enrolment_message(nonce, code, key.verifying_key().as_bytes());
    key.sign(&message).to_bytes()
}

/// Whether the key is usable and `proof` was made with it, for this nonce and code.
pub fn is_key_proven(nonce: &[u8; 32], code: &str, public_key: &[u8; 32], proof: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (check_public_key(public_key), Signature::from_slice(proof))
    else {
        return false;
    };
    key.verify_strict(&enrolment_message(nonce, code, public_key), &signature)
        .is_ok()
}

/// Six digits that both screens show. They differ when the device and the hub do not mean the same
/// key, code and root, but for one in a million; somebody in between who may try keys for a while
/// can find that one, so the pin in the link stays the stronger check.
pub fn transcript_code(
    nonce: &[u8; 32],
    code: &str,
    public_key: &[u8; 32],
    pin: RootPin,
) -> String {
    let transcript = [
        TRANSCRIPT_DOMAIN,
        nonce,
        code.as_bytes(),
        public_key,
        &pin.0,
    ]
    .concat();
    let hash = blake3::hash(&transcript);
    let number = hash.as_bytes()[..8]
        .iter()
        .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{:06}", number % 1_000_000)
}
