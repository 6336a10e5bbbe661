//! What opens sealed tickets, as it came: wrapped to this device's key, so that the database alone
//! opens nothing.

use serde::{Deserialize, Serialize};
use shared::trust::WrappedScanKey;

use super::facts::{read, write};
use super::open::Cache;
use crate::error::Cause;

const FACT: &str = "scan_keys";

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct ScanKeyFacts {
    /// Sealed tickets came since the keys were asked for.
    wanted: bool,
    keys: Vec<WrappedScanKey>,
}

impl Cache {
    fn scan_key_facts(&self) -> Result<ScanKeyFacts, Cause> {
        Ok(read(&self.conn, FACT)?.unwrap_or_default())
    }

    pub(crate) fn wants_scan_keys(&self) -> Result<bool, Cause> {
        Ok(self.scan_key_facts()?.wanted)
    }

    pub(crate) fn want_scan_keys(&mut self) -> Result<(), Cause> {
        let facts = ScanKeyFacts {
            wanted: true,
            ..self.scan_key_facts()?
        };
        self.write(|tx| write(tx, FACT, &facts))
    }

    /// In place of those that were kept.
    pub(crate) fn store_scan_keys(&mut self, keys: Vec<WrappedScanKey>) -> Result<(), Cause> {
        let facts = ScanKeyFacts {
            wanted: false,
            keys,
        };
        self.write(|tx| write(tx, FACT, &facts))
    }

    pub(crate) fn scan_keys(&self) -> Result<Vec<WrappedScanKey>, Cause> {
        Ok(self.scan_key_facts()?.keys)
    }
}
