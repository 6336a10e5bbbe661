//! The world: a queue of events, links between devices, guests at the gates. One thread, one seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use scanner_core::gossip::{ClaimOutcome, Input, LinkId, Output, StoreError, Verifier};
use shared::api::gate::DeviceRole;
use shared::ids::{DeviceId, EventId, GateId};
use shared::log::{EntryKind, LogId};
use shared::time::Timestamp;
use shared::trust::{
    Authority, Header, Roster, RosterEntry, Signed, Statement, StatementKind, seal,
};

use crate::deliveries::Deliveries;
use crate::device::{Device, Wanted};
use crate::disk::{Data, Disk, Pool, Rules};
use crate::fold::Fold;
use crate::oracle::Oracle;
use crate::plan::{Bug, Plan};
use crate::random::Random;
use crate::resend::Resend;
use crate::snapshots::Chunks;
use crate::verifier::{Batching, Remembering};

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    Deliver {
        link: u64,
        to: usize,
        bytes: Vec<u8>,
    },
    Down {
        link: u64,
        to: usize,
    },
    Resend {
        link: u64,
        to: usize,
    },
    Tick {
        device: usize,
        at: u64,
    },
    Scan {
        device: usize,
    },
    Connect {
        device: usize,
    },
    Wake {
        device: usize,
    },
    Trouble,
    Probe,
}

pub(crate) struct Wire {
    pub(crate) ends: [usize; 2],
    /// By direction: when what was sent last has left, and when it arrives.
    pub(crate) sent_at: [u64; 2],
    pub(crate) last_at: [u64; 2],
    pub(crate) resend: [Resend; 2],
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) time: u64,
    pub(crate) random: Random,
    pub(crate) event: EventId,
    pub(crate) authority: SigningKey,
    pub(crate) devices: Vec<Device>,
    pub(crate) wires: BTreeMap<u64, Wire>,
    /// Pairs with a wire that is no visit, the lower number first.
    pub(crate) linked: BTreeMap<[usize; 2], u64>,
    pub(crate) next_wire: u64,
    queue: BinaryHeap<Reverse<(u64, u64, Event)>>,
    next_event: u64,
    /// Which island each device is on.
    pub(crate) islands: Vec<u8>,
    /// Frames of these never reach those.
    pub(crate) blocked: BTreeSet<(usize, usize)>,
    pub(crate) oracle: Oracle,
    pub(crate) strict: Arc<Remembering>,
    /// Faults go on.
    pub(crate) rough: bool,
    pub(crate) roster_version: u64,
    pub(crate) roster: Roster,
    pub(crate) roster_hash: Option<[u8; 32]>,
    pub(crate) newest: Option<Signed>,
    pub(crate) snapshot_version: u64,
    pub(crate) snapshot: Option<(Signed, Chunks)>,
    pub(crate) peak_buffered: usize,
    pub(crate) handled: u64,
    /// Looks on, when somebody asked for figures.
    pub(crate) watch: Option<Deliveries>,
}

impl World {
    pub(crate) fn new(plan: Plan) -> Self {
        let mut random = Random::new(plan.seed.wrapping_mul(31));
        let event = EventId::from_bytes([0xEE; 16]);
        let authority = SigningKey::from_bytes(&[0xA1; 32]);
        let keys: Vec<SigningKey> = (0..plan.devices)
            .map(|_| SigningKey::from_bytes(&random.bytes()))
            .collect();
        let roster = Roster {
            devices: keys
                .iter()
                .enumerate()
                .map(|(at, key)| listed(at, key, &plan))
                .collect(),
        };
        let mut world = Self {
            time: 0,
            event,
            authority,
            devices: Vec::new(),
            wires: BTreeMap::new(),
            linked: BTreeMap::new(),
            next_wire: 1,
            queue: BinaryHeap::new(),
            next_event: 0,
            islands: vec![0; plan.devices],
            blocked: BTreeSet::new(),
            oracle: Oracle::default(),
            strict: Arc::new(Remembering::default()),
            rough: true,
            roster_version: 0,
            roster_hash: None,
            newest: None,
            snapshot_version: 0,
            snapshot: None,
            roster,
            peak_buffered: 0,
            handled: 0,
            watch: None,
            random,
            plan,
        };
        let signed = world.sign_roster();
        for (at, key) in keys.into_iter().enumerate() {
            let device = world.device(at, key, &signed);
            world.devices.push(device);
        }
        for at in 0..world.plan.devices {
            world.start(at);
            let first = world.random.between(50, world.plan.scan_every);
            if first < world.plan.scan_until {
                world.later(first, Event::Scan { device: at });
            }
        }
        let first = world.random.between(100, world.plan.trouble_every * 2);
        world.later(first, Event::Trouble);
        world.later(500, Event::Probe);
        world
    }

