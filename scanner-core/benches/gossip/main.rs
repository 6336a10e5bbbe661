//! Figures of the gossip, from the simulator of `tests/sim`: its nodes, their code, seeded, one thread.
//!
//! `cargo bench -p scanner-core --bench gossip [-- delivery rough claim held found idle evict heal hour]`. Times of
//! deliveries are simulated: 2 to 20 ms a frame, links keep their order, commits take no time. What
//! is told of bytes counts with each frame our length, a TLS record, TCP and IP with timestamps,
//! Ethernet, and an acknowledgement of its own.

#![expect(
    clippy::print_stdout,
    reason = "a benchmark reports to whoever runs it"
)]
#![expect(dead_code, reason = "the tests use all of the simulator")]

#[path = "../../tests/sim/checks.rs"]
mod checks;
#[path = "../../tests/sim/deliveries.rs"]
mod deliveries;
#[path = "../../tests/sim/device.rs"]
mod device;
#[path = "../../tests/sim/disk.rs"]
mod disk;
#[path = "../../tests/sim/fold.rs"]
mod fold;
#[path = "../../tests/sim/gates.rs"]
mod gates;
mod held;
#[path = "../../tests/sim/judgement.rs"]
mod judgement;
#[path = "../../tests/sim/net.rs"]
mod net;
#[path = "../../tests/sim/oracle.rs"]
mod oracle;
#[path = "../../tests/sim/plan.rs"]
mod plan;
#[path = "../../tests/sim/random.rs"]
mod random;
#[path = "../../tests/sim/resend.rs"]
mod resend;
#[path = "../../tests/sim/run.rs"]
mod run;
#[path = "../../tests/sim/snapshots.rs"]
mod snapshots;
#[path = "../../tests/sim/trouble.rs"]
mod trouble;
#[path = "../../tests/sim/verifier.rs"]
mod verifier;
#[path = "../../tests/sim/world.rs"]
mod world;

use std::sync::Arc;
use std::time::Duration;

use scanner_core::StoredEntry;
use scanner_core::gossip::ClaimOutcome;
use shared::log::{DecisionFlags, Entry, EntryKind, Genesis, Hlc, LogHead, LogId, SignedEntry};
use shared::ticket::ScanProof;

use deliveries::{Delays, Deliveries};
use disk::DiskLog;
use plan::{Plan, Trouble};
use world::World;

/// Links come up, and duplicates have pruned the flood to a tree.
const WARM_MILLIS: u64 = 10_000;
const MEASURED_MILLIS: u64 = 20_000;
const SIZES: [usize; 4] = [10, 50, 200, 500];
/// Admissions a second, of all devices together.
const PER_SECOND: u64 = 100;
/// A handshake with TCP's, both directions; and a beat with its acknowledgement, every four seconds
/// each way where nothing else is sent (ADR 0008).
const HANDSHAKE_BYTES: u64 = 2_000;
const BEAT_BYTES: u64 = 4 + 22 + 66 + 66;
const BEAT_MILLIS: u64 = 4_000;

fn main() {
    let figures: [(&str, fn()); 9] = [
        ("delivery", delivery),
        ("rough", rough),
        ("claim", claim),
        ("held", held::held),
        ("found", held::found),
        ("idle", idle),
        ("evict", evict),
        ("heal", heal),
        ("hour", hour),
    ];
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    for (name, figure) in figures {
        if asked.is_empty() || asked.iter().any(|of| of == name) {
            let before = cpu();
            figure();
            println!("  ({name}: {:.1} s of CPU)", cpu() - before);
        }
    }
}

/// Seconds that this thread has spent on a processor.
fn cpu() -> f64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(spent)
        .expect("not negative")
        .as_secs_f64()
}

/// G1 and G3.
fn delivery() {
    println!("\nG1, G3: 2-20 ms, {PER_SECOND} admissions a second, every tenth urgent");
    for devices in SIZES {
        let plan = Plan::lan(1, devices, devices as u64 * 1_000 / PER_SECOND);
        measure(plan, 0);
    }
    println!("G1 at one admission a second");
    for devices in SIZES {
        measure(Plan::lan(1, devices, devices as u64 * 1_000), 0);
    }
}

