//! Enrolling a device (V6): challenge, then proof of key and code, then a place in the roster.
//!
//! Invariants: a code enrols one device once; the device row and the roster that names it share a
//! commit; a wrong code and a late one read alike. The device that a code enrolled may ask again
//! while the code lives: an answer that got lost must not cost a walk to the organizer.

use data_encoding::{BASE64, HEXLOWER};
use shared::api::gate::{DeviceStatus, EnrolChallenge, EnrolRequest, EnrolResponse};
use shared::limits::APP_VERSION_BYTES_MAX;
use shared::time::Timestamp;
use shared::trust::enrolment::{is_key_proven, normalise_code, transcript_code};
use shared::trust::{RootPin, StatementKind};

use super::encoding::parse_hex;
use super::incident::{Incident, IncidentKind};
use super::invite::code_hash;
use super::model::{GateDevice, StoredStatement};
use super::statements::{self, RACES_MAX, Trust};
use super::{Error, challenge, event, live, roster, told};
use crate::app::App;
use crate::events::{self, model::Event};
use crate::platform::db::{DbError, Query, Versioned};
use crate::platform::journal::{self, Actor};

/// Derives the key of the challenges from the vault's.
const CHALLENGE_CONTEXT: &str = "gate/enrolment-challenge";

/// First step: a nonce, good for a minute.
pub(super) fn challenge(app: &App, now: Timestamp) -> EnrolChallenge {
    let mut random = [0; 8];
    app.entropy.fill(&mut random);
    let nonce = challenge::make(&app.vault.derive(CHALLENGE_CONTEXT), now, random);
    EnrolChallenge {
        nonce: HEXLOWER.encode(&nonce),
    }
}

/// A request whose proof holds.
struct Proven {
    nonce: [u8; 32],
    code: String,
    public_key: [u8; 32],
    app_version: String,
}

impl Proven {
    fn check(app: &App, request: &EnrolRequest, now: Timestamp) -> Result<Self, Error> {
        let nonce = parse_hex(&request.nonce).ok_or(Error::StaleChallenge)?;
        if !challenge::is_fresh(&app.vault.derive(CHALLENGE_CONTEXT), &nonce, now) {
            return Err(Error::StaleChallenge);
        }
        if request.app_version.len() > APP_VERSION_BYTES_MAX {
            return Err(Error::Field("appVersion", "is too long"));
        }
        let code = normalise_code(&request.code).ok_or(Error::CodeUnknown)?;
        let public_key = parse_hex(&request.public_key).ok_or(Error::BadProof)?;
        let proof = parse_hex::<64>(&request.proof).ok_or(Error::BadProof)?;
        if !is_key_proven(&nonce, &code, &public_key, &proof) {
            return Err(Error::BadProof);
        }
        Ok(Self {
            nonce,
            code,
            public_key,
            app_version: request.app_version.clone(),
        })
    }

    /// Six digits that both screens show.
    fn transcript(&self, trust: &Trust) -> Result<String, Error> {
        let pin = RootPin::of(&trust.root.signed()?);
        Ok(transcript_code(
            &self.nonce,
            &self.code,
            &self.public_key,
            pin,
        ))
    }

    /// The key as a device row has it.
    fn key_hex(&self) -> String {
        HEXLOWER.encode(&self.public_key)
    }
}

