//! What is written down for a file, and the link to what lies in one.
//!
//! Invariant: a file is a peer that nobody vouches for. What comes from it is judged like all that
//! comes: by its own signatures.

use shared::ids::DeviceId;
use shared::log::Branch;
use shared::sync::frame::{Message, Name};
use shared::time::Timestamp;

use super::LinkId;
use super::input::Now;
use super::links::Link;
use super::logs::short;
use super::node::Node;
use super::output::Output;
use super::store::{Store, StoreError, Stray};
use super::strays::{strays_of, vouching};

impl Node {
    /// A link to a file, for one exchange. It has no key that the roster could know: neither who
    /// wrote it nor who carried it matters, and a device may be given its own file back.
    pub fn link_file(&mut self, now: Now, link: LinkId) -> Vec<Output> {
        let nobody = DeviceId::new(Timestamp::UNIX_EPOCH, [0; 10]);
        self.links.insert(link, Link::new(nobody, true, now.millis));
        self.hello(now, link);
        self.post()
    }

    /// Every log that others should have, as messages that make sense one after the other: each
    /// log's genesis, its entries, and how it was split. What is appended meanwhile is left out.
    pub fn write_down(
        &self,
        store: &dyn Store,
        put: &mut dyn FnMut(Message) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let held = self.logs.values().filter(|log| log.is_held());
        for (number, log) in (0..).zip(held) {
            put(Message::Names(vec![Name {
                number,
                log: log.id,
                genesis: Some(log.genesis.clone()),
            }]))?;
            let mut from = 0;
            while let Some(segment) = log.segment(from, store)? {
                let count = u32::try_from(segment.bodies.len()).unwrap_or(u32::MAX);
                from = segment.first_seq.saturating_add(count);
                put(Message::Segments(vec![segment]))?;
            }
            if let Some(proof) = &log.fork {
                put(Message::Forks(vec![proof.clone()]))?;
            }
            let names = log.strays.keys().map(short).collect();
            for branch in vouching(log, names, usize::MAX) {
                put(Message::Branches(vec![branch]))?;
            }
        }
        Ok(())
    }
}

/// The entries of a branch, as they are kept past a fork.
pub(crate) fn quarantined(branch: &Branch) -> Vec<Stray> {
    strays_of(branch)
}