/// G2.
fn rough() {
    // Each fault alone tells which of them the figure is made of.
    for (what, loss, dead) in [
        ("5 % lost", 50, 0),
        ("5 % dead", 0, 50),
        ("5 % lost, 5 % dead", 50, 50),
        ("20 % lost", 200, 0),
        ("10 % dead", 0, 100),
        ("20 % lost, 10 % dead", 200, 100),
    ] {
        println!("\nG2: {what}");
        for devices in SIZES {
            let mut plan = Plan::lan(1, devices, devices as u64 * 1_000 / PER_SECOND);
            plan.loss = loss;
            measure(plan, dead);
        }
    }
}

/// G9: how long a strict ticket waits for two of its three homes.
fn claim() {
    println!("\nG9: 2-20 ms, {PER_SECOND} claims of strict tickets a second");
    for devices in SIZES {
        let mut plan = Plan::lan(1, devices, devices as u64 * 1_000 / PER_SECOND);
        plan.strict = plan.serials;
        plan.scan_until = WARM_MILLIS + MEASURED_MILLIS;
        let mut world = World::new(plan);
        world.run(WARM_MILLIS);
        world.watch = Some(Deliveries::of(devices));
        world.run(WARM_MILLIS + MEASURED_MILLIS + 1_000);
        assert_eq!(world.oracle.broken, None);
        let watch = world.watch.as_ref().expect("watching");
        let held = watch
            .claims
            .iter()
            .filter(|(_, outcome)| *outcome != ClaimOutcome::Granted)
            .count();
        let mut took: Vec<u64> = watch.claims.iter().map(|(millis, _)| *millis).collect();
        took.sort_unstable();
        let quantile =
            |per_mille: usize| took[(took.len() * per_mille / 1_000).min(took.len() - 1)];
        println!(
            "  {devices} devices: p50 {} p99 {} longest {} ms of {}; {held} not granted",
            quantile(500),
            quantile(990),
            quantile(1_000),
            took.len(),
        );
    }
}

/// `dead`, of a thousand: gone without a word when the measuring begins.
fn measure(mut plan: Plan, dead: usize) {
    let devices = plan.devices;
    let hubs = plan.hubs;
    plan.scan_until = WARM_MILLIS + MEASURED_MILLIS;
    let mut world = World::new(plan);
    world.run(WARM_MILLIS);
    let gone = devices * dead / 1_000;
    for at in 0..gone {
        // Spread over hubs and phones alike.
        world.kill(at * devices / gone.max(1));
    }
    world.watch = Some(Deliveries::of(devices));
    let before = world.work();
    let tree = world.tree();
    world.run(WARM_MILLIS + MEASURED_MILLIS);
    let watch = world.watch.as_ref().expect("watching");
    let (sent, received) = (watch.sent.clone(), watch.received.clone());
    let admissions = watch.entries() as u64;
    let until = world.tree();
    world.run(WARM_MILLIS + MEASURED_MILLIS + 30_000);
    assert_eq!(world.oracle.broken, None);
    let after = world.work();
    let watch = world.watch.as_ref().expect("watching");
    let living = devices - gone;
    let show = |of: &Delays| {
        format!(
            "p50 {} p99 {} longest {} ms of {} ({} not everywhere)",
            of.p50, of.p99, of.longest, of.entries, of.unreached
        )
    };
    println!(
        "  {devices} devices: {}",
        show(&watch.delays(false, living))
    );
    println!("     urgent: {}", show(&watch.delays(true, living)));
    let mean = |of: &[[u64; 2]]| {
        of.iter().map(|[_, bytes]| bytes).sum::<u64>()
            / (of.len() as u64).max(1)
            / admissions.max(1)
    };
    let [pulls, grafts, prunes, eager] = until;
    println!(
        "     tree: {} pulls, {} grafts, {} prunes; {eager} ends of eager links (a tree of {living} has {})",
        pulls - tree[0],
        grafts - tree[1],
        prunes - tree[2],
        2 * (living - 1),
    );
    println!(
        "     {:.2} copies a delivery; bytes an admission: leaf {} in {} out, hub {} in {} out, all {} in",
        ratio(after.0 - before.0, after.1 - before.1),
        mean(&received[hubs..]),
        mean(&sent[hubs..]),
        mean(&received[..hubs]),
        mean(&sent[..hubs]),
        mean(&received),
    );
}

