//! A venue, a version of its plan, and where each seat of it stands. Pure.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use shared::api::venues::{
    Coordinates, CreateVenue, PlanSection, SeatKind, SeatingView, UpdateVenue, VenueView,
};
use shared::ids::{UserId, VenueId};
use shared::limits::{NAME_CHARS_MAX, PLAN_SEATS_MAX, SEAT_CHARS_MAX, TITLE_CHARS_MAX};
use shared::time::Timestamp;

use crate::events::model::{Archived, CAPACITY_MAX};
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};
use crate::platform::fields::{Fields, Invalid};

/// Sections of one plan, and rows of one section.
const PARTS_MAX: usize = 1_000;
/// What a person can mend at one look.
const TOLD_MAX: usize = 20;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Venue {
    pub id: VenueId,
    pub organizer_id: UserId,
    pub name: String,
    pub address: String,
    pub coordinates: Option<Coordinates>,
    pub capacity: u32,
    /// The newest version of its plan; 0 while there is none.
    pub seating: u32,
    pub revision: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[serde(default)]
    pub archived: Option<Archived>,
}

impl Venue {
    pub fn new(
        id: VenueId,
        organizer_id: UserId,
        wanted: CreateVenue,
        now: Timestamp,
    ) -> Result<Self, Invalid> {
        let venue = Self {
            id,
            organizer_id,
            name: wanted.name,
            address: wanted.address,
            coordinates: wanted.coordinates,
            capacity: wanted.capacity,
            seating: 0,
            revision: 1,
            created_at: now,
            updated_at: now,
            archived: None,
        };
        venue.checked()
    }

    /// One revision on, with what is named changed.
    pub fn edited(&self, changes: UpdateVenue, now: Timestamp) -> Result<Self, Invalid> {
        let mut venue = self.clone();
        venue.name = changes.name.unwrap_or(venue.name);
        venue.address = changes.address.unwrap_or(venue.address);
        venue.coordinates = changes.coordinates.or(venue.coordinates);
        venue.capacity = changes.capacity.unwrap_or(venue.capacity);
        venue.touch(now);
        venue.checked()
    }

    pub fn touch(&mut self, now: Timestamp) {
        self.revision = self.revision.saturating_add(1);
        self.updated_at = now;
    }

    fn checked(mut self) -> Result<Self, Invalid> {
        let mut fields = Fields::default();
        self.name = fields.line("name", &self.name, 1, NAME_CHARS_MAX);
        self.address = fields.line("address", &self.address, 1, TITLE_CHARS_MAX);
        if let Some(at) = self.coordinates {
            // NaN is in no range.
            if !(-90.0..=90.0).contains(&at.latitude) {
                fields.wrong("coordinates.latitude", "must be from -90 to 90");
            }
            if !(-180.0..=180.0).contains(&at.longitude) {
                fields.wrong("coordinates.longitude", "must be from -180 to 180");
            }
        }
        if self.capacity == 0 || self.capacity > CAPACITY_MAX {
            fields.wrong("capacity", format!("must be from 1 to {CAPACITY_MAX}"));
        }
        fields.done(self)
    }

    pub fn view(&self) -> VenueView {
        VenueView {
            id: self.id,
            name: self.name.clone(),
            address: self.address.clone(),
            coordinates: self.coordinates,
            capacity: self.capacity,
            seating_version: Some(self.seating).filter(|version| *version > 0),
            created_at: self.created_at,
            updated_at: self.updated_at,
            revision: self.revision,
            archived_at: self.archived.map(|archived| archived.at),
        }
    }
}

impl Entity for Venue {
    const COLLECTION: Collection = Collection {
        name: "venues",
        fields: &[Field::text("organizer_id")],
        indexes: &[Index::on("by_organizer", &["organizer_id"])],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.organizer_id.into()]
    }
}

/// Which version of which venue's plan an event uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seating {
    pub venue: VenueId,
    pub version: u32,
}

/// One version of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeatingPlan {
    pub venue_id: VenueId,
    pub version: u32,
    pub seats: u32,
    pub sections: Vec<PlanSection>,
    pub created_at: Timestamp,
}

/// Where a seat stands. Two seats are neighbours when their run is the same and their numbers
/// follow each other; a smaller run is a better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// A piece of a row without an aisle, counted through the plan.
    pub run: u32,
    pub at: u32,
    /// Not for buyers who name no seat.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reserved: bool,
}

