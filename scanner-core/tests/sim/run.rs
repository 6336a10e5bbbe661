//! One seed from beginning to end.

use crate::plan::{Bug, Plan};
use crate::world::World;

/// After the faults stop, everything must be everywhere within this much simulated time.
const CONVERGE_MILLIS: u64 = 90_000;
const QUIET_MILLIS: u64 = 8_000;
/// After trouble a hub with fifty links tells each of them all that it has, and exchanges become
/// rare again step by step: a large world is quiet so long after its last fault, not when all is
/// everywhere.
const LARGE_QUIET_AFTER_MILLIS: u64 = 30_000;

/// What a run was like, for the report of the long one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) broken: Option<String>,
    pub(crate) converged_after: u64,
    pub(crate) entries: usize,
    pub(crate) inputs: u64,
}

pub(crate) fn run(plan: Plan) -> Outcome {
    let seed = plan.seed;
    let safety = plan.millis;
    let step = if plan.devices > 100 { 2_000 } else { 500 };
    let mut world = World::new(plan);
    world.run(safety);
    world.calm();
    let mut waited = 0;
    while world.oracle.broken.is_none() && waited < CONVERGE_MILLIS {
        world.run(safety + waited);
        if waited >= 2 * step && world.is_settled() && world.is_converged() {
            break;
        }
        waited += step;
    }
    let converged_after = waited;
    if world.oracle.broken.is_none() {
        world.judge();
    }
    if world.oracle.broken.is_none() && waited >= CONVERGE_MILLIS {
        let what = format!("no convergence {CONVERGE_MILLIS} ms after the last fault");
        world.oracle.violated(12, &what);
    }
    if world.oracle.broken.is_none() {
        if world.plan.devices > 100 {
            waited = waited.max(LARGE_QUIET_AFTER_MILLIS);
            world.run(safety + waited);
        }
        let before: Vec<u64> = world.devices.iter().map(|of| of.bytes).collect();
        world.run(safety + waited + QUIET_MILLIS);
        world.check_quiet(QUIET_MILLIS, &before);
    }
    Outcome {
        seed,
        broken: world.oracle.broken.clone(),
        converged_after,
        entries: world.oracle.made.len(),
        inputs: world.handled,
    }
}

/// The first seed of `count` that breaks with `bug` and does not without.
pub(crate) fn first_broken(count: u64, bug: Bug) -> Option<Outcome> {
    (0..count)
        .map(|seed| run(Plan::for_bug(bug, seed).with(bug)))
        .find(|outcome| {
            outcome.broken.is_some() && run(Plan::for_bug(bug, outcome.seed)).broken.is_none()
        })
}
