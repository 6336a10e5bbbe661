//! Which of the offered statements to adopt: root, then keyring, roster and manifest under it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::sync::StatementSet;
use shared::time::Timestamp;
use shared::trust::{
    Authority, Expected, Keyring, Manifest, Opened, Root, Roster, Signed, StatementKind,
    TrustError, TrustedKeys, open,
};

use super::Held;
use super::plan::{Adopted, Plan};

/// Fills the plan; gives the roster that is in force afterwards.
pub(super) fn adopt(
    held: &Held,
    offered: StatementSet,
    now: Timestamp,
    plan: &mut Plan,
) -> Option<Roster> {
    let mut judge = Judge {
        held,
        now,
        root: held.trust.root.clone(),
        roster: held.trust.roster.clone(),
        keyring_version: held.trust.held()[1],
        plan,
    };
    if let Err(error) = judge.all(offered) {
        judge.plan.distrust = Some(error);
    }
    judge.roster.map(|opened| opened.body)
}

struct Judge<'a> {
    held: &'a Held,
    now: Timestamp,
    root: Opened<Root>,
    roster: Option<Opened<Roster>>,
    keyring_version: u64,
    plan: &'a mut Plan,
}

impl Judge<'_> {
    fn all(&mut self, offered: StatementSet) -> Result<(), TrustError> {
        if let Some(signed) = offered.root {
            self.root(signed)?;
        }
        if let Some(signed) = offered.keyring {
            let authority = self.root.body.keyring.clone();
            if let Some(opened) =
                self.open::<Keyring>(&signed, StatementKind::Keyring, &authority)?
            {
                // A keyring with an unusable key is refused whole.
                TrustedKeys::load(&opened.body)?;
                self.keyring_version = opened.header.version;
                self.adopt(&opened, signed);
            }
        }
        if let Some(signed) = offered.roster {
            let authority = self.root.body.roster.clone();
            if let Some(opened) = self.open::<Roster>(&signed, StatementKind::Roster, &authority)? {
                opened.body.check()?;
                self.adopt(&opened, signed);
                self.roster = Some(opened);
            }
        }
        if let Some(signed) = offered.snapshot {
            let authority = self.root.body.snapshot.clone();
            if let Some(opened) =
                self.open::<Manifest>(&signed, StatementKind::Snapshot, &authority)?
            {
                self.check_manifest(&opened.body)?;
                self.adopt(&opened, signed);
            }
        }
        Ok(())
    }

    fn root(&mut self, signed: Signed) -> Result<(), TrustError> {
        let current = &self.held.trust.root;
        if signed.hash() == current.hash {
            return Ok(());
        }
        let next = Root::succeed(current, &signed, self.now)?;
        for (kind, before, after) in [
            (
                StatementKind::Keyring,
                &current.body.keyring,
                &next.body.keyring,
            ),
            (
                StatementKind::Roster,
                &current.body.roster,
                &next.body.roster,
            ),
            (
                StatementKind::Snapshot,
                &current.body.snapshot,
                &next.body.snapshot,
            ),
        ] {
            if before != after {
                self.plan.forget.push(kind);
            }
        }
        if self.plan.forget.contains(&StatementKind::Roster) {
            self.roster = None;
        }
        if self.plan.forget.contains(&StatementKind::Keyring) {
            self.keyring_version = 0;
        }
        self.adopt(&next, signed);
        self.root = next;
        Ok(())
    }

    /// `None` when this very version is held already.
    fn open<T: Serialize + DeserializeOwned>(
        &self,
        signed: &Signed,
        kind: StatementKind,
        authority: &Authority,
    ) -> Result<Option<Opened<T>>, TrustError> {
        let seen = if self.plan.forget.contains(&kind) {
            None
        } else {
            self.held.trust.seen.get(kind)
        };
        let expected = Expected {
            kind,
            event: self.held.event,
            now: self.now,
            seen,
        };
        let opened = open(signed, authority, &expected)?;
        let held =
            seen.is_some_and(|(_, hash)| hash == opened.hash) && !self.held.trust.rolled_back;
        Ok((!held).then_some(opened))
    }

    fn adopt<T>(&mut self, opened: &Opened<T>, signed: Signed) {
        self.plan.adopt.push(Adopted {
            kind: opened.header.kind,
            version: opened.header.version,
            hash: opened.hash,
            signed,
        });
    }

    fn check_manifest(&self, manifest: &Manifest) -> Result<(), TrustError> {
        let roster_version = self
            .roster
            .as_ref()
            .map_or(0, |roster| roster.header.version);
        if manifest.keyring_version > self.keyring_version
            || manifest.roster_version > roster_version
        {
            return Err(TrustError::Malformed(
                "the snapshot needs a newer keyring or roster",
            ));
        }
        // Also bounds the list: each place of a bounded index occurs once.
        manifest.check()
    }
}
