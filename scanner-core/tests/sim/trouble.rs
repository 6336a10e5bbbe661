//! Everything that goes wrong.

use std::collections::BTreeSet;

use scanner_core::gossip::Input;
use shared::log::{DecisionFlags, Entry, EntryKind, LogId, LogSegment, SignedEntry};
use shared::sync::frame::{LiveEntry, Name};
use shared::sync::{Frame, Message, StatementSet};
use shared::ticket::ScanProof;
use shared::trust::Signed;

use crate::disk::{CrashPoint, Data};
use crate::plan::Trouble;
use crate::verifier::sign_with_torsion;
use crate::world::{Event, World};

impl World {
    pub(crate) fn trouble(&mut self) {
        let at = self.random.below(self.plan.troubles.len());
        let which = self.plan.troubles[at];
        let count = self.devices.len();
        let one = self.random.below(count);
        match which {
            Trouble::SplitHalf => self.split(|at| u8::from(at % 2 == 0)),
            Trouble::SplitRandom => {
                let sides: Vec<u8> = (0..count)
                    .map(|_| self.random.next().to_le_bytes()[0] % 3)
                    .collect();
                self.split(|at| sides[at]);
            }
            Trouble::Isolate => self.split(|at| u8::from(at == one)),
            Trouble::OneWay => {
                let other = self.random.below(count);
                self.blocked.insert((one, other));
                self.cut_silent();
            }
            Trouble::Heal => self.heal(),
            Trouble::CrashAtWrite => {
                let point = if self.random.chance(500) {
                    CrashPoint::Before
                } else {
                    CrashPoint::After
                };
                let writes = u32::try_from(self.random.below(6)).expect("small");
                self.devices[one].disk.crash = Some((writes, point));
            }
            Trouble::PowerCut => self.crash(one),
            Trouble::DiskLoss => self.lose_disk(one),
            Trouble::Backup => self.devices[one].backup = Some(self.devices[one].disk.data.clone()),
            Trouble::Restore => self.restore(one, true),
            Trouble::RestoreUnnoticed => self.restore(one, false),
            Trouble::Clone => self.clone_device(one),
            Trouble::ClockStep => {
                let day = 86_400_000;
                let step = self.random.between(0, 2 * day);
                self.devices[one].offset =
                    i64::try_from(step).expect("small") - i64::try_from(day).expect("small");
            }
            Trouble::Evict => self.evict(one),
            Trouble::Pause => self.pause(one),
            Trouble::BadSignature => self.sign_badly(one),
            Trouble::Forge => self.forge(one),
            Trouble::Snapshot => self.new_snapshot(one),
        }
    }

    pub(crate) fn split(&mut self, side: impl Fn(usize) -> u8) {
        for (at, island) in self.islands.iter_mut().enumerate() {
            *island = side(at);
        }
        self.cut_silent();
    }

    /// The faults stop: links are whole, programs run, nobody forges.
    pub(crate) fn calm(&mut self) {
        self.rough = false;
        self.heal();
        for at in 0..self.devices.len() {
            self.devices[at].disk.crash = None;
            self.devices[at].slow = 0;
            self.wake(at);
        }
        // A power cut may have taken the only device that had it.
        if let (Some(newest), Some(at)) = (self.newest.clone(), self.honest().first().copied()) {
            self.publish(at, newest);
            self.give_snapshot(at);
        }
    }

    /// Nobody is waiting for a restart.
    pub(crate) fn is_settled(&self) -> bool {
        self.devices
            .iter()
            .all(|of| of.node.is_some() && !of.paused)
    }

    /// The organizer's new roster reaches one device.
    pub(crate) fn publish(&mut self, at: usize, signed: Signed) {
        let set = StatementSet {
            roster: Some(signed),
            ..StatementSet::default()
        };
        self.input(at, Input::Statements(set));
    }

    pub(crate) fn heal(&mut self) {
        self.islands.fill(0);
        self.blocked = BTreeSet::new();
    }

    /// The program is gone; what was not synced is gone with it.
    pub(crate) fn crash(&mut self, at: usize) {
        if self.devices[at].node.is_none() {
            return;
        }
        self.note_copies(at);
        let device = &mut self.devices[at];
        device.node = None;
        device.paused = false;
        device.claims.clear();
        device.disk.power_cut();
        self.drop_wires(at);
        let wait = self.random.between(100, 3_000);
        self.later(wait, Event::Wake { device: at });
    }

