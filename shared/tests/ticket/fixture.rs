//! The event, key and ticket of the format's known answer, and a signer that signs anything.

use ed25519_dalek::{Signer, SigningKey};
use shared::ids::EventId;
use shared::ticket::{
    Chain, Flags, Link, PAYLOAD_LEN, Payload, SignedChain, TOKEN_LEN, event_hint, sign_chain,
};

pub(crate) const DOMAIN: &[u8] = b"TKT1.static\0";
pub(crate) const DIGITS: &str = "3603302212598075700289171742670848292789468112855335381149001390451914\
     6693399645170955424497012555558656873399022018457603515766570235293812\
     18288361165485837208556464575032150083421043746209554515621120";

/// `x_2880` of the published chain: sixteen bytes of 0x11.
pub(crate) const LAST_LINK: Link = Link([0x11; 16]);
pub(crate) const LAST_STEP: u16 = 2880;

pub(crate) fn chain() -> Chain {
    Chain::of(event(), &payload())
}

/// `x_0` of the published chain.
pub(crate) fn anchor() -> Link {
    chain().walk(LAST_STEP, 0, LAST_LINK)
}

/// The known answer's payload under the other signature, with the published chain.
pub(crate) fn rotating() -> SignedChain {
    sign_chain(&key(), event(), &payload(), anchor()).expect("signs")
}

/// The honest code of a step.
pub(crate) fn code(step: u16) -> Vec<u8> {
    let reveal = chain().walk(LAST_STEP, step, LAST_LINK);
    rotating().show(step, reveal).as_bytes().to_vec()
}

pub(crate) fn event() -> EventId {
    "3f2c9d1e-8a7b-4c55-9e0a-1b2c3d4e5f60"
        .parse()
        .expect("a uuid")
}

pub(crate) fn other_event() -> EventId {
    "00000000-0000-7000-8000-000000000002"
        .parse()
        .expect("a uuid")
}

/// The seed of RFC 8032 TEST 1.
pub(crate) fn key() -> SigningKey {
    let seed = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    SigningKey::from_bytes(&seed.expect("hex").try_into().expect("32 bytes"))
}

/// The seed of RFC 8032 TEST 2.
pub(crate) fn other_key() -> SigningKey {
    let seed = hex::decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    SigningKey::from_bytes(&seed.expect("hex").try_into().expect("32 bytes"))
}

pub(crate) fn payload() -> Payload {
    Payload {
        kid: 3,
        serial: 48213,
        generation: 1,
        class: 7,
        zones: 0x000B,
        not_before: 64,
        not_after: 104,
        flags: Flags::SEAT.with(Flags::ADULT),
        seat: Some(0x000C_0815),
        hint: event_hint(event()),
    }
}

pub(crate) fn payload_bytes() -> [u8; PAYLOAD_LEN] {
    payload().encode().expect("a good payload")
}

/// The known answer with some payload bytes replaced, signed honestly: what a careless or hostile
/// issuer could make, which `sign` refuses to.
pub(crate) fn signed_with(changes: &[(usize, u8)]) -> [u8; TOKEN_LEN] {
    let mut payload = payload_bytes();
    for (offset, byte) in changes {
        payload[*offset] = *byte;
    }
    signed(&payload)
}

pub(crate) fn signed(payload: &[u8; PAYLOAD_LEN]) -> [u8; TOKEN_LEN] {
    let message = message(DOMAIN, event(), payload);
    join(payload, &key().sign(&message).to_bytes())
}

pub(crate) fn message(domain: &[u8], event: EventId, payload: &[u8]) -> Vec<u8> {
    [domain, event.as_bytes(), payload].concat()
}

pub(crate) fn join(payload: &[u8], signature: &[u8]) -> [u8; TOKEN_LEN] {
    [payload, signature].concat().try_into().expect("83 bytes")
}
