//! Notes: what is durable here, told to links that did not get it pushed. An offer on lazy links, a
//! receipt on eager ones.
//!
//! Invariant: a change is told within `Timing::note`, and with the next entries that go the same way.

use shared::sync::frame::{Message, Name, Note};

use super::LinkId;
use super::input::Now;
use super::links::Link;
use super::logs::Log;
use super::node::Node;
use super::store::{Store, StoreError};

impl Node {
    pub(super) fn notes(
        &mut self,
        now: Now,
        link: LinkId,
        notes: &[Note],
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        for note in notes {
            let Some(id) = self.links.get(&link).and_then(|of| of.named(note.number)) else {
                continue;
            };
            self.peer_has(link, id, note.next_seq);
            if self.logs.get(&id).is_some_and(Log::is_open) {
                self.grown(id, store)?;
            }
            let tip = self.logs.get(&id).map_or(0, |log| log.tip.next_seq);
            if note.next_seq > tip {
                self.missed(now, link, id, note.next_seq);
            }
        }
        Ok(())
    }

    /// Notes to everybody who is owed some, once their time has come.
    pub(super) fn tell_when_due(&mut self, now: Now) {
        let owed: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, of)| !of.untold.is_empty())
            .map(|(link, _)| *link)
            .collect();
        if owed.is_empty() {
            self.notes_at = None;
            return;
        }
        let due = now.millis + self.options.timing.note;
        if *self.notes_at.get_or_insert(due) > now.millis {
            return;
        }
        self.notes_at = None;
        for link in owed {
            self.tell_notes(link);
        }
    }

    pub(super) fn tell_notes(&mut self, link: LinkId) {
        let Some(of) = self.links.get_mut(&link) else {
            return;
        };
        let mut names = Vec::new();
        let mut notes = Vec::new();
        for id in std::mem::take(&mut of.untold) {
            if let Some(log) = self.logs.get(&id) {
                notes.push(Note {
                    number: named(of, log, &mut names),
                    next_seq: log.head.next_seq,
                });
            }
        }
        if !names.is_empty() {
            self.send(link, Message::Names(names));
        }
        if !notes.is_empty() {
            self.send(link, Message::Notes(notes));
        }
    }
}

/// The number of a log on a link; a new one is introduced, with its genesis where it is not known.
pub(super) fn named(of: &mut Link, log: &Log, names: &mut Vec<Name>) -> u16 {
    let knows = of.has.contains_key(&log.id);
    let (number, unnamed) = of.number(log.id);
    if unnamed || !knows {
        names.push(Name {
            number,
            log: log.id,
            genesis: (!knows).then(|| log.genesis.clone()),
        });
        of.has.entry(log.id).or_insert(0);
    }
    number
}
