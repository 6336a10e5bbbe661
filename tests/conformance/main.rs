//! One suite for storage, jobs, idempotency keys, moments, stock, numbers of invoices, the journal's seals and alerts of the gates, run on both backends.
//!
//! Each case is a test of its own on SQLite. On MongoDB all cases are one test, on one real
//! replica set (starting three members for each would cost minutes); a failure names the cases. `GATEHOUSE_MONGOD=/path/to/mongod` switches that half on.

mod alerts;
mod idempotency;
mod invoices;
mod jobs;
mod meanings;
mod moments;
mod old_data;
mod old_rows;
mod queries;
mod rows;
mod schema;
mod stage;
mod stock;
mod trail;
mod transactions;
mod views;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use stage::{Case, Stage};
use tests::mongo::ReplicaSet;

/// Cases that play on the replica set at a time, each on a database of its own.
const AT_ONCE: usize = 2;
/// Cases about opening a database. The others find one that was opened, and emptied: MongoDB takes
/// seconds to make its eighty collections.
const OPENING: [&str; 2] = ["schema", "old_data"];

macro_rules! cases {
    ($($file:ident: $($case:ident),+;)+) => {
        mod on_sqlite {
            $($(
                #[test]
                fn $case() {
                    super::Stage::sqlite().run(|stage| Box::pin(super::$file::$case(stage)));
                }
            )+)+
        }
        const CASES: &[(&str, &str, Case)] = &[
            $($((stringify!($file), stringify!($case), |stage| Box::pin($file::$case(stage))),)+)+
        ];
    };
}

cases! {
    rows: a_row_lives_and_dies, a_duplicate_names_its_index, null_never_collides,
        a_stale_revision_conflicts, a_body_comes_back_as_it_was, an_entity_that_breaks_its_word_is_refused;
    queries: every_index_gives_the_rows_of_the_model, pages_meet_without_gap_or_overlap,
        a_tally_counts_each_value_once, queries_that_nobody_declared_are_refused, cursors_of_other_queries_are_refused,
        every_query_scans_its_index;
    transactions: an_error_leaves_nothing, a_panic_is_contained, a_transaction_sees_its_own_writes,
        a_swallowed_error_dooms, no_increment_is_lost, a_lost_race_runs_again,
        neighbours_in_a_group_do_not_harm_each_other, what_was_answered_survives,
        a_closed_database_says_so;
    views: a_view_is_of_one_state, a_view_sees_what_was_answered, a_view_reads_as_others_do, a_panic_in_a_view_is_contained;
    schema: the_registry_is_the_schema, opening_twice_changes_nothing;
    old_data: rows_of_before_are_read_and_found, what_was_answered_before_is_listed, a_journal_of_before_is_sealed;
    jobs: an_aborted_commit_has_no_job, a_waiting_job_is_not_doubled, a_done_job_is_gone,
        a_failing_job_waits_longer_and_dies, a_job_whose_service_is_away_waits_and_loses_no_try, a_fatal_job_dies_at_once_and_can_be_revived,
        the_end_of_a_lease_gives_a_job_back, a_server_that_is_alone_does_not_wait_for_leases, a_late_runner_has_no_say,
        jobs_beside_one_that_a_dead_server_holds_are_run, a_long_job_stays_its_runners, who_lost_a_job_stops_working_on_it,
        two_runners_share_the_work, the_runner_wakes_for_a_commit_and_stops_in_order;
    stock: a_claim_takes_all_or_nothing, a_claimed_row_is_whole, a_seat_is_sold_once,
        nobody_ever_gets_anothers_ticket, parties_that_race_for_the_best_seats_share_none,
        classes_that_race_for_a_pool_never_overdraw_it;
    invoices: numbers_drawn_at_once_have_no_gap_and_no_double, a_first_number_is_drawn_once;
    trail: what_an_act_changes_is_told, two_sealers_make_one_chain;
    moments: a_later_commit_has_a_later_moment, a_list_by_moment_grows_at_its_end_only;
    alerts: servers_that_race_tell_an_incident_once, servers_that_race_lose_no_alert_between_mails,
        servers_that_race_tell_what_stands_once;
    idempotency: an_answer_is_given_again, racing_requests_have_one_effect, answers_expire;
}

#[test]
fn on_a_mongodb_replica_set() {
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for worker in 0..AT_ONCE {
            let (mongo, next, failed) = (&mongo, &next, &failed);
            scope.spawn(move || {
                while let Some((file, name, case)) = CASES.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let stage = if OPENING.contains(file) {
                        Stage::mongo(mongo, name)
                    } else {
                        Stage::emptied(mongo, &format!("stage{worker}"))
                    };
                    if !stage.run_caught(*case) {
                        failed.lock().expect("unpoisoned").push(*name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("unpoisoned");
    assert!(failed.is_empty(), "failed on MongoDB: {failed:?}");
}