    fn device(&mut self, at: usize, key: SigningKey, signed: &Signed) -> Device {
        let first = self.devices.first().map(|of| &of.disk.rules);
        let rules = Rules {
            event: self.event,
            authority: Authority {
                keys: vec![self.authority.verifying_key().to_bytes()],
                threshold: 1,
            },
            opened: first.map(|of| of.opened.clone()).unwrap_or_default(),
            pool: match first {
                Some(of) => of.pool.clone(),
                None => self.plan.pooled.then(Pool::default),
            },
        };
        let skewed = self.random.chance(self.plan.skewed);
        let day = 86_400_000_i64;
        Device {
            id: device_id(at),
            key,
            hub: at < self.plan.hubs,
            disk: Disk {
                data: Data::new(signed, &self.roster, self.roster_version),
                rules,
                crash: None,
                tears: self.plan.bug == Some(Bug::TornBatch),
                writes: 0,
                unsynced: Vec::new(),
            },
            place: 0,
            node: None,
            boots: 0,
            offset: if skewed {
                i64::try_from(self.random.between(0, 2 * day.unsigned_abs())).expect("small") - day
            } else {
                i64::try_from(self.random.between(0, 400)).expect("small") - 200
            },
            drift: i64::try_from(self.random.between(0, 100)).expect("small") - 50,
            fold: Fold::default(),
            hlc: shared::log::Hlc::default(),
            paused: false,
            slow: if self.random.chance(self.plan.slow) {
                self.random.between(100, 900)
            } else {
                0
            },
            tick_at: u64::MAX,
            backup: None,
            generation: 0,
            claims: BTreeMap::new(),
            rotten: false,
            is_clone: false,
            instance: 0,
            bytes: 0,
            wall_max: 0,
            booted_at: 0,
            busy_until: 0,
            neighbours: self.choose_neighbours(at),
        }
    }

    /// The next version of the roster, signed.
    pub(crate) fn sign_roster(&mut self) -> Signed {
        self.roster_version += 1;
        let statement = Statement {
            header: Header {
                kind: StatementKind::Roster,
                event: self.event,
                version: self.roster_version,
                created: Timestamp::from_millis(0),
                expires: Timestamp::from_millis(i64::MAX),
                previous: self.roster_hash,
            },
            body: self.roster.clone(),
        };
        let signed = seal(&statement, &[&self.authority]).expect("a good roster");
        self.roster_hash = Some(signed.hash());
        self.newest = Some(signed.clone());
        signed
    }

    pub(crate) fn later(&mut self, after: u64, event: Event) {
        self.next_event += 1;
        self.queue
            .push(Reverse((self.time + after, self.next_event, event)));
    }

