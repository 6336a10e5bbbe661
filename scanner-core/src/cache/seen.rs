//! The highest version of each statement that this device ever adopted, kept outside the database:
//! a database put back from a copy must not bring cancelled tickets back to life.

use std::collections::BTreeMap;
use std::path::Path;

use data_encoding::HEXLOWER;
use shared::trust::StatementKind;

use super::files;
use crate::error::Cause;

const FILE: &str = "seen";
const HEADING: &str = "gatehouse seen 1";
const NAMES: [(&str, StatementKind); 4] = [
    ("root", StatementKind::Root),
    ("keyring", StatementKind::Keyring),
    ("roster", StatementKind::Roster),
    ("snapshot", StatementKind::Snapshot),
];

pub(super) fn exists(dir: &Path) -> bool {
    dir.join(FILE).exists()
}

/// Version and hash by kind (the kind's position in the wire enum).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen(BTreeMap<u8, (u64, [u8; 32])>);

impl Seen {
    pub(crate) fn get(&self, kind: StatementKind) -> Option<(u64, [u8; 32])> {
        self.0.get(&(kind as u8)).copied()
    }

    /// Keeps the higher of the two.
    pub(crate) fn raise(&mut self, kind: StatementKind, version: u64, hash: [u8; 32]) {
        let slot = self.0.entry(kind as u8).or_insert((version, hash));
        if version > slot.0 {
            *slot = (version, hash);
        }
    }

    /// After the kind's keys were replaced by a new root, its versions start over.
    pub(crate) fn forget(&mut self, kind: StatementKind) {
        self.0.remove(&(kind as u8));
    }

    pub(crate) fn load(dir: &Path) -> Result<Self, Cause> {
        let Some(bytes) = files::read(&dir.join(FILE))? else {
            return Ok(Self::default());
        };
        std::str::from_utf8(&bytes)
            .ok()
            .and_then(Self::parse)
            .ok_or_else(|| Cause::Damaged(format!("{FILE} makes no sense")))
    }

    /// The file is there. Without it a database put back from a copy goes unnoticed.
    pub(crate) fn is_kept(dir: &Path) -> bool {
        exists(dir)
    }

    pub(crate) fn store(&self, dir: &Path) -> Result<(), Cause> {
        let mut text = format!("{HEADING}\n");
        for (name, kind) in NAMES {
            if let Some((version, hash)) = self.get(kind) {
                let hash = HEXLOWER.encode(&hash);
                text.extend([name, " ", &version.to_string(), " ", &hash, "\n"]);
            }
        }
        files::write_atomically(&dir.join(FILE), text.as_bytes())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != HEADING {
            return None;
        }
        let mut seen = Self::default();
        for line in lines {
            let mut words = line.split(' ');
            let name = words.next()?;
            let (_, kind) = NAMES.iter().find(|(known, _)| *known == name)?;
            let version = words.next()?.parse().ok()?;
            let hash = HEXLOWER.decode(words.next()?.as_bytes()).ok()?;
            seen.raise(*kind, version, hash.try_into().ok()?);
        }
        Some(seen)
    }
}