/// Second step. The rate limit per address is the handler's.
pub(super) async fn enrol(
    app: &App,
    request: &EnrolRequest,
    now: Timestamp,
) -> Result<EnrolResponse, Error> {
    let proven = Proven::check(app, request, now)?;
    for _ in 0..RACES_MAX {
        let device = by_code(app, &proven, now).await?;
        let event = event(&app.db, device.event).await?.into_inner();
        let trust = statements::ensure(app, &event, now).await?;
        let stored = if device.status == DeviceStatus::Invited {
            admit(app, device, &event, &trust, &proven, now).await
        } else {
            recall(app, device, &trust, &proven).await
        };
        match stored {
            Ok(device) => return answer(app, &device, &event, &trust, &proven).await,
            Err(error) if error.is_race() => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Contended)
}

/// The device behind the code: invited, or enrolled by this very code and key just before.
async fn by_code(
    app: &App,
    proven: &Proven,
    now: Timestamp,
) -> Result<Versioned<GateDevice>, Error> {
    let hash = code_hash(&proven.code);
    let query = Query::on("by_code").eq(hash.as_str()).limit(1);
    let found = app.db.list::<GateDevice>(&query).await?;
    let device = found.into_iter().next().ok_or(Error::CodeUnknown)?;
    match device.status {
        DeviceStatus::Invited if now <= device.code_expires_at => Ok(device),
        DeviceStatus::Invited => Err(Error::CodeExpired),
        // Withdrawn before anybody used it.
        DeviceStatus::Evicted if device.public_key.is_none() => Err(Error::CodeExpired),
        // The key is proven in each request, so this is nobody else, and it learns nothing new.
        DeviceStatus::Pending | DeviceStatus::Enrolled
            if now <= device.code_expires_at
                && device.public_key.as_deref() == Some(&*proven.key_hex()) =>
        {
            Ok(device)
        }
        DeviceStatus::Pending | DeviceStatus::Enrolled | DeviceStatus::Evicted => {
            let incident =
                Incident::new(device.event, IncidentKind::CodeReused, device.id, hash, now)
                    .with_evidence(proven.public_key.to_vec());
            let entry = told::entry(app, Actor::System, "device.code_reused", &device, now);
            app.db
                .write(move |tx| -> Result<(), DbError> {
                    journal::record(tx, &entry)?;
                    incident.note(tx)
                })
                .await?;
            app.gate.live.tell(device.event);
            Err(Error::CodeUsed)
        }
    }
}

/// Stores the device's key and the roster that names it, in one commit.
async fn admit(
    app: &App,
    mut device: Versioned<GateDevice>,
    event: &Event,
    trust: &Trust,
    proven: &Proven,
    now: Timestamp,
) -> Result<GateDevice, Error> {
    device.status = if event.confirm_devices {
        DeviceStatus::Pending
    } else {
        DeviceStatus::Enrolled
    };
    device.transcript_code = Some(proven.transcript(trust)?);
    device.public_key = Some(proven.key_hex());
    device.enrolled_at = Some(now);
    device.app_version.clone_from(&proven.app_version);
    let mut devices = roster::devices(&app.db, event.id).await?;
    if devices
        .iter()
        // Itself: the same request came twice at once. The commit finds out who was first.
        .any(|other| other.id != device.id && other.public_key == device.public_key)
    {
        return Err(Error::KeyInUse);
    }
    for other in devices.iter_mut().filter(|other| other.id == device.id) {
        other.clone_from(&device);
    }
    let is_pending = device.status == DeviceStatus::Pending;
    let action = if is_pending {
        "device.pending"
    } else {
        "device.enrolled"
    };
    let entry = told::entry(app, Actor::Device(device.id), action, &device, now);
    let stored = device.clone();
    if is_pending {
        // No roster names it yet.
        app.db
            .write(move |tx| -> Result<(), Error> {
                tx.replace(&mut stored.clone())?;
                journal::record(tx, &entry)?;
                Ok(live::touch(tx, stored.event, now)?)
            })
            .await?;
    } else {
        let next = roster::next(Some(&trust.roster), event, &devices, &trust.keys, now)?;
        app.db
            .write(move |tx| store(tx, &stored, &next, &entry))
            .await?;
    }
    app.gate.live.tell(device.event);
    Ok(device.into_inner())
}

/// The device asks again: its answer got lost. Both screens show the digits of this exchange.
async fn recall(
    app: &App,
    mut device: Versioned<GateDevice>,
    trust: &Trust,
    proven: &Proven,
) -> Result<GateDevice, Error> {
    let digits = Some(proven.transcript(trust)?);
    if device.transcript_code != digits {
        device.transcript_code = digits;
        let stored = device.clone();
        app.db
            .write(move |tx| tx.replace(&mut stored.clone()))
            .await?;
    }
    Ok(device.into_inner())
}

/// The device row and the next roster, or a race that was lost.
pub(super) fn store(
    tx: &mut crate::platform::db::Tx<'_>,
    device: &Versioned<GateDevice>,
    roster: &StoredStatement,
    entry: &journal::Entry,
) -> Result<(), Error> {
    let current = statements::latest_version(tx, roster.event, StatementKind::Roster)?;
    if current + 1 != roster.version {
        return Err(DbError::Conflict {
            collection: "gate_statements",
        }
        .into());
    }
    tx.replace(&mut device.clone())?;
    tx.insert(roster)?;
    journal::record(tx, entry)?;
    live::touch(tx, device.event, roster.created)?;
    Ok(())
}

async fn answer(
    app: &App,
    device: &GateDevice,
    event: &Event,
    trust: &Trust,
    proven: &Proven,
) -> Result<EnrolResponse, Error> {
    let gates = events::gates_of(&app.db, event.id).await?;
    let gate = gates
        .into_iter()
        .find(|gate| gate.id == device.gate)
        .ok_or(Error::Inconsistent("a device without its gate"))?;
    Ok(EnrolResponse {
        device_id: device.id,
        device_name: device.name.clone(),
        event_id: event.id,
        event_title: event.title.clone(),
        gate_id: gate.id,
        gate_name: gate.name,
        role: device.role,
        transcript_code: proven.transcript(trust)?,
        awaiting_confirmation: device.status == DeviceStatus::Pending,
        root: BASE64.encode(trust.root.wire()),
    })
}
