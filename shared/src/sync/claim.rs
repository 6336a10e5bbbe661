//! Strict tickets: claim before green. A device asks the ticket's home hubs; two of three must
//! grant the same use before anybody is admitted. ADR 0024.
//!
//! Homes come from the signed roster, never from who can be heard: two islands that chose homes
//! among themselves would each find two that agree. An evicted hub stays a home that never
//! answers, so that an eviction moves no ticket to homes that know nothing of earlier grants.
//!
//! Questions and answers are signed by the devices that make them: hubs carry them on, and a hub
//! that could make one up would admit a copy, or free a slot that was used.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::strict::to_wire;
use crate::api::gate::DeviceRole;
use crate::ids::{DeviceId, EventId};
use crate::trust::{Roster, RosterEntry};

pub const HOMES: usize = 3;
/// Hubs that a claim may pass through.
pub const HOPS_MAX: u8 = 4;

const REQUEST_DOMAIN: &[u8] = b"TKT1.claim\0";
const ANSWER_DOMAIN: &[u8] = b"TKT1.grant\0";

/// One use of one ticket. A ticket good for n entries has slots 0 to n-1, each granted by itself:
/// two of three for every slot, so that grants can never add up to more admissions than slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClaimSlot {
    pub serial: u32,
    pub generation: u8,
    pub slot: u8,
}

/// One attempt of one device. `boot` and `number` make it unique and put the attempts of one boot
/// in order: a later one of the same boot takes the place of an earlier one, which is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClaimId {
    pub device: DeviceId,
    pub boot: [u8; 16],
    pub number: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRequest {
    pub claim: ClaimId,
    pub slot: ClaimSlot,
    /// Of the ticket's class: they say which homes it has.
    pub zones: u16,
    pub home: DeviceId,
    /// The roster by which the homes were chosen.
    pub roster_version: u64,
    /// The attempt is over and admitted nobody: the home may grant the slot again.
    pub release: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimAnswer {
    pub claim: ClaimId,
    pub slot: ClaimSlot,
    pub home: DeviceId,
    pub verdict: HomeVerdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HomeVerdict {
    /// Durable at the home before it was said.
    Granted,
    /// Granted to another attempt.
    Taken(ClaimId),
    /// The home lost its disk, or goes by another roster: it counts for nothing.
    Abstains,
}

/// A question on its way: signed by the device that asks. What hubs change as they carry it on is
/// not signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedClaim {
    pub request: ClaimRequest,
    /// Hubs it may still pass through.
    pub hops: u8,
    /// 64 bytes.
    pub signature: Vec<u8>,
}

impl SignedClaim {
    pub fn sign(key: &SigningKey, event: EventId, request: ClaimRequest) -> Self {
        Self {
            signature: sign(key, REQUEST_DOMAIN, event, &request),
            request,
            hops: HOPS_MAX,
        }
    }
    /// Made by the holder of `public_key`.
    pub fn is_by(&self, public_key: &[u8; 32], event: EventId) -> bool {
        let Self {
            request, signature, ..
        } = self;
        verify(public_key, REQUEST_DOMAIN, event, request, signature)
    }
}

/// A home's answer, signed by the home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedAnswer {
    pub answer: ClaimAnswer,
    /// 64 bytes.
    pub signature: Vec<u8>,
}

impl SignedAnswer {
    pub fn sign(key: &SigningKey, event: EventId, answer: ClaimAnswer) -> Self {
        Self {
            signature: sign(key, ANSWER_DOMAIN, event, &answer),
            answer,
        }
    }
    /// Made by the holder of `public_key`.
    pub fn is_by(&self, public_key: &[u8; 32], event: EventId) -> bool {
        verify(
            public_key,
            ANSWER_DOMAIN,
            event,
            &self.answer,
            &self.signature,
        )
    }
}

/// domain ‖ event ‖ the wire form of what is said.
fn message(domain: &[u8], event: EventId, said: &impl Serialize) -> Vec<u8> {
    [domain, event.as_bytes(), &to_wire(said)].concat()
}

fn sign(key: &SigningKey, domain: &[u8], event: EventId, said: &impl Serialize) -> Vec<u8> {
    key.sign(&message(domain, event, said)).to_bytes().to_vec()
}

fn verify(
    public_key: &[u8; 32],
    domain: &[u8],
    event: EventId,
    said: &impl Serialize,
    signature: &[u8],
) -> bool {
    let (Ok(key), Ok(signature)) = (
        VerifyingKey::from_bytes(public_key),
        Signature::from_slice(signature),
    ) else {
        return false;
    };
    key.verify_strict(&message(domain, event, said), &signature)
        .is_ok()
}

/// The homes of a ticket, best first: rendezvous over the roster's kiosks, those of the ticket's
/// home zone before all others. Guests go where their ticket admits them, so that a network that
/// falls apart between zones leaves two of the three homes on the guest's side. Fewer than three
/// kiosks: one of them decides alone.
pub fn homes(roster: &Roster, serial: u32, zones: u16) -> Vec<DeviceId> {
    let kiosks: Vec<&RosterEntry> = roster
        .devices
        .iter()
        .filter(|of| of.role == DeviceRole::Kiosk)
        .collect();
    let zone = home_zone(&kiosks, serial, zones);
    let mut weighed: Vec<(bool, [u8; 32], DeviceId)> = kiosks
        .iter()
        .map(|of| (of.zones & zone == 0, weight(of.device, serial), of.device))
        .collect();
    weighed.sort_unstable();
    let count = if weighed.len() < HOMES { 1 } else { HOMES };
    weighed.into_iter().take(count).map(|(.., of)| of).collect()
}

/// How many grants make an admission.
pub const fn quorum(homes: usize) -> usize {
    homes / 2 + 1
}

/// The one of the ticket's zones, among those that have a kiosk, where its homes are; 0 for none.
fn home_zone(kiosks: &[&RosterEntry], serial: u32, zones: u16) -> u16 {
    let served = kiosks.iter().fold(0, |all, of| all | of.zones) & zones;
    let bits = (0..u16::BITS).map(|bit| 1_u16 << bit);
    bits.filter(|zone| served & zone != 0)
        .min_by_key(|zone| hash(b"TKT1.zone\0", &zone.to_be_bytes(), serial))
        .unwrap_or(0)
}

fn weight(device: DeviceId, serial: u32) -> [u8; 32] {
    hash(b"TKT1.home\0", device.as_bytes(), serial)
}

fn hash(domain: &[u8], of: &[u8], serial: u32) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(domain);
    hasher.update(of);
    hasher.update(&serial.to_be_bytes());
    *hasher.finalize().as_bytes()
}
