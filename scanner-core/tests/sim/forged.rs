//! G12: of frames that were tampered with on their way, nothing is taken that nobody made.

use std::io::Write as _;
use std::sync::Arc;

use scanner_core::gossip::{Input, LinkId, Node, Options, Output, Verifier};
use shared::log::{Branch, Entry, ForkProof, LogId, LogSegment, SignedEntry};
use shared::sync::frame::{Hello, LiveEntry, Name, PROTOCOL};
use shared::sync::{Frame, Message};
use shared::time::Timestamp;
use shared::trust::{Checkpoint, Header, Statement, StatementKind, seal};

use crate::disk::{Disk, DiskLog};
use crate::judgement::hashes;
use crate::plan::{Plan, Trouble};
use crate::random::Random;
use crate::seeds::asked;
use crate::world::World;

/// What every test run throws; `GATEHOUSE_SIM_FRAMES=1000000` throws more.
const FRAMES: u64 = 20_000;
/// One that has taken in everything no longer looks closely: another takes its place.
const FRAMES_PER_VICTIM: u64 = 250;
const VICTIMS_PER_WORLD: u64 = 40;

/// A world that has come to rest after logs split and a device was evicted.
fn settled(seed: u64) -> World {
    let mut plan = Plan::forking(seed);
    plan.troubles.push(Trouble::Evict);
    let end = plan.millis;
    let mut world = World::new(plan);
    world.run(end);
    world.calm();
    world.run(end + 20_000);
    assert_eq!(world.oracle.broken, None);
    world
}

/// A device that holds the beginnings of all logs, and its links to all others.
struct Victim<'a> {
    world: &'a World,
    model: usize,
    node: Node,
    disk: Disk,
    links: Vec<LinkId>,
    next_link: u64,
}

impl<'a> Victim<'a> {
    fn new(world: &'a World, random: &mut Random) -> Self {
        let model = world.honest()[0];
        let of = &world.devices[model];
        let mut disk = Disk {
            data: of.disk.data.clone(),
            rules: of.disk.rules.clone(),
            crash: None,
            tears: false,
            writes: 0,
            unsynced: Vec::new(),
        };
        for (id, log) in disk
            .data
            .logs
            .iter_mut()
            .filter(|(_, log)| log.fork.is_none())
        {
            let keeps = random.below(log.entries.len() + 1);
            let mut head = log.genesis.head();
            log.entries.truncate(keeps);
            for stored in &log.entries {
                let entry = Entry::decode(&stored.body).expect("stored");
                head = head.append(*id, &entry).expect("stored in order");
            }
            log.head = head;
        }
        let boot = random.bytes();
        let mut options = Options::new(world.event, of.id, of.hub, boot, random.next());
        options.verifier = Arc::clone(&world.strict) as Arc<dyn Verifier>;
        let (node, _) = Node::start(options, of.now(world.time), &disk).expect("starts");
        let mut victim = Self {
            world,
            model,
            node,
            disk,
            links: Vec::new(),
            next_link: 0,
        };
        for peer in 0..world.plan.devices {
            if peer != model {
                victim.link(peer);
            }
        }
        victim
    }

    /// Up, greeted, and every log named by its place.
    fn link(&mut self, peer: usize) {
        self.next_link += 1;
        let link = LinkId(self.next_link * 1_000 + peer as u64);
        let of = &self.world.devices[peer];
        let up = Input::Up {
            link,
            key: of.key.verifying_key().to_bytes(),
            visit: false,
        };
        self.links.push(link);
        self.feed(up);
        let hello = Message::Hello(Hello {
            protocol: PROTOCOL,
            event: self.world.event,
            held: [0; 4],
            boot: [3; 16],
            now: of.now(self.world.time).wall,
            hub: true,
            heard: true,
        });
        let names = (0..)
            .zip(&self.disk.data.logs)
            .map(|(number, (id, log))| Name {
                number,
                log: *id,
                genesis: Some(log.genesis.clone()),
            });
        let frame = Frame::V1(vec![hello, Message::Names(names.collect())]).to_wire();
        self.feed(Input::Frame {
            link,
            bytes: &frame,
        });
    }

    fn feed(&mut self, input: Input<'_>) {
        let now = self.world.devices[self.model].now(self.world.time);
        let out = self
            .node
            .handle(now, input, &mut self.disk)
            .expect("the disk works");
        for output in out {
            if let Output::Close { link, .. } = output {
                self.links.retain(|of| *of != link);
            }
        }
    }

    /// On some link; those that were closed for it come up again, but not those of evicted devices.
    fn throw(&mut self, random: &mut Random, bytes: &[u8]) {
        if self.links.is_empty() {
            let mut honest = self.world.honest();
            honest.retain(|of| *of != self.model);
            for peer in honest {
                self.link(peer);
            }
        }
        let link = self.links[random.below(self.links.len())];
        self.feed(Input::Frame { link, bytes });
        self.feed(Input::Tick);
    }

    /// Nothing is here that nobody made.
    fn check(&self) {
        for (id, log) in &self.disk.data.logs {
            for hash in hashes(*id, log) {
                assert!(self.world.oracle.hashes.contains(&hash), "an entry of {id}");
            }
            let model = self.world.devices[self.model].disk.data.logs.get(id);
            assert_eq!(
                log.fork.as_ref().map(ForkProof::at),
                model.and_then(|of| of.fork.as_ref()).map(ForkProof::at),
                "a fork of {id}"
            );
        }
        let roster = &self.world.devices[self.model].disk.data.roster;
        assert_eq!(self.disk.data.roster.hash(), roster.hash(), "a roster");
    }
}

