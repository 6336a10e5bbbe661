//! Runs of seeds: the short one of every test run, the long one by name, one seed alone.

use std::io::Write as _;

use crate::plan::Plan;
use crate::run::{Outcome, run};

const SHORT_SEEDS: u64 = 200;

#[expect(
    clippy::disallowed_methods,
    reason = "how a person asks for one seed, or for the long run"
)]
fn asked(name: &str) -> Option<String> {
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
        Some(other) => panic!("small, medium or large, not {other}"),
    }
}

// T9
#[test]
fn every_seed_keeps_the_twelve_invariants() {
    let seeds = match asked("GATEHOUSE_SIM_SEED").and_then(|seed| seed.parse().ok()) {
        Some(seed) => seed..seed + 1,
        None => range("GATEHOUSE_SIM_SEEDS", (0, SHORT_SEEDS)),
    };
    let make = sized();
    let outcomes: Vec<Outcome> = seeds.map(|seed| run(make(seed))).collect();
    report(&outcomes);
}

// T9
#[test]
fn a_seed_runs_the_same_twice() {
    for seed in 0..5 {
        let once = run(Plan::small(seed));
        assert_eq!(once, run(Plan::small(seed)));
    }
}
