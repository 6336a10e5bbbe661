//! A device that has passkeys, in software: what a phone and its browser answer, and what a thief would
//! like to. For the tests of this room; the end-to-end tests have a real Chromium.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const PRESENT: u8 = 0x01;
pub(super) const VERIFIED: u8 = 0x04;
const BACKUP: u8 = 0x18;
const NEW_KEY: u8 = 0x40;

/// One passkey, and all that can be lied about.
#[derive(Clone)]
pub(super) struct Device {
    key: SigningKey,
    pub(super) id: Vec<u8>,
    /// Whose it says it is.
    pub(super) owner: Vec<u8>,
    pub(super) origin: String,
    pub(super) rp_id: String,
    pub(super) counter: u32,
    pub(super) flags: u8,
    /// Replaces the ceremony's challenge.
    pub(super) challenge: Option<String>,
    pub(super) create: &'static str,
    pub(super) get: &'static str,
}

impl Device {
    pub(super) fn new(number: u8, host: &str) -> Self {
        Self {
            key: SigningKey::from_slice(&[number; 32]).expect("a key"),
            id: vec![number; 32],
            owner: Vec::new(),
            origin: format!("https://{host}"),
            rp_id: host.to_owned(),
            counter: 0,
            flags: PRESENT | VERIFIED | BACKUP,
            challenge: None,
            create: "webauthn.create",
            get: "webauthn.get",
        }
    }

    /// `navigator.credentials.create()`
    pub(super) fn create(&mut self, question: &Value) -> Value {
        let asked = &question["publicKey"];
        let owner = asked["user"]["id"].as_str().expect("a user");
        self.owner = URL_SAFE_NO_PAD.decode(owner).expect("base64url");
        let mut data = self.data(self.flags | NEW_KEY);
        data.extend([0; 16]);
        let length = u16::try_from(self.id.len()).expect("a short id");
        data.extend(length.to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose());
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        let length = u16::try_from(data.len()).expect("short data");
        attestation.extend(length.to_be_bytes());
        attestation.extend(&data);
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": text(self.client_data(self.create, asked).as_bytes()),
                "attestationObject": text(&attestation),
                "transports": ["internal", "hybrid"],
            },
        })
    }

    /// `navigator.credentials.get()`
    pub(super) fn get(&self, question: &Value) -> Value {
        let client_data = self.client_data(self.get, &question["publicKey"]);
        let data = self.data(self.flags);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(client_data.as_bytes()));
        let signature: DerSignature = self.key.sign(&signed);
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text(client_data.as_bytes()),
                "authenticatorData": text(&data),
                "signature": text(signature.as_bytes()),
                "userHandle": text(&self.owner),
            },
        })
    }

    fn client_data(&self, kind: &str, asked: &Value) -> String {
        let challenge = match &self.challenge {
            Some(challenge) => json!(challenge),
            None => asked["challenge"].clone(),
        };
        let origin = &self.origin;
        json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false })
            .to_string()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// The public key, as COSE has it: EC2, ES256, P-256, x, y.
    fn cose(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let point = point.as_bytes();
        let mut cose = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".to_vec();
        cose.extend(&point[1..33]);
        cose.extend(b"\x22\x58\x20");
        cose.extend(&point[33..]);
        cose
    }
}

pub(super) fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
