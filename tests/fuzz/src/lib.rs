//! The event, keys and log that every target reads under: fixed, so that an input replays alone.

use ed25519_dalek::SigningKey;
use shared::ids::{DeviceId, EventId};
use shared::log::Genesis;
use shared::time::Timestamp;
use shared::trust::{KeyStatus, Keyring, KeyringEntry, TrustedKeys};

pub const EVENT: EventId = EventId::from_bytes([
    0x3F, 0x2C, 0x9D, 0x1E, 0x8A, 0x7B, 0x4C, 0x55, 0x9E, 0x0A, 0x1B, 0x2C, 0x3D, 0x4E, 0x5F, 0x60,
]);
/// Inside the validity of everything below.
pub const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
pub const KID: u8 = 3;

/// The seed is public: what it signs is worth nothing outside a fuzzer.
pub fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub fn keys() -> TrustedKeys {
    let entry = KeyringEntry {
        kid: KID,
        public_key: key().verifying_key().to_bytes(),
        serial_first: 0,
        serial_last: 0x00FF_FFFF,
        not_before: NOW.plus_secs(-1000),
        not_after: NOW.plus_secs(1000),
        status: KeyStatus::Active,
    };
    TrustedKeys::load(&Keyring { keys: vec![entry] }).expect("a good key")
}

pub fn genesis() -> Genesis {
    Genesis {
        event: EVENT,
        device: DeviceId::from_bytes([9; 16]),
        device_key: key().verifying_key().to_bytes(),
        incarnation: [1; 16],
        app_version: "fuzz 0".to_owned(),
    }
}
