//! The simulator's test of itself: each seeded mistake is found, by name, within 2,000 seeds.

use std::io::Write as _;

use scanner_core::gossip::SeededBug;

use crate::plan::Bug;
use crate::run::first_broken;

const SEEDS_MAX: u64 = 2_000;

fn is_found(bug: Bug) {
    let found = first_broken(SEEDS_MAX, bug);
    let Some(found) = found else {
        panic!("{bug:?} was not found in {SEEDS_MAX} seeds");
    };
    let what = found.broken.unwrap_or_default();
    writeln!(std::io::stderr(), "{bug:?}: seed {}: {what}", found.seed).expect("stderr");
}

macro_rules! found {
    ($($test:ident: $bug:expr,)+) => {$(
        // T9
        #[test]
        fn $test() {
            is_found($bug);
        }
    )+};
}

found! {
    a_gap_that_counts_as_held: Bug::Node(SeededBug::AcceptGap),
    a_relay_that_is_trusted: Bug::Node(SeededBug::TrustRelay),
    a_messenger_that_is_blamed: Bug::Node(SeededBug::BlameMessenger),
    homes_from_live_membership: Bug::Node(SeededBug::HomesFromLiveMembership),
    entries_refused_by_clock: Bug::Node(SeededBug::RejectByClock),
    a_quarantine_that_is_forgotten: Bug::Node(SeededBug::ForgetQuarantine),
    a_grant_before_it_is_on_disk: Bug::Node(SeededBug::GrantBeforePersist),
    a_vote_after_a_lost_disk: Bug::Node(SeededBug::VoteAfterDiskLoss),
    an_evicted_device_that_is_kept: Bug::Node(SeededBug::KeepEvicted),
    a_clock_that_follows_any_other: Bug::Node(SeededBug::FollowAnyClock),
    an_offer_that_is_never_taken_up: Bug::Node(SeededBug::NeverPull),
    early_entries_without_a_limit: Bug::Node(SeededBug::KeepAllEarly),
    a_storm_of_pulls: Bug::Node(SeededBug::PullStorm),
    a_log_frozen_at_the_first_fork_heard: Bug::Node(SeededBug::FreezeAtFirst),
    a_green_light_before_the_sync: Bug::SkipFsync,
    a_number_that_is_used_again: Bug::ReuseSeq,
    signatures_checked_in_batches: Bug::BatchVerify,
    a_transaction_that_tears: Bug::TornBatch,
}