    /// Gone for good, and without a word.
    pub(crate) fn kill(&mut self, at: usize) {
        self.devices[at].node = None;
        self.islands[at] = u8::MAX;
        self.drop_wires(at);
    }

    fn drop_wires(&mut self, at: usize) {
        let wires: Vec<u64> = self
            .wires
            .iter()
            .filter(|(_, wire)| wire.ends.contains(&at))
            .map(|(link, _)| *link)
            .collect();
        for link in wires {
            self.hang_up(at, link);
        }
    }

    /// Before a disk goes: what it was known to hold is known of this disk only.
    fn note_all_copies(&mut self) {
        for at in 0..self.devices.len() {
            self.note_copies(at);
        }
    }

    fn lose_disk(&mut self, at: usize) {
        if self.devices[at].rotten {
            return;
        }
        self.note_all_copies();
        self.crash(at);
        let device = &mut self.devices[at];
        let mut data = Data::new(
            &device.disk.data.roster,
            &device.disk.data.trust.roster,
            device.disk.data.trust.held[2],
        );
        data.grants_whole = false;
        device.place += 1;
        data.place = device.place;
        device.disk.data = data;
        device.backup = None;
        device.generation += 1;
    }

    fn restore(&mut self, at: usize, noticed: bool) {
        let Some(backup) = self.devices[at].backup.take() else {
            return;
        };
        if self.devices[at].rotten {
            return;
        }
        self.note_all_copies();
        self.crash(at);
        let device = &mut self.devices[at];
        device.disk.data = backup;
        device.generation += 1;
        if noticed {
            // What lies outside the backup does not fit what was put back.
            device.place += 1;
        } else {
            device.disk.data.place = device.place;
            let id = device.id;
            self.oracle.may_fork.insert(id);
        }
    }

    /// Somebody copies the whole device and runs both.
    fn clone_device(&mut self, at: usize) {
        let clones = self.devices.iter().filter(|of| of.is_clone).count();
        let original = &self.devices[at];
        if clones >= 2 || original.is_clone || original.rotten {
            return;
        }
        self.oracle.may_fork.insert(original.id);
        let mut disk_data = original.disk.data.clone();
        if self.random.chance(500)
            && let Some(backup) = &original.backup
        {
            disk_data = backup.clone();
        }
        let copy = self.copy_of(at, disk_data);
        self.devices.push(copy);
        self.islands.push(0);
        let copy = self.devices.len() - 1;
        self.start(copy);
        let every = self.plan.scan_every;
        let first = self.random.between(1, every);
        self.later(first, Event::Scan { device: copy });
    }

    /// The organizer cuts a device off, at what one other device has of it.
    fn evict(&mut self, at: usize) {
        let id = self.devices[at].id;
        let evicted = self.oracle.evicted.len();
        if self.devices[at].is_clone
            || self.oracle.evicted.contains_key(&id)
            || evicted * 4 >= self.plan.devices
        {
            return;
        }
        let witness = self.random.below(self.devices.len());
        if self.devices[witness].node.is_none()
            || self.devices[witness].id == id
            || self.devices[witness].rotten
        {
            return;
        }
        let cut = self.devices[witness]
            .disk
            .data
            .logs
            .iter()
            .filter(|(_, log)| log.genesis.device == id)
            .map(|(log, of)| (log.0, of.head.next_seq, of.head.hash))
            .collect();
        let Some(entry) = self.roster.devices.iter_mut().find(|of| of.device == id) else {
            return;
        };
        entry.cut = Some(cut);
        let signed = self.sign_roster();
        self.oracle.evicted.insert(id, self.roster_version);
        self.publish(witness, signed);
    }

    fn pause(&mut self, at: usize) {
        if self.devices[at].hub || self.devices[at].node.is_none() {
            return;
        }
        self.devices[at].paused = true;
        let wires: Vec<u64> = self
            .wires
            .iter()
            .filter(|(_, wire)| wire.ends.contains(&at))
            .map(|(link, _)| *link)
            .collect();
        for link in wires {
            self.hang_up(at, link);
            self.later(1, Event::Down { link, to: at });
        }
        let wait = self.random.between(500, 5_000);
        self.later(wait, Event::Wake { device: at });
    }

    fn entry(&mut self, seq: u32, millis: u64) -> Entry {
        Entry {
            seq,
            hlc: shared::log::Hlc { millis, counter: 0 },
            kind: EntryKind::Admit,
            gate: 9,
            flags: DecisionFlags::default(),
            serial: u32::try_from(self.random.below(20)).expect("small") + 1,
            generation: 1,
            proof: ScanProof([9; 8]),
            target: None,
        }
    }