#[expect(clippy::cast_precision_loss, reason = "counts of thousands")]
fn ratio(one: u64, other: u64) -> f64 {
    one as f64 / other.max(1) as f64
}

impl World {
    /// Entries that came, and those that were new.
    fn work(&self) -> (u64, u64) {
        let nodes = self.devices.iter().filter_map(|of| of.node.as_ref());
        nodes.fold((0, 0), |(came, taken), node| {
            let work = node.work();
            (came + work.came, taken + work.taken)
        })
    }

    /// Pulls, links made eager, links made lazy, and how many are eager, counted at both ends.
    fn tree(&self) -> [u64; 4] {
        let nodes = self.devices.iter().filter_map(|of| of.node.as_ref());
        nodes.fold([0; 4], |[pulls, grafts, prunes, eager], node| {
            let work = node.work();
            [
                pulls + work.pulls,
                grafts + work.grafts,
                prunes + work.prunes,
                eager + node.eager_links() as u64,
            ]
        })
    }
}

/// G4.
fn idle() {
    const MILLIS: u64 = 300_000;
    println!("\nG4: 500 devices, nothing happens");
    let mut plan = Plan::lan(1, 500, 1_000);
    plan.scan_until = 0;
    let hubs = plan.hubs;
    let mut world = World::new(plan);
    world.run(120_000);
    world.watch = Some(Deliveries::of(500));
    let wires = world.next_wire;
    let links = world.linked.len() as u64;
    world.run(120_000 + MILLIS);
    let handshakes = (world.next_wire - wires) * HANDSHAKE_BYTES;
    let watch = world.watch.as_ref().expect("watching");
    let seconds = MILLIS / 1_000;
    let mean = |of: &[[u64; 2]]| {
        of.iter().map(|[_, bytes]| bytes).sum::<u64>() / of.len() as u64 / seconds
    };
    let beats = links * 2 * BEAT_BYTES * 1_000 / BEAT_MILLIS / 500;
    let visits = handshakes / 500 / seconds;
    println!(
        "  frames {} B/s sent a device (leaf {}, hub {}), handshakes of visits {visits}, beats on {links} links {beats}: {} in all",
        mean(&watch.sent),
        mean(&watch.sent[hubs..]),
        mean(&watch.sent[..hubs]),
        mean(&watch.sent) + visits + beats,
    );
}

/// G12, its first half.
fn evict() {
    println!("\nG12: a roster that evicts one of 500 reaches the others");
    for seed in 0..5 {
        let mut plan = Plan::lan(seed, 500, 5_000);
        plan.troubles = vec![Trouble::Evict];
        let mut world = World::new(plan);
        world.run(WARM_MILLIS);
        let before = world.roster_version;
        while world.roster_version == before {
            world.trouble();
        }
        let published = world.time;
        let mut reached = 0;
        while reached * 100 < 99 * 500 && world.time < published + 60_000 {
            world.run(world.time + 5);
            let knows = |of: &&device::Device| of.disk.data.trust.held[2] > before;
            reached = world.devices.iter().filter(knows).count();
        }
        println!(
            "  seed {seed}: {reached} of 500 after {} ms",
            world.time - published
        );
    }
}

