//! Runs of seeds: the short one of every test run, the long one by name, one seed alone.

use std::io::Write as _;

use crate::deliveries::{Delays, Deliveries};
use crate::plan::Plan;
use crate::run::{Outcome, run};
use crate::world::World;

const SHORT_SEEDS: u64 = 200;

#[expect(
    clippy::disallowed_methods,
    reason = "how a person asks for one seed, or for the long run"
)]
pub(crate) fn asked(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn report(outcomes: &[Outcome]) {
    let slowest = outcomes.iter().map(|of| of.converged_after).max();
    let entries: usize = outcomes.iter().map(|of| of.entries).sum();
    let inputs: u64 = outcomes.iter().map(|of| of.inputs).sum();
    writeln!(
        std::io::stderr(),
        "{} seeds, {entries} entries, {inputs} inputs; the slowest converged {} ms after its last fault",
        outcomes.len(),
        slowest.unwrap_or(0)
    )
    .expect("stderr");
    let broken: Vec<String> = outcomes
        .iter()
        .filter_map(|of| {
            Some(format!(
                "GATEHOUSE_SIM_SEED={}: {}",
                of.seed,
                of.broken.as_ref()?
            ))
        })
        .collect();
    assert!(
        broken.is_empty(),
        "{} of {}:\n{}",
        broken.len(),
        outcomes.len(),
        broken.join("\n")
    );
}

fn range(name: &str, default: (u64, u64)) -> std::ops::Range<u64> {
    let asked = asked(name).and_then(|text| {
        let (from, to) = text.split_once("..")?;
        Some((from.parse().ok()?, to.parse().ok()?))
    });
    let (from, to) = asked.unwrap_or(default);
    from..to
}

/// How large the worlds are: `small` unless somebody asks.
fn sized() -> fn(u64) -> Plan {
    match asked("GATEHOUSE_SIM_SIZE").as_deref() {
        None | Some("small") => Plan::small,
        Some("medium") => Plan::medium,
        Some("large") => Plan::large,
        Some("strict") => Plan::strict,
        Some(other) => panic!("small, medium, large or strict, not {other}"),
    }
}

// T9
#[test]
fn every_seed_keeps_the_twelve_invariants() {
    let seeds = match asked("GATEHOUSE_SIM_SEED").and_then(|seed| seed.parse().ok()) {
        Some(seed) => seed..seed + 1,
        None => range("GATEHOUSE_SIM_SEEDS", (0, SHORT_SEEDS)),
    };
    // Only worlds with this kind of trouble, when somebody asks.
    let with = asked("GATEHOUSE_SIM_TROUBLE");
    let wanted = |plan: &Plan| {
        let mut troubles = plan.troubles.iter().map(|of| format!("{of:?}"));
        with.as_ref()
            .is_none_or(|with| troubles.any(|of| of == *with))
    };
    let plans = seeds.map(sized()).filter(wanted);
    let outcomes: Vec<Outcome> = plans.map(run).collect();
    report(&outcomes);
}

/// Until the last of the living devices had each entry: without and with urgency.
fn delays(mut plan: Plan, dead: &[usize]) -> [Delays; 2] {
    const WARM_MILLIS: u64 = 8_000;
    let devices = plan.devices;
    plan.scan_until = 2 * WARM_MILLIS;
    let mut world = World::new(plan);
    world.run(WARM_MILLIS);
    for at in dead {
        world.kill(*at);
    }
    world.watch = Some(Deliveries::of(devices));
    world.run(2 * WARM_MILLIS + 30_000);
    let watch = world.watch.as_ref().expect("watching");
    assert!(watch.entries() > 100, "nobody scanned");
    let living = devices - dead.len();
    [false, true].map(|urgent| watch.delays(urgent, living))
}

// T9
#[test]
fn on_a_good_network_everybody_has_an_entry_soon() {
    // The figures themselves are `benches/gossip`: these are bounds that no change may pass.
    for (devices, bar) in [(10, 400), (50, 500)] {
        let [usual, urgent] = delays(Plan::lan(1, devices, devices as u64 * 20), &[]);
        for of in [usual, urgent] {
            assert_eq!(of.unreached, 0, "{devices} devices: {of:?}");
            assert!(of.p99 <= bar, "{devices} devices: {of:?}");
        }
    }
}

// T9
#[test]
fn with_losses_and_dead_devices_nobody_is_left_out() {
    let mut plan = Plan::lan(1, 30, 600);
    plan.loss = 200;
    let [usual, urgent] = delays(plan, &[0, 7, 20]);
    assert_eq!((usual.unreached, urgent.unreached), (0, 0));
}

// V5: a device whose neighbours are all evicted gets the pieces of a list from those it visits.
#[test]
fn seeds_that_broke_once_hold() {
    for plan in [Plan::strict(2_661), Plan::medium(9_132)] {
        let outcome = run(plan);
        assert_eq!(outcome.broken, None, "{}", outcome.seed);
    }
}

// T9
#[test]
fn a_seed_runs_the_same_twice() {
    for seed in 0..5 {
        let once = run(Plan::small(seed));
        assert_eq!(once, run(Plan::small(seed)));
    }
}
