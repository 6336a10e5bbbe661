//! The commit that turns an empty data directory into a device.

use shared::trust::{Signed, StatementKind};

use super::facts::{Identity, store_identity};
use super::open::Cache;
use super::{grants, statements};
use crate::error::Cause;

/// All that enrolment leaves behind, besides the key, which is there before.
pub(crate) struct NewDevice<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) root: &'a Signed,
    pub(crate) root_version: u64,
}

impl Cache {
    /// Everything in one commit: a crash leaves a device or nothing.
    pub(crate) fn store_device(&mut self, new: &NewDevice<'_>) -> Result<(), Cause> {
        if let Some(known) = self.identity()? {
            return Err(Cause::AlreadyEnrolled {
                device: known.device_name,
                event: known.event_title,
            });
        }
        self.write(|tx| {
            statements::store(tx, StatementKind::Root, false, new.root_version, new.root)?;
            // Home of strict tickets for as long as the data stays where it was enrolled.
            grants::promise(tx, &new.identity.place)?;
            store_identity(tx, new.identity)
        })
    }
}
