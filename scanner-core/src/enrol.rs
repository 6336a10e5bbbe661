//! Enrolment: from a one-time code to a device with a key, a pinned root and its first snapshot.
//!
//! Invariants: the key is made here and never leaves; the root must match the pin of the link, and
//! the transcript the server's, before anything is stored; a crash or a lost answer leaves nothing
//! but the key, and a repetition shows the same one.

use std::path::Path;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::Signer as _;
use serde::Serialize;
use shared::api::gate::{DeviceRole, EnrolRequest, EnrolResponse};
use shared::ids::{DeviceId, EventId};
use shared::trust::enrolment::{EnrolmentLink, enrolment_message, normalise_code, transcript_code};
use shared::trust::{Opened, Root, RootPin, Signed};

use crate::cache::{Cache, DeviceKey, Identity, Lock, LockKind, NewDevice, put_aside};
use crate::clock::Edge;
use crate::error::{Cause, Error};
use crate::sync::{HttpTransport, SyncReport, Syncer, Transport, TransportError};

/// The server's word for a key that some device has already.
const KEY_IN_USE: &str = "key_in_use";

/// What the organizer handed over.
#[derive(Clone, Debug)]
pub struct Invitation {
    link: EnrolmentLink,
}

impl Invitation {
    /// An enrolment link, or a bare code with the server's address. A server given beside a link
    /// replaces the link's: the event stays pinned.
    pub fn parse(link_or_code: &str, server: Option<&str>) -> Result<Self, Error> {
        let server = server.map(|server| server.trim_end_matches('/').to_owned());
        if let Some(server) = server.as_deref().filter(|server| !has_scheme(server)) {
            let told = format!("write http:// or https:// before the server's address {server}");
            return Err(Cause::Input(told).into());
        }
        let text = link_or_code.trim();
        if let Ok(mut link) = EnrolmentLink::parse(text) {
            if let Some(server) = server {
                link.hub = server;
            }
            return Ok(Self { link });
        }
        let Some(code) = normalise_code(text) else {
            return Err(
                Cause::Input("this is neither an enrolment link nor a code".to_owned()).into(),
            );
        };
        let Some(hub) = server else {
            return Err(
                Cause::Input("a bare code needs the server's address as well".to_owned()).into(),
            );
        };
        Ok(Self {
            link: EnrolmentLink {
                hub,
                code,
                pin: None,
                event: None,
            },
        })
    }

    /// Base URL of the server.
    pub fn server(&self) -> &str {
        &self.link.hub
    }

    /// Whether the link says which event's keys to expect. Without, the first answer is believed,
    /// and the six digits on both screens are the only check.
    pub fn is_pinned(&self) -> bool {
        self.link.pin.is_some()
    }
}

fn has_scheme(server: &str) -> bool {
    server.starts_with("http://") || server.starts_with("https://")
}

/// A device that is enrolled, and how its first sync went.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrolReport {
    pub device_id: DeviceId,
    pub device_name: String,
    pub event_id: EventId,
    pub event_title: String,
    pub gate_name: String,
    pub role: DeviceRole,
    pub server: String,
    /// Six digits to compare with the organizer's screen.
    pub transcript_code: String,
    /// The organizer compares the digits first; until then the device cannot sync.
    pub awaiting_confirmation: bool,
    /// The link carried the event's root.
    pub pinned: bool,
    pub sync: Option<SyncReport>,
    /// Why the first sync failed. The enrolment stands: sync again.
    pub sync_error: Option<String>,
}

/// Enrols the data directory over HTTP and syncs once.
pub fn enrol(dir: &Path, invitation: &Invitation, edge: &Edge) -> Result<EnrolReport, Error> {
    let mut transport = HttpTransport::new(invitation.server())?;
    enrol_over(dir, invitation, edge, &mut transport)
}

