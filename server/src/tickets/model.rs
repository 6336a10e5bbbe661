//! A claimed ticket: what is signed for a named attendee, and nothing that signs.
//!
//! Invariants: the token is never stored, only the fields that its signature covers (Ed25519 is
//! deterministic, so the same fields give the same digits again); the page's secret is stored as a
//! hash only; status is not kept here, the stock row (`IssuedTicket`) is the one truth about it.

use data_encoding::HEXUPPER;
use serde::{Deserialize, Serialize};
use shared::api::tickets::{Attendee, TicketStatus};
use shared::ids::{ClaimedTicketId, ClassId, EventId, OrderId, TicketId, UserId};
use shared::ticket::chain::LINK_LEN;
use shared::ticket::{ChipUid, Flags, FrameError, Payload, ScanCommitment, event_hint};
use shared::time::Timestamp;
use shared::trust::{Extra, MediumLink, TicketRow, TicketRowStatus, TicketTerms};

use crate::orders::model::Later;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// The last generation has no successor.
pub(super) const GENERATION_MAX: u8 = 254;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClaimedTicket {
    pub id: ClaimedTicketId,
    pub ticket_id: TicketId,
    pub event_id: EventId,
    pub class_id: ClassId,
    pub order_id: OrderId,
    pub user_id: UserId,
    pub attendee: Attendee,
    /// What the token says.
    pub kid: u8,
    pub serial: u32,
    pub generation: u8,
    pub class_index: u8,
    pub zones: u16,
    /// Quarter hours from the event's epoch.
    pub not_before: u16,
    pub not_after: u16,
    pub flags: u8,
    pub seat: Option<String>,
    pub seat_index: Option<u32>,
    pub commitment: ScanCommitment,
    /// Its code is sealed, with the event's scan key of this id.
    #[serde(default)]
    pub sealed: Option<u8>,
    /// It is on the chip with this UID (hex), and has no code that can be shown.
    #[serde(default)]
    pub chip: Option<String>,
    /// Its code turns: there is no token, only what the holder's phone makes.
    #[serde(default)]
    pub rotating: bool,
    /// The ticket that it was added to.
    #[serde(default)]
    pub added_to: Option<AddedTo>,
    /// What was added to it.
    #[serde(default)]
    pub add_ons: Vec<ClaimedTicketId>,
    /// Wristbands and cards that stand for it, or did: a use of one that is lost stays proven.
    #[serde(default)]
    pub media: Vec<MediumLink>,
    /// For staff, when it is scanned.
    #[serde(default)]
    pub note: String,
    /// Stopped at the gates, whatever its generation.
    #[serde(default)]
    pub blocked: Option<Blocked>,
    /// Claimed before it was paid for, on these terms.
    #[serde(default)]
    pub pending: Option<Later>,
    /// All that a gate would ask was answered.
    #[serde(default)]
    pub answered: bool,
    /// Of a rotating ticket, once a phone has activated it.
    #[serde(default)]
    pub activation: Option<Activation>,
    /// Generations that were signed before, with their commitments: a gate without news may
    /// have let one in, and its entry counts.
    #[serde(default)]
    pub earlier: Vec<(u8, ScanCommitment)>,
    /// Which link the page has: a re-issue gives it another.
    #[serde(default)]
    pub link: u8,
    /// SHA-256 of the page's secret, hex.
    pub page_hash: String,
    pub claimed_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedTo {
    pub ticket: ClaimedTicketId,
    pub serial: u32,
}

/// Why nobody comes in by it for now, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    pub reason: String,
    pub at: Timestamp,
}

/// The chain that the codes of a rotating ticket are of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// The end of the phone's chain. Public: every code shows it.
    pub anchor: [u8; LINK_LEN],
    pub at: Timestamp,
    /// Activations so far.
    pub count: u8,
}

impl ClaimedTicket {
    /// The signed fields.
    pub fn payload(&self) -> Result<Payload, FrameError> {
        Ok(Payload {
            kid: self.kid,
            serial: self.serial,
            generation: self.generation,
            class: self.class_index,
            zones: self.zones,
            not_before: self.not_before,
            not_after: self.not_after,
            flags: Flags::from_bits(self.flags)?,
            seat: self.seat_index,
            hint: event_hint(self.event_id),
        })
    }

    /// What its token says besides its row; `None` while no token or chain was ever signed.
    pub fn terms(&self) -> Result<Option<TicketTerms>, FrameError> {
        if self.is_dormant() {
            return Ok(None);
        }
        Ok(Some(TicketTerms::of(&self.payload()?)))
    }

    /// The chip that it is on.
    pub fn chip_uid(&self) -> Result<Option<ChipUid>, FrameError> {
        let Some(uid) = &self.chip else {
            return Ok(None);
        };
        let bytes = HEXUPPER.decode(uid.as_bytes()).ok();
        let uid = bytes.and_then(|bytes| ChipUid::new(&bytes));
        uid.map(Some).ok_or(FrameError::Length)
    }