/// G11: two halves, each with what its gates wrote in an hour.
fn heal() {
    const ENTRIES: usize = 360_000;
    println!(
        "\nG11: {ENTRIES} entries of a 60 min half/half split; 20 Mbit/s a link, 4 us an entry"
    );
    for devices in [10, 500] {
        let mut plan = Plan::lan(1, devices, 1_000);
        plan.scan_until = 0;
        plan.bytes_per_milli = 2_500;
        plan.entry_nanos = 4_000;
        plan.pooled = true;
        let mut world = World::new(plan);
        split_for_an_hour(&mut world, ENTRIES / devices);
        world.run(WARM_MILLIS);
        let before = world.work();
        world.heal();
        let healed = world.time;
        let lacks = |of: &device::Device| {
            let logs = of.disk.data.logs.values();
            logs.map(|log| log.head.next_seq as usize).sum::<usize>() < ENTRIES / devices * devices
        };
        while world.devices.iter().any(lacks) && world.time < healed + 600_000 {
            world.run(world.time + 50);
        }
        let busy = world
            .devices
            .iter()
            .map(|of| of.busy_until / 1_000_000)
            .max();
        let after = world.work();
        println!(
            "  {devices} devices: equal after {} ms; {:.2} copies a delivery",
            world.time.max(busy.unwrap_or(0)) - healed,
            ratio(after.0 - before.0, after.1 - before.1),
        );
        assert!(!world.devices.iter().any(lacks), "not all is everywhere");
    }
}

/// Every device has the logs of its half, and both halves know nothing of each other.
fn split_for_an_hour(world: &mut World, each: usize) {
    let count = world.devices.len();
    let mut written: Vec<(Genesis, Vec<Arc<StoredEntry>>, LogHead)> = Vec::new();
    for at in 0..count {
        let of = &world.devices[at];
        let genesis = Genesis {
            event: world.event,
            device: of.id,
            device_key: of.key.verifying_key().to_bytes(),
            incarnation: [1; 16],
            app_version: "sim".to_owned(),
        };
        let id = genesis.log_id();
        let mut head = genesis.head();
        let mut entries = Vec::with_capacity(each);
        for seq in 0..u32::try_from(each).expect("small") {
            let entry = admission(seq, at, count);
            let signs = (seq + 1).is_multiple_of(512) || seq as usize + 1 == each;
            let (body, signature) = if signs {
                let (signed, _) = SignedEntry::sign(&of.key, id, &head, &entry).expect("signs");
                (signed.body, Some(signed.signature))
            } else {
                (entry.encode().expect("a good body"), None)
            };
            head = head.append(id, &entry).expect("in order");
            let stored = StoredEntry {
                seq,
                body,
                signature,
            };
            entries.push(Arc::new(stored));
        }
        written.push((genesis, entries, head));
    }
    for at in 0..count {
        world.islands[at] = u8::from(at % 2 == 0);
        for (by, (genesis, entries, head)) in written.iter().enumerate() {
            if by % 2 != at % 2 {
                continue;
            }
            let id: LogId = genesis.log_id();
            let mut log = DiskLog::new(genesis.clone(), by == at);
            log.entries.extend(entries.iter().cloned());
            log.head = *head;
            world.devices[at].disk.data.logs.insert(id, log);
        }
        world.start(at);
    }
}

fn admission(seq: u32, at: usize, count: usize) -> Entry {
    let number = u64::from(seq) * count as u64 + at as u64;
    Entry {
        seq,
        hlc: Hlc {
            millis: 1_790_000_000_000 - 3_600_000 + number * 10,
            counter: 0,
        },
        kind: EntryKind::Admit,
        gate: 1,
        flags: DecisionFlags::default(),
        serial: u32::try_from(number).expect("small"),
        generation: 1,
        proof: ScanProof([7; 8]),
        target: None,
    }
}

/// G13.
fn hour() {
    let mut plan = Plan::medium(1);
    plan.devices = 100;
    plan.hubs = 20;
    plan.millis = 3_600_000;
    plan.scan_every = 30_000;
    plan.serials = 20_000;
    plan.trouble_every = 20_000;
    let before = cpu();
    let outcome = run::run(plan);
    println!(
        "\nG13: 100 devices, an hour, all invariants: {:.1} s of CPU for {} entries and {} inputs",
        cpu() - before,
        outcome.entries,
        outcome.inputs
    );
    assert_eq!(outcome.broken, None);
}
