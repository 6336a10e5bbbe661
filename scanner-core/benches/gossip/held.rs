//! G10: what strict tickets cost when the network falls apart.

use scanner_core::gossip::ClaimOutcome;

use shared::log::EntryKind;

use crate::deliveries::Deliveries;
use crate::device::Wanted;
use crate::fold::reported;
use crate::plan::Plan;
use crate::random::Random;
use crate::world::World;
use crate::{WARM_MILLIS, ratio};

/// G10: copies of strict tickets, and a network that falls apart between two zones.
///
/// Every ticket is shown twice, the second time ten minutes after the first on average; nine
/// showings of ten are in the ticket's own zone.
pub(crate) fn held() {
    const DEVICES: usize = 100;
    const TICKETS: u32 = 8_000;
    const HOURS: u64 = 4;
    const HOUR: u64 = 3_600_000;
    const SPLIT: std::ops::Range<u64> = 2 * HOUR..2 * HOUR + 900_000;
    println!(
        "\nG10: {TICKETS} copied strict tickets, {DEVICES} devices, {HOURS} h, two zones apart for 15 min"
    );
    for seed in 1..=3 {
        let mut plan = Plan::lan(seed, DEVICES, HOUR);
        plan.hubs = 20;
        plan.zoned = true;
        plan.strict = TICKETS;
        plan.serials = TICKETS;
        plan.scan_until = 0;
        let mut random = Random::new(seed);
        let mut showings = Vec::new();
        for serial in 1..=TICKETS {
            let first = random.between(WARM_MILLIS, HOURS * HOUR);
            for at in [first, first + wait_millis(&mut random, 600_000.0)] {
                let foreign = usize::from(random.chance(100));
                let zone = (serial as usize + foreign) % 2;
                let device = random.below(DEVICES / 2) * 2 + zone;
                showings.push((at, device, serial));
            }
        }
        showings.sort_unstable();
        let mut world = World::new(plan);
        world.watch = Some(Deliveries::of(DEVICES));
        let mut tally = [Showings::default(); 2];
        let mut turns = [(SPLIT.start, true), (SPLIT.end, false)]
            .into_iter()
            .peekable();
        let mut split = false;
        for (at, device, serial) in showings {
            while let Some((due, apart)) = turns.next_if(|(due, _)| *due < at) {
                world.run(due);
                split = apart;
                if apart {
                    world.split(|at| u8::from(at % 2 == 0));
                } else {
                    world.heal();
                }
            }
            world.run(at);
            let answer = show(&mut world, device, serial);
            for of in [true, split]
                .into_iter()
                .zip(&mut tally)
                .filter_map(|(counts, of)| counts.then_some(of))
            {
                of.count(answer);
            }
        }
        assert_eq!(world.oracle.broken, None);
        for (what, of) in ["all", "while apart"].into_iter().zip(tally) {
            assert!(of.admitted <= u64::from(TICKETS), "a copy was let in twice");
            println!(
                "  seed {seed}, {what}: {} showings, {} admitted, {} known as used, {} held ({:.2} %)",
                of.all,
                of.admitted,
                of.used,
                of.held,
                100.0 * ratio(of.held, of.all),
            );
        }
    }
}

/// G10, the tickets that are not strict: copies let in on both sides are found on every device
/// once the network is whole, and nothing else is.
pub(crate) fn found() {
    const TICKETS: u32 = 1_000;
    const SPLIT_MILLIS: u64 = 900_000;
    println!(
        "\nG10: {TICKETS} copies let in on both sides of a split of 15 min, as many tickets shown once"
    );
    for devices in [10, 50, 200] {
        let mut plan = Plan::lan(1, devices, SPLIT_MILLIS);
        plan.scan_until = 0;
        let mut world = World::new(plan);
        world.run(WARM_MILLIS);
        world.split(|at| u8::from(at % 2 == 0));
        let mut random = Random::new(1);
        let mut shown: Vec<(u64, usize, u32)> = Vec::new();
        for serial in 1..=2 * TICKETS {
            let sides = if serial <= TICKETS { 2 } else { 1 };
            for side in 0..sides {
                let at = WARM_MILLIS + random.between(10_000, SPLIT_MILLIS - 10_000);
                shown.push((at, random.below(devices / 2) * 2 + side, serial));
            }
        }
        shown.sort_unstable();
        for (at, device, serial) in shown {
            world.run(at);
            let wanted = Wanted {
                kind: EntryKind::Admit,
                serial,
                target: None,
            };
            world.append(device, wanted);
        }
        world.run(WARM_MILLIS + SPLIT_MILLIS);
        assert_eq!(
            reports(&mut world).into_iter().max(),
            Some(0),
            "before anybody could know"
        );
        world.heal();
        let healed = world.time;
        let mut linked = None;
        while reports(&mut world).into_iter().min() < Some(TICKETS as usize) {
            assert!(world.time < healed + 60_000, "not found everywhere");
            world.run(world.time + 5);
            let across = |ends: &[usize; 2]| ends[0] % 2 != ends[1] % 2;
            if linked.is_none() && world.linked.keys().any(across) {
                linked = Some(world.time - healed);
            }
        }
        let counts = reports(&mut world);
        assert!(
            counts.iter().all(|of| *of == TICKETS as usize),
            "false alarms"
        );
        println!(
            "  {devices} devices: first link across after {} ms, all found on all after {} ms, none false",
            linked.unwrap_or(0),
            world.time - healed,
        );
    }
}

/// By device: how many admissions it reports as duplicates.
fn reports(world: &mut World) -> Vec<usize> {
    let devices = world.devices.iter_mut();
    devices
        .map(|of| {
            of.fold.update(&of.disk.data);
            reported(&of.fold.state).len()
        })
        .collect()
}

#[derive(Clone, Copy, Debug, Default)]
struct Showings {
    all: u64,
    admitted: u64,
    used: u64,
    held: u64,
}

impl Showings {
    const fn count(&mut self, answer: Answer) {
        self.all += 1;
        match answer {
            Answer::Admitted => self.admitted += 1,
            Answer::Used => self.used += 1,
            Answer::Held => self.held += 1,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Admitted,
    Used,
    Held,
}

/// A ticket at a gate, until the gate has an answer.
fn show(world: &mut World, at: usize, serial: u32) -> Answer {
    let device = &mut world.devices[at];
    device.fold.update(&device.disk.data);
    if device
        .fold
        .state
        .ticket(serial)
        .is_some_and(|of| of.admissions() > 0)
    {
        return Answer::Used;
    }
    let answered = |world: &World| world.watch.as_ref().map_or(0, |of| of.claims.len());
    let before = answered(world);
    // The class opens the one zone that the ticket is of.
    world.claim(at, serial, 0, 1 << (serial % 2));
    while answered(world) == before {
        world.run(world.time + 1);
    }
    let watch = world.watch.as_ref().expect("watching");
    match watch.claims.last() {
        Some((_, ClaimOutcome::Granted)) => Answer::Admitted,
        Some((_, ClaimOutcome::Taken(_))) => Answer::Used,
        Some((_, ClaimOutcome::Unreached)) | None => Answer::Held,
    }
}

/// Exponential, with this mean.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "minutes in milliseconds, a draw of 20 bits"
)]
fn wait_millis(random: &mut Random, mean: f64) -> u64 {
    let drawn = (random.below(1 << 20) as f64 + 0.5) / f64::from(1 << 20);
    (-drawn.ln() * mean) as u64
}