    fn needs_id(&self) -> bool {
        Flags::from_bits(self.flags).is_ok_and(|flags| flags.contains(Flags::ID_CHECK))
    }

    /// What proves a scan of this generation; `None` when nothing was ever signed for it.
    pub fn commitment_of(&self, generation: u8) -> Option<ScanCommitment> {
        if generation == self.generation {
            return (!self.is_dormant()).then_some(self.commitment);
        }
        let earlier = self.earlier.iter().find(|(of, _)| *of == generation);
        earlier.map(|(_, commitment)| *commitment)
    }

    /// Its code turns, and no phone has activated it: no code of this generation exists.
    pub fn is_dormant(&self) -> bool {
        self.rotating && self.activation.is_none()
    }

    /// What proves a scan of it, whatever the generation: its add-ons are let in by it.
    pub fn commitments(&self) -> impl Iterator<Item = (u8, ScanCommitment)> {
        let earlier = self.earlier.iter().copied();
        let now = (!self.is_dormant()).then_some((self.generation, self.commitment));
        earlier.chain(now)
    }

    /// What staff read when it is shown: why it is blocked, or else its note.
    pub fn staff_note(&self) -> &str {
        let blocked = self.blocked.as_ref();
        blocked.map_or(self.note.as_str(), |blocked| blocked.reason.as_str())
    }

    /// What else the snapshot says of it, if anything.
    pub fn extra(&self) -> Result<Option<Extra>, FrameError> {
        let payload = self.payload()?;
        let found = self.added_to.is_some() || !self.media.is_empty();
        let extra = Extra {
            note: self.staff_note().to_owned(),
            added_to: self.added_to.map(|to| to.serial),
            media: self.media.clone(),
            terms: found.then(|| TicketTerms::of(&payload)),
        };
        Ok((!extra.is_empty()).then_some(extra))
    }

    /// Its row in the snapshot, given what the stock says.
    pub fn row(&self, stock: TicketStatus) -> TicketRow {
        let id_check = if self.needs_id() {
            TicketRow::ID_CHECK
        } else {
            0
        };
        let turns = if self.rotating {
            TicketRow::ROTATING
        } else {
            0
        };
        let sealed = if self.sealed.is_some() && self.chip.is_none() {
            TicketRow::SEALED
        } else {
            0
        };
        let answered = if self.answered {
            TicketRow::ANSWERED
        } else {
            0
        };
        let status = match row_status(self.revoked_at.is_some(), stock) {
            TicketRowStatus::Active if self.blocked.is_some() => TicketRowStatus::Blocked,
            TicketRowStatus::Active if self.pending.is_some() => TicketRowStatus::Unpaid,
            status => status,
        };
        let live = matches!(status, TicketRowStatus::Active | TicketRowStatus::Unpaid);
        if self.is_dormant() && self.earlier.is_empty() && live {
            // As unclaimed: a gate whose list is of before the activation must not take the first
            // code for a contradiction. Once re-issued, the row kills the older codes, and no
            // commitment says that nothing is signed yet.
            return TicketRow {
                flags: turns,
                ..TicketRow::EMPTY
            };
        }
        TicketRow {
            status,
            generation: self.generation,
            class: self.class_index,
            flags: id_check | turns | sealed | answered | self.pending.map_or(0, pending_flags),
            seat: self.seat_index.unwrap_or(0),
            commitment: self.commitment,
        }
    }
}

fn pending_flags(later: Later) -> u8 {
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    flag(later.valid_if_pending, TicketRow::VALID_IF_PENDING)
        | flag(later.needs_approval, TicketRow::NEEDS_APPROVAL)
}

/// What the gates learn of a claimed ticket.
fn row_status(revoked: bool, stock: TicketStatus) -> TicketRowStatus {
    if revoked {
        return TicketRowStatus::Revoked;
    }
    match stock {
        TicketStatus::Paid | TicketStatus::Claimed | TicketStatus::Validated => {
            TicketRowStatus::Active
        }
        // The stock went back on sale or away: whoever still shows the old code has no claim to it.
        TicketStatus::Available | TicketStatus::Held | TicketStatus::Cancelled => {
            TicketRowStatus::Cancelled
        }
        TicketStatus::Expired => TicketRowStatus::Expired,
    }
}

impl Entity for ClaimedTicket {
    const COLLECTION: Collection = Collection {
        name: "claimed_tickets",
        fields: &[
            Field::text("event_id"),
            Field::int("serial"),
            Field::text("ticket_id"),
            Field::text("user_id"),
            Field::int("claimed_at"),
            Field::text("page_hash"),
        ],
        indexes: &[
            Index::unique("by_serial", &["event_id", "serial"]),
            Index::unique("by_ticket", &["ticket_id"]),
            Index::on("by_user", &["user_id", "claimed_at"]),
            Index::unique("by_page", &["page_hash"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![
            self.event_id.into(),
            i64::from(self.serial).into(),
            self.ticket_id.into(),
            self.user_id.into(),
            self.claimed_at.into(),
            self.page_hash.clone().into(),
        ]
    }
}