    /// Runs until `end`, or until something is broken.
    pub(crate) fn run(&mut self, end: u64) {
        while self.oracle.broken.is_none() {
            match self.queue.peek() {
                Some(Reverse((at, _, _))) if *at <= end => {}
                _ => break,
            }
            let Some(Reverse((at, _, event))) = self.queue.pop() else {
                break;
            };
            self.time = self.time.max(at);
            self.happen(event);
        }
        self.time = self.time.max(end);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Deliver { link, to, bytes } => {
                if self.wires.contains_key(&link) && !self.devices[to].paused {
                    self.input(
                        to,
                        Input::Frame {
                            link: LinkId(link),
                            bytes: &bytes,
                        },
                    );
                }
            }
            Event::Down { link, to } => {
                if self.devices[to].node.is_some() {
                    self.input(to, Input::Down(LinkId(link)));
                }
            }
            Event::Resend { link, to } => self.resend(link, to),
            Event::Tick { device, at } => {
                if self.devices[device].tick_at == at && !self.devices[device].paused {
                    self.devices[device].tick_at = u64::MAX;
                    self.input(device, Input::Tick);
                }
            }
            Event::Scan { device } => {
                self.scan(device);
                let every = self.plan.scan_every;
                let next = self.random.between(every / 2, every * 3 / 2);
                if self.rough && self.time + next < self.plan.scan_until {
                    self.later(next, Event::Scan { device });
                }
            }
            Event::Connect { device } => self.connect(device),
            Event::Wake { device } => self.wake(device),
            Event::Trouble => {
                if self.rough {
                    self.trouble();
                    let every = self.plan.trouble_every;
                    let next = self.random.between(every / 2, every * 3 / 2);
                    self.later(next, Event::Trouble);
                }
            }
            Event::Probe => {
                self.look();
                self.later(500, Event::Probe);
            }
        }
    }

    /// Starts a device's program.
    pub(crate) fn start(&mut self, at: usize) {
        let verifier: Arc<dyn Verifier> = if self.plan.bug == Some(Bug::BatchVerify) {
            let strict = Arc::clone(&self.strict);
            Arc::new(Batching {
                device: at as u64,
                strict,
            })
        } else {
            Arc::clone(&self.strict) as Arc<dyn Verifier>
        };
        let out = self.devices[at].boot(&self.plan, self.event, &verifier, self.time);
        self.follow(at, out);
        self.plan_tick(at);
        let wait = self.random.between(10, 300);
        self.later(wait, Event::Connect { device: at });
    }

    pub(crate) fn wake(&mut self, at: usize) {
        if self.devices[at].paused {
            self.devices[at].paused = false;
            // The tick that was due meanwhile went by unheard.
            self.devices[at].tick_at = u64::MAX;
            self.input(at, Input::Tick);
            self.later(50, Event::Connect { device: at });
        } else if self.devices[at].node.is_none() {
            self.start(at);
        }
    }

    /// One input to one node, and what follows.
    pub(crate) fn input(&mut self, at: usize, input: Input<'_>) {
        let device = &mut self.devices[at];
        let now = device.now(self.time);
        let Some(node) = &mut device.node else {
            return;
        };
        self.handled += 1;
        let before = node.work().came;
        let handled = node.handle(now, input, &mut device.disk);
        let work = (node.work().came - before) * self.plan.entry_nanos;
        device.busy_until = device.busy_until.max(self.time * 1_000_000) + work;
        match handled {
            Ok(out) => {
                self.follow(at, out);
                self.plan_tick(at);
            }
            Err(error) => self.failed(at, &error),
        }
    }

    fn failed(&mut self, at: usize, error: &StoreError) {
        if error.downcast_ref::<crate::disk::Crash>().is_some() {
            self.crash(at);
        } else {
            self.oracle
                .violated(9, &format!("device {at} cannot read its own disk: {error}"));
        }
    }

    fn plan_tick(&mut self, at: usize) {
        let Some(node) = &self.devices[at].node else {
            return;
        };
        let due = node.next_tick().max(self.time + 1);
        if due < self.devices[at].tick_at {
            self.devices[at].tick_at = due;
            self.later(
                due - self.time,
                Event::Tick {
                    device: at,
                    at: due,
                },
            );
        }
    }

    fn follow(&mut self, at: usize, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Send { link, bytes } => self.carry(at, link.0, bytes),
                Output::Close { link, .. } => self.hang_up(at, link.0),
                Output::Visit(other) => self.visit(at, other),
                Output::Merged(logs) => self.merged(at, &logs),
                Output::ClockOffset(_) => {
                    self.append(
                        at,
                        Wanted {
                            kind: EntryKind::Clock,
                            serial: 0,
                            target: None,
                        },
                    );
                }
                Output::Claimed {
                    claim,
                    slot,
                    outcome,
                } => {
                    let asked = self.devices[at].claims.remove(&claim);
                    if let Some(watch) = &mut self.watch {
                        watch.answered(claim, self.time, outcome);
                    }
                    if asked.is_some() && outcome == ClaimOutcome::Granted {
                        let wanted = Wanted {
                            kind: EntryKind::Admit,
                            serial: slot.serial,
                            target: None,
                        };
                        self.append(at, wanted);
                    }
                }
                Output::Addresses(_) | Output::Own(_) | Output::Alert(_) | Output::Trusted(_) => {}
            }
        }
    }

    fn merged(&mut self, at: usize, logs: &[LogId]) {
        let Some(watch) = &mut self.watch else {
            return;
        };
        for log in logs {
            if let Some(of) = self.devices[at].disk.data.logs.get(log) {
                let through = self.devices[at].busy_until / 1_000_000;
                watch.committed(at, *log, of.head.next_seq, through);
            }
        }
    }

    /// A second device with the same name, key and data.
    pub(crate) fn copy_of(&mut self, at: usize, data: Data) -> Device {
        let key = self.devices[at].key.clone();
        let signed = data.roster.clone();
        let mut copy = self.device(at, key, &signed);
        copy.place = data.place;
        copy.disk.data = data;
        copy.is_clone = true;
        copy.instance = u8::try_from(self.devices.len()).unwrap_or(u8::MAX);
        copy.wall_max = self.devices[at].wall_max;
        copy
    }
}

fn listed(at: usize, key: &SigningKey, plan: &Plan) -> RosterEntry {
    RosterEntry {
        device: device_id(at),
        name: format!("d{at}"),
        public_key: key.verifying_key().to_bytes(),
        gate: GateId::from_bytes([1; 16]),
        zones: if plan.zoned { 1 << (at % 2) } else { 0 },
        role: if at < plan.hubs {
            DeviceRole::Kiosk
        } else {
            DeviceRole::Scanner
        },
        not_after: Timestamp::from_millis(i64::MAX),
        attended: true,
        cut: None,
        adopted: Vec::new(),
    }
}

fn device_id(at: usize) -> DeviceId {
    let mut id = [0xD0; 16];
    id[..8].copy_from_slice(&(at as u64 + 1).to_be_bytes());
    DeviceId::from_bytes(id)
}