/// A frame as some device might send it.
fn genuine(victim: &Victim<'_>, random: &mut Random) -> Vec<u8> {
    let logs = &victim.world.devices[victim.model].disk.data.logs;
    let number = random.below(logs.len());
    let (id, log) = logs.iter().nth(number).expect("below the count");
    let number = u16::try_from(number).expect("few logs");
    let here = victim
        .disk
        .data
        .logs
        .get(id)
        .map_or(0, |of| of.entries.len());
    let first = if random.chance(700) {
        here
    } else {
        random.below(log.entries.len() + 1)
    };
    let message = match random.below(6) {
        0 | 1 => live(log, number, first),
        2 | 3 => segment(*id, log, first).map(|of| Message::Segments(vec![of])),
        4 => log
            .fork
            .clone()
            .map(|proof| Message::Forks(vec![proof]))
            .or_else(|| stray(*id, log)),
        _ => victim.world.newest.clone().map(Message::Statement),
    };
    let message = message.unwrap_or(Message::Prune);
    Frame::V1(vec![message]).to_wire()
}

fn live(log: &DiskLog, number: u16, first: usize) -> Option<Message> {
    let entries: Vec<LiveEntry> = log
        .entries
        .iter()
        .skip(first)
        .take(2)
        .filter_map(|of| {
            let entry = SignedEntry {
                body: of.body.clone(),
                signature: of.signature.clone()?,
            };
            Some(LiveEntry { number, entry })
        })
        .collect();
    (!entries.is_empty()).then_some(Message::Live(entries))
}

fn segment(id: LogId, log: &DiskLog, first: usize) -> Option<LogSegment> {
    let last = log
        .entries
        .iter()
        .skip(first)
        .rposition(|of| of.signature.is_some())?;
    let entries = log.entries.get(first..=first + last)?;
    Some(LogSegment {
        log: id,
        first_seq: u32::try_from(first).ok()?,
        bodies: entries.iter().map(|of| of.body.clone()).collect(),
        signature: entries.last()?.signature.clone()?,
    })
}

fn stray(id: LogId, log: &DiskLog) -> Option<Message> {
    let stray = log.strays.values().find(|of| of.signature.is_some())?;
    Some(Message::Branches(vec![Branch {
        previous: stray.previous,
        segment: LogSegment {
            log: id,
            first_seq: stray.seq,
            bodies: vec![stray.body.clone()],
            signature: stray.signature.clone()?,
        },
    }]))
}

/// A few bits turned, bytes replaced, or pieces of another frame put in its place.
fn tampered(mut bytes: Vec<u8>, other: &[u8], random: &mut Random) -> Vec<u8> {
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        match random.below(6) {
            0..=2 => bytes[at] ^= 1 << random.below(8),
            3 => bytes[at] = random.next().to_le_bytes()[0],
            4 => {
                let until = (at + 1 + random.below(64))
                    .min(bytes.len())
                    .min(other.len());
                if let Some(piece) = other.get(at..until) {
                    bytes[at..until].copy_from_slice(piece);
                }
            }
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

// T9
#[test]
fn of_tampered_frames_nothing_is_taken_that_nobody_made() {
    let frames = asked("GATEHOUSE_SIM_FRAMES").and_then(|of| of.parse().ok());
    let frames: u64 = frames.unwrap_or(FRAMES);
    let mut random = Random::new(12);
    let (mut thrown, mut worlds, mut taken) = (0, 0, 0);
    while thrown < frames {
        let world = settled(worlds);
        worlds += 1;
        for _ in 0..VICTIMS_PER_WORLD {
            let mut victim = Victim::new(&world, &mut random);
            let mut count = 0;
            while count < FRAMES_PER_VICTIM {
                let frame = genuine(&victim, &mut random);
                let other = genuine(&victim, &mut random);
                let bytes = tampered(frame.clone(), &other, &mut random);
                if bytes != frame && bytes != other {
                    victim.throw(&mut random, &bytes);
                    count += 1;
                }
            }
            victim.check();
            thrown += count;
            taken += victim.node.work().taken;
        }
    }
    writeln!(
        std::io::stderr(),
        "{thrown} tampered frames, 0 forgeries taken, {taken} entries that were left whole in them"
    )
    .expect("stderr");
    // Otherwise the victims did not listen.
    assert!(taken > 0);
}

/// Refused by a link one time more than this, and it ends.
const REFUSED: usize = 1024;

#[test]
fn a_checkpoint_is_no_statement_that_devices_pass_on() {
    // gossip.md 3: who wants one asks the server
    let world = settled(1);
    let mut random = Random::new(13);
    let mut victim = Victim::new(&world, &mut random);
    let statement = Statement {
        header: Header {
            kind: StatementKind::Checkpoint,
            event: world.event,
            version: 1,
            created: Timestamp::UNIX_EPOCH,
            expires: Timestamp::from_secs(i64::from(u32::MAX)),
            previous: None,
        },
        body: Checkpoint {
            roster_version: 1,
            snapshot_version: 1,
            logs: Vec::new(),
        },
    };
    let signed = seal(&statement, &[&world.authority]).expect("sealed");
    let bytes = Frame::V1(vec![Message::Statement(signed)]).to_wire();
    let link = victim.links[0];
    for _ in 0..REFUSED {
        victim.feed(Input::Frame {
            link,
            bytes: &bytes,
        });
        assert!(victim.links.contains(&link));
    }
    victim.feed(Input::Frame {
        link,
        bytes: &bytes,
    });
    assert!(!victim.links.contains(&link), "as of any other nonsense");
    victim.check();
}