/// The same over any transport.
pub fn enrol_over(
    dir: &Path,
    invitation: &Invitation,
    edge: &Edge,
    transport: &mut dyn Transport,
) -> Result<EnrolReport, Error> {
    let (identity, awaiting_confirmation) = join(dir, &invitation.link, edge, transport)?;
    let (sync, sync_error) = if awaiting_confirmation {
        (None, None)
    } else {
        match Syncer::open(dir, edge.clone()).and_then(|mut it| it.run(transport)) {
            Ok(report) => (Some(report), None),
            Err(error) => (None, Some(error.to_string())),
        }
    };
    Ok(EnrolReport {
        device_id: identity.device,
        device_name: identity.device_name,
        event_id: identity.event,
        event_title: identity.event_title,
        gate_name: identity.gate_name,
        role: identity.role,
        server: identity.server,
        transcript_code: identity.transcript_code,
        awaiting_confirmation,
        pinned: invitation.is_pinned(),
        sync,
        sync_error,
    })
}

fn join(
    dir: &Path,
    link: &EnrolmentLink,
    edge: &Edge,
    transport: &mut dyn Transport,
) -> Result<(Identity, bool), Cause> {
    match Cache::open(dir) {
        Ok(None) => {}
        Ok(Some((_, known))) => {
            return Err(Cause::AlreadyEnrolled {
                device: known.device_name,
                event: known.event_title,
            });
        }
        // A new key, another device: nothing of the old one is left.
        Err(Cause::Archived(_)) => put_aside(dir)?,
        Err(error) => return Err(error),
    }
    let mut cache = Cache::create(dir)?;
    let _lock = Lock::take(dir, LockKind::Sync)?;
    let mut key = DeviceKey::find_or_make(dir, &*edge.entropy)?;
    let mut answer = ask(link, &key, transport);
    if matches!(&answer, Err(Cause::Transport(TransportError::Refused { code, .. })) if code == KEY_IN_USE)
    {
        // An earlier enrolment went through and its answer was lost: that device is nobody now.
        key = DeviceKey::replace(dir, &*edge.entropy)?;
        answer = ask(link, &key, transport);
    }
    let (nonce, response) = answer?;
    let (signed, root, pin) = check_root(link, &response, edge)?;
    let transcript = transcript_code(&nonce, &link.code, &key.public(), pin);
    if transcript != response.transcript_code {
        return Err(Cause::Untrusted(
            "the server saw another exchange than this device: somebody sits in between".to_owned(),
        ));
    }
    let identity = Identity {
        event: response.event_id,
        event_title: response.event_title,
        device: response.device_id,
        device_name: response.device_name,
        public_key: key.public(),
        gate: response.gate_id,
        gate_name: response.gate_name,
        role: response.role,
        server: link.hub.clone(),
        pin,
        transcript_code: transcript,
        enrolled_at: edge.clock.now(),
        place: cache.place()?,
    };
    cache.store_device(&NewDevice {
        identity: &identity,
        root: &signed,
        root_version: root.header.version,
    })?;
    Ok((identity, response.awaiting_confirmation))
}

/// Challenge and proof.
fn ask(
    link: &EnrolmentLink,
    key: &DeviceKey,
    transport: &mut dyn Transport,
) -> Result<([u8; 32], EnrolResponse), Cause> {
    let nonce = hex32(&transport.challenge()?.nonce)
        .ok_or_else(|| Cause::Untrusted("the server's challenge is not 32 bytes".to_owned()))?;
    let message = enrolment_message(&nonce, &link.code, &key.public());
    let response = transport.enrol(&EnrolRequest {
        code: link.code.clone(),
        public_key: HEXLOWER.encode(&key.public()),
        nonce: HEXLOWER.encode(&nonce),
        proof: HEXLOWER.encode(&key.signing().sign(&message).to_bytes()),
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
    })?;
    Ok((nonce, response))
}

/// The root that came must be the one that the link promised.
fn check_root(
    link: &EnrolmentLink,
    response: &EnrolResponse,
    edge: &Edge,
) -> Result<(Signed, Opened<Root>, RootPin), Cause> {
    if link.event.is_some_and(|event| event != response.event_id) {
        return Err(Cause::Untrusted(
            "the server answered for another event".to_owned(),
        ));
    }
    let wire = BASE64
        .decode(response.root.as_bytes())
        .map_err(|_| Cause::Untrusted("the root statement is not base64".to_owned()))?;
    let signed = Signed::from_wire(&wire)?;
    let pin = link.pin.unwrap_or_else(|| RootPin::of(&signed));
    let root = Root::open_pinned(&signed, response.event_id, pin, edge.clock.now())?;
    Ok((signed, root, pin))
}

fn hex32(text: &str) -> Option<[u8; 32]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}
