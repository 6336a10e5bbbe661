//! The gates: guests come, scanners append, the oracle keeps count.

use scanner_core::gossip::Input;
use shared::log::{EntryKind, Target};
use shared::sync::claim::ClaimSlot;

use crate::device::{Appended, Wanted};
use crate::oracle::Made;
use crate::world::World;

/// Admissions that a strict ticket is good for.
const STRICT_QUOTA: u32 = 1;

impl World {
    /// A guest comes to a gate.
    pub(crate) fn scan(&mut self, at: usize) {
        if !self.devices[at].may_append(&self.plan) || self.devices[at].rotten {
            return;
        }
        let serial =
            u32::try_from(self.random.below(self.plan.serials as usize)).expect("small") + 1;
        let device = &mut self.devices[at];
        device.fold.update(&device.disk.data);
        let ticket = device.fold.state.ticket(serial);
        if serial <= self.plan.strict {
            let used = ticket.map_or(0, |ticket| ticket.admissions());
            let slot = u8::try_from(used).unwrap_or(u8::MAX);
            if u32::from(slot) < STRICT_QUOTA {
                self.claim(at, serial, slot, 0);
            }
            return;
        }
        let inside = ticket
            .as_ref()
            .and_then(|ticket| ticket.open_admission().copied());
        let target = inside.map(|of| Target {
            log: of.log,
            seq: of.seq,
        });
        let wanted = match (inside, self.random.below(10)) {
            (None, 0) | (Some(_), 3) => Wanted {
                kind: EntryKind::Exit,
                serial,
                target: None,
            },
            (None, _) => Wanted {
                kind: EntryKind::Admit,
                serial,
                target: None,
            },
            (Some(_), 0..=2) => Wanted {
                kind: EntryKind::Exit,
                serial,
                target,
            },
            (Some(_), 4) => Wanted {
                kind: EntryKind::Undo,
                serial,
                target,
            },
            (Some(_), 5) => Wanted {
                kind: EntryKind::Forced,
                serial,
                target: None,
            },
            // Refused: already in.
            _ => return,
        };
        self.append(at, wanted);
    }

    /// A strict ticket of a class that opens `zones`: asks its homes.
    pub(crate) fn claim(&mut self, at: usize, serial: u32, slot: u8, zones: u16) {
        let device = &mut self.devices[at];
        let Some(node) = &device.node else {
            return;
        };
        let claim = node.next_claim();
        device.claims.insert(claim, serial);
        if let Some(watch) = &mut self.watch {
            watch.asked(claim, self.time);
        }
        let slot = ClaimSlot {
            serial,
            generation: 1,
            slot,
        };
        self.input(at, Input::Claim { slot, zones });
    }

    pub(crate) fn append(&mut self, at: usize, wanted: Wanted) {
        if !self.devices[at].may_append(&self.plan) {
            return;
        }
        let strict = wanted.kind == EntryKind::Admit && wanted.serial <= self.plan.strict;
        let author = self.devices[at].id;
        let appended = self.devices[at].append(&self.plan, self.event, self.time, wanted);
        let (log, seq, after, shown) = match appended {
            Appended::Shown {
                log, seq, after, ..
            }
            | Appended::ShownUnsynced {
                log, seq, after, ..
            } => (log, seq, after, true),
            Appended::Crashed {
                log, seq, after, ..
            } => (log, seq, after, false),
            Appended::No => return,
        };
        let made = Made {
            log,
            seq,
            hash: after.hash,
            device: at,
            generation: self.devices[at].generation,
            shown,
        };
        self.oracle.made(made, author);
        self.check_clock(at);
        if strict && shown {
            let admitted = self.oracle.strict.entry(wanted.serial).or_insert(0);
            *admitted += 1;
            if *admitted > STRICT_QUOTA {
                self.oracle.violated(
                    6,
                    &format!("strict ticket {} was admitted twice", wanted.serial),
                );
            }
        }
        if !shown {
            self.crash(at);
            return;
        }
        let urgent = self.random.chance(100);
        if let Some(watch) = &mut self.watch {
            watch.made(log, seq, self.time, at, urgent);
        }
        self.input(at, Input::Appended { log, urgent });
    }
}