impl SeatingPlan {
    pub fn key(seating: Seating) -> String {
        format!("{}/{}", seating.venue, seating.version)
    }

    /// Version 0: the caller gives it its number.
    pub fn new(
        venue_id: VenueId,
        mut sections: Vec<PlanSection>,
        now: Timestamp,
    ) -> Result<Self, Invalid> {
        let seats = check_plan(&mut sections)?;
        Ok(Self {
            venue_id,
            version: 0,
            seats,
            sections,
            created_at: now,
        })
    }

    /// Every seat's label and place, best first.
    pub fn places(&self) -> Vec<(&str, Place)> {
        let mut places = Vec::with_capacity(self.seats as usize);
        let mut run = 0;
        for row in self.sections.iter().flat_map(|section| &section.rows) {
            let mut at = 0;
            for seat in &row.seats {
                let reserved = seat.kind != SeatKind::Standard;
                places.push((seat.label.as_str(), Place { run, at, reserved }));
                at += 1;
                if seat.gap_after {
                    run += 1;
                    at = 0;
                }
            }
            run += 1;
        }
        places
    }

    /// The labels of these sections; the name of the first that is not there.
    pub fn labels_of(&self, sections: &[String]) -> Result<Vec<String>, String> {
        let mut labels = Vec::new();
        for name in sections {
            let section = self.sections.iter().find(|section| section.name == *name);
            let section = section.ok_or_else(|| name.clone())?;
            let seats = section.rows.iter().flat_map(|row| &row.seats);
            labels.extend(seats.map(|seat| seat.label.clone()));
        }
        Ok(labels)
    }

    pub fn kinds(&self) -> HashMap<&str, SeatKind> {
        let rows = self.sections.iter().flat_map(|section| &section.rows);
        let special = rows.flat_map(|row| &row.seats);
        special
            .filter(|seat| seat.kind != SeatKind::Standard)
            .map(|seat| (seat.label.as_str(), seat.kind))
            .collect()
    }

    pub fn view(self) -> SeatingView {
        SeatingView {
            venue_id: self.venue_id,
            version: self.version,
            seats: self.seats,
            sections: self.sections,
            created_at: self.created_at,
        }
    }
}

impl Entity for SeatingPlan {
    const COLLECTION: Collection = Collection {
        name: "seating_plans",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        Self::key(Seating {
            venue: self.venue_id,
            version: self.version,
        })
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// Trims names and labels; gives the number of seats.
fn check_plan(sections: &mut [PlanSection]) -> Result<u32, Invalid> {
    let rows = |section: &PlanSection| {
        section
            .rows
            .iter()
            .map(|row| row.seats.len())
            .sum::<usize>()
    };
    let seats: usize = sections.iter().map(rows).sum();
    let too_many_rows = |section: &PlanSection| section.rows.len() > PARTS_MAX;
    if seats == 0 || seats > PLAN_SEATS_MAX {
        let why = format!("must hold 1 to {PLAN_SEATS_MAX} seats");
        return Err(Invalid::field("sections", why));
    }
    if sections.len() > PARTS_MAX || sections.iter().any(too_many_rows) {
        let why = format!("must be at most {PARTS_MAX}, of at most {PARTS_MAX} rows each");
        return Err(Invalid::field("sections", why));
    }
    let mut fields = Fields::default();
    let mut names = HashSet::new();
    let mut labels = HashSet::with_capacity(seats);
    let mut told = 0;
    for (s, section) in sections.iter_mut().enumerate() {
        let field = format!("sections[{s}]");
        section.name = fields.line(format!("{field}.name"), &section.name, 1, NAME_CHARS_MAX);
        if !names.insert(section.name.clone()) {
            fields.wrong(format!("{field}.name"), "is there twice");
        }
        for (r, row) in section.rows.iter_mut().enumerate() {
            let field = format!("{field}.rows[{r}]");
            row.name = fields.line(format!("{field}.name"), &row.name, 1, NAME_CHARS_MAX);
            for (number, seat) in row.seats.iter_mut().enumerate() {
                if told >= TOLD_MAX {
                    break;
                }
                let field = format!("{field}.seats[{number}].label");
                seat.label = fields.line(field.clone(), &seat.label, 1, SEAT_CHARS_MAX);
                if !labels.insert(seat.label.clone()) {
                    told += 1;
                    fields.wrong(field, "names another seat already");
                }
            }
        }
    }
    fields.done(u32::try_from(seats).unwrap_or(u32::MAX))
}