    /// The device's own key makes a signature that only a lax check takes.
    fn sign_badly(&mut self, at: usize) {
        let own = self.devices[at]
            .disk
            .data
            .logs
            .iter()
            .find(|(_, log)| log.is_open())
            .map(|(id, log)| (*id, log.head));
        let rotten = self.devices.iter().filter(|of| of.rotten).count();
        let Some((id, head)) = own else {
            return;
        };
        if self.devices[at].node.is_none() || rotten > 0 || self.devices[at].is_clone {
            return;
        }
        self.note_copies(at);
        self.devices[at].rotten = true;
        let entry = self.entry(head.next_seq, 1_790_000_000_000 + self.time);
        let body = entry.encode().expect("a good body");
        let secret = self.devices[at].key.to_bytes();
        let signature = sign_with_torsion(&secret, id, &head, &body);
        let after = head.append(id, &entry).expect("it continues");
        // The key did make it: what it signs well on top of it vouches for it.
        self.oracle.hashes.insert(after.hash);
        self.devices[at].put(id, SignedEntry { body, signature }, after);
        self.input(
            at,
            Input::Appended {
                log: id,
                urgent: true,
            },
        );
    }

    /// Sends over its links what nobody signed, and what is no frame.
    fn forge(&mut self, at: usize) {
        if self.devices[at].node.is_none() {
            return;
        }
        let wires: Vec<(u64, usize)> = self
            .wires
            .iter()
            .filter(|(_, wire)| wire.ends.contains(&at))
            .map(|(link, wire)| {
                (
                    *link,
                    if wire.ends[0] == at {
                        wire.ends[1]
                    } else {
                        wire.ends[0]
                    },
                )
            })
            .collect();
        for (link, to) in wires {
            if self.random.chance(300) {
                let bytes = self.garbage();
                self.later(5, Event::Deliver { link, to, bytes });
                continue;
            }
            let targets: Vec<(LogId, u32)> = self.devices[to]
                .disk
                .data
                .logs
                .iter()
                .filter(|(_, log)| !log.own)
                .map(|(id, log)| (*id, log.head.next_seq))
                .collect();
            if targets.is_empty() {
                continue;
            }
            let (log, seq) = targets[self.random.below(targets.len())];
            let bytes = if self.random.chance(300) {
                self.flood(log, seq)
            } else {
                self.forgery(log, seq)
            };
            self.later(5, Event::Deliver { link, to, bytes });
        }
    }

    /// The next entry of somebody's log, signed by nobody.
    fn forgery(&mut self, log: LogId, seq: u32) -> Vec<u8> {
        let body = self
            .entry(seq, 1_790_000_000_000 + self.time)
            .encode()
            .expect("a good body");
        let segment = LogSegment {
            log,
            first_seq: seq,
            bodies: vec![body],
            signature: self.random.bytes::<64>().to_vec(),
        };
        Frame::V1(vec![Message::Segments(vec![segment])]).to_wire()
    }

    /// Entries of somebody's log that are far from their turn: nobody can judge them yet.
    fn flood(&mut self, log: LogId, seq: u32) -> Vec<u8> {
        const NUMBER: u16 = 50_000;
        let first = seq + 2 + u32::try_from(self.random.below(100_000)).expect("small");
        let live = (first..first + 512)
            .map(|seq| LiveEntry {
                number: NUMBER,
                entry: SignedEntry {
                    body: self.entry(seq, 0).encode().expect("a good body"),
                    signature: vec![9; 64],
                },
            })
            .collect();
        let name = Name {
            number: NUMBER,
            log,
            genesis: None,
        };
        Frame::V1(vec![Message::Names(vec![name]), Message::Live(live)]).to_wire()
    }

    /// A frame with a few bits turned, or noise.
    fn garbage(&mut self) -> Vec<u8> {
        let mut bytes =
            Frame::V1(vec![Message::Digest(self.random.bytes()), Message::Prune]).to_wire();
        if self.random.chance(500) {
            bytes = (0..self.random.below(200))
                .map(|_| self.random.next().to_le_bytes()[0])
                .collect();
        }
        for _ in 0..3 {
            let at = self.random.below(bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << self.random.below(8);
            }
        }
        bytes
    }
}
