//! Jobs: in with their commit, out once, back after a failure or a crash.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::bail;
use serde_json::{Value, json};
use server::platform::clock::{Clock, FixedClock};
use server::platform::db::{Db, DbError, Query};
use server::platform::entropy::{Entropy, SeededEntropy};
use server::platform::jobs::{
    self, Job, JobCounts, JobStatus, JobsHandle, NewJob, Priority, Runner, RunnerOptions,
};
use shared::ids::JobId;
use shared::time::Timestamp;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::stage::{NOW, Stage};

/// What the handlers saw, in order.
type Seen = Arc<Mutex<Vec<String>>>;

fn job(n: u8, kind: &'static str) -> NewJob {
    NewJob::new(JobId::new(NOW, [n; 10]), kind, json!({ "n": n }), NOW)
}

/// A runner whose `note` jobs are noted and whose `fail` jobs fail.
fn runner(db: &Db, clock: &Arc<FixedClock>, seen: &Seen) -> Runner<Seen> {
    let clock: Arc<dyn Clock> = Arc::<FixedClock>::clone(clock);
    let entropy = Arc::new(SeededEntropy::new(1));
    let mut runner = Runner::new(db.clone(), clock, entropy, Arc::clone(seen));
    runner.register("note", |seen: Seen, payload: Value| async move {
        seen.lock()
            .expect("unpoisoned")
            .push(payload["n"].to_string());
        Ok(())
    });
    runner.register("fail", |_, _| async { bail!("the mail server is down") });
    runner.register("fatal", |_, _| async { Err(jobs::fatal("no such order")) });
    runner.register("away", |_, _| async {
        Err(jobs::not_now(30, "the mail server is left alone"))
    });
    runner.register("panic", |_, _| async { panic!("on purpose, in a job") });
    runner
}

async fn enqueue(db: &Db, jobs: Vec<NewJob>) {
    db.write(move |tx| {
        jobs.iter()
            .try_for_each(|job| jobs::enqueue(tx, job.clone()))
    })
    .await
    .expect("enqueue");
}

async fn counts(db: &Db) -> (u64, u64) {
    let JobCounts { live, dead } = JobsHandle::new(db).counts().await.expect("counts");
    (live, dead)
}

async fn only(db: &Db) -> Job {
    let mut rows = db.list::<Job>(&Query::on("id")).await.expect("list");
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0).into_inner()
}

pub(crate) async fn an_aborted_commit_has_no_job(stage: &Stage) {
    let db = stage.open().await;
    let aborted = db
        .write(|tx| {
            jobs::enqueue(tx, job(1, "note"))?;
            Err::<(), _>(DbError::Contended)
        })
        .await;
    assert!(aborted.is_err());
    assert_eq!(counts(&db).await, (0, 0));
}

/// Of a server that was killed within a transaction nothing is left but what it wrote and did not
/// commit: MongoDB keeps it from all others until the transaction is too old.
pub(crate) async fn jobs_beside_one_that_a_dead_server_holds_are_run(stage: &Stage) {
    // H3
    let (db, clock, seen) = (stage.open().await, Stage::clock(), Seen::default());
    let three = (1..=3).map(|n| job(n, "note")).collect();
    enqueue(&db, three).await;
    let runner = runner(&db, &clock, &seen);
    let noted = || {
        let mut noted = seen.lock().expect("unpoisoned").clone();
        noted.sort();
        noted
    };
    if stage.is_sqlite() {
        // Its one writer died with the server.
        assert_eq!(runner.run_due().await.expect("run"), 3);
        return assert_eq!(noted(), ["1", "2", "3"]);
    }
    let client = mongodb::Client::with_uri_str(stage.url()).await;
    let client = client.expect("the database");
    let mut dead = client.start_session().await.expect("a session");
    dead.start_transaction().await.expect("a transaction");
    let database = client.default_database().expect("named in the address");
    let jobs = database.collection::<mongodb::bson::Document>("jobs");
    let id = JobId::new(NOW, [1; 10]).to_string();
    let held = jobs.update_one(
        mongodb::bson::doc! { "_id": id },
        mongodb::bson::doc! { "$inc": { "rev": 1 } },
    );
    let held = held.session(&mut dead).await.expect("held");
    assert_eq!(held.modified_count, 1);

    assert_eq!(runner.run_due().await.expect("run"), 2);
    assert_eq!(noted(), ["2", "3"]);
    dead.abort_transaction().await.expect("its time is over");
    assert_eq!(runner.run_due().await.expect("run"), 1);
    assert_eq!(noted(), ["1", "2", "3"]);
}

pub(crate) async fn a_waiting_job_is_not_doubled(stage: &Stage) {
    let db = stage.open().await;
    let seen = Seen::default();
    let twice = vec![
        job(1, "note").dedupe("k"),
        job(2, "note").dedupe("k"),
        job(3, "note"),
    ];
    enqueue(&db, twice).await;
    enqueue(&db, vec![job(4, "note").dedupe("k")]).await;
    assert_eq!(counts(&db).await, (2, 0));
    let runner = runner(&db, &Stage::clock(), &seen);
    assert_eq!(runner.run_due().await.expect("run"), 2);
    // Done is not waiting: the key is free again.
    enqueue(&db, vec![job(5, "note").dedupe("k")]).await;
    assert_eq!(runner.run_due().await.expect("run"), 1);
    assert_eq!(*seen.lock().expect("unpoisoned"), ["1", "3", "5"]);

    // One that comes back finds its like waiting, and leaves the work to it.
    let db2 = db.clone();
    let mut runner = runner_with(&db, &Stage::clock(), RunnerOptions::default());
    runner.register("again", move |(), _| {
        let db = db2.clone();
        async move {
            enqueue(&db, vec![job(7, "never").dedupe("k")]).await;
            bail!("try later")
        }
    });
    enqueue(&db, vec![job(6, "again").dedupe("k")]).await;
    runner.run_due().await.expect("run");
    assert_eq!(only(&db).await.kind, "never");
}

fn runner_with(db: &Db, clock: &Arc<FixedClock>, options: RunnerOptions) -> Runner<()> {
    let clock: Arc<dyn Clock> = Arc::<FixedClock>::clone(clock);
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(2));
    Runner::new(db.clone(), clock, entropy, ()).options(options)
}

pub(crate) async fn a_done_job_is_gone(stage: &Stage) {
    let db = stage.open().await;
    let (clock, seen) = (Stage::clock(), Seen::default());
    let later = job(3, "note").run_at(NOW.plus_secs(60));
    let first = job(9, "note").priority(Priority::High);
    let last = job(2, "note").priority(Priority::Low);
    enqueue(&db, vec![last, later, job(1, "note"), first]).await;
    let runner = runner(&db, &clock, &seen);
    assert_eq!(runner.run_due().await.expect("run"), 3);
    assert_eq!(*seen.lock().expect("unpoisoned"), ["9", "1", "2"]);
    assert_eq!(counts(&db).await, (1, 0));
    clock.advance(60_000);
    assert_eq!(runner.run_due().await.expect("run"), 1);
    assert_eq!(counts(&db).await, (0, 0));
}

pub(crate) async fn a_failing_job_waits_longer_and_dies(stage: &Stage) {
    let db = stage.open().await;
    let (clock, seen) = (Stage::clock(), Seen::default());
    let options = RunnerOptions {
        attempts_max: 3,
        ..RunnerOptions::default()
    };
    let runner = runner(&db, &clock, &seen).options(options);
    for kind in ["fail", "panic", "unheard of"] {
        enqueue(&db, vec![job(1, kind)]).await;
        let mut waits = Vec::new();
        for attempt in 1..=3 {
            assert_eq!(runner.run_due().await.expect("run"), 1, "{kind} {attempt}");
            let job = only(&db).await;
            assert_eq!(job.attempts, attempt);
            assert!(job.last_error.is_some(), "{job:?}");
            waits.push(job.run_at.millis_since(clock.now()));
            // Not before its time.
            assert_eq!(runner.run_due().await.expect("run"), 0);
            clock.set(job.run_at.max(clock.now()));
        }
        assert!((500..=1_000).contains(&waits[0]), "{waits:?}");
        assert!((1_000..=2_000).contains(&waits[1]), "{waits:?}");
        assert!(matches!(only(&db).await.status, JobStatus::Dead { .. }));
        assert_eq!(counts(&db).await, (0, 1));
        let dead = JobsHandle::new(&db).dead(10).await.expect("dead").remove(0);
        db.write(move |tx| tx.delete(&dead)).await.expect("delete");
    }
}

pub(crate) async fn a_fatal_job_dies_at_once_and_can_be_revived(stage: &Stage) {
    let db = stage.open().await;
    let (clock, seen) = (Stage::clock(), Seen::default());
    let runner = runner(&db, &clock, &seen);
    enqueue(&db, vec![job(1, "fatal")]).await;
    assert_eq!(runner.run_due().await.expect("run"), 1);
    let dead = only(&db).await;
    assert_eq!(dead.status, JobStatus::Dead { at: NOW });
    assert_eq!(dead.last_error.as_deref(), Some("no such order"));
    let revived = db.write(move |tx| jobs::revive(tx, dead.id, NOW)).await;
    assert!(revived.expect("revive"));
    assert_eq!(only(&db).await.attempts, 0);
    assert_eq!(runner.run_due().await.expect("run"), 1);
    assert_eq!(counts(&db).await, (0, 1));
}

pub(crate) async fn the_end_of_a_lease_gives_a_job_back(stage: &Stage) {
    let db = stage.open().await;
    let (clock, seen) = (Stage::clock(), Seen::default());
    leave_as_killed(&db).await;
    let runner = runner(&db, &clock, &seen);
    clock.advance(59_999);
    assert_eq!(runner.run_due().await.expect("run"), 0);
    clock.advance(1);
    assert_eq!(runner.run_due().await.expect("run"), 1);
    assert_eq!(*seen.lock().expect("unpoisoned"), ["1"]);
    assert_eq!(counts(&db).await, (0, 1));
}

pub(crate) async fn a_server_that_is_alone_does_not_wait_for_leases(stage: &Stage) {
    let db = stage.open().await;
    let (clock, seen) = (Stage::clock(), Seen::default());
    leave_as_killed(&db).await;
    enqueue(&db, vec![job(3, "note").run_at(NOW.plus_secs(30))]).await;
    let runner = runner(&db, &clock, &seen);
    assert_eq!(runner.run_due().await.expect("run"), 0);
    assert_eq!(jobs::take_over(&db, NOW).await.expect("taken"), 2);
    assert_eq!(jobs::take_over(&db, NOW).await.expect("nothing left"), 0);
    assert_eq!(runner.run_due().await.expect("run"), 1);
    assert_eq!(*seen.lock().expect("unpoisoned"), ["1"]);
    // The third is not due yet, and who was started too often is dead.
    assert_eq!(counts(&db).await, (1, 1));
}

/// As a server leaves them that was killed at work: one started once, one for the last time.
async fn leave_as_killed(db: &Db) {
    for (n, attempts) in [(1, 1), (2, 10)] {
        let left = Job {
            id: JobId::new(NOW, [n; 10]),
            kind: "note".to_owned(),
            payload: json!({ "n": n }),
            run_at: NOW,
            priority: Priority::Normal,
            dedupe_key: None,
            status: JobStatus::Running {
                lease_until: NOW.plus_secs(60),
            },
            attempts,
            holder: None,
            last_error: None,
        };
        db.write(move |tx| tx.insert(&left)).await.expect("insert");
    }
}

pub(crate) async fn a_late_runner_has_no_say(stage: &Stage) {
    let db = stage.open().await;
    let (clock, seen) = (Stage::clock(), Seen::default());
    let second = Arc::new(runner(&db, &clock, &seen));
    let mut first = runner_with(&db, &clock, RunnerOptions::default());
    let time = Arc::clone(&clock);
    first.register("note", move |(), _| {
        let (second, time) = (Arc::clone(&second), Arc::clone(&time));
        async move {
            time.advance(60_000);
            second.run_due().await?;
            bail!("too late to matter")
        }
    });
    enqueue(&db, vec![job(1, "note")]).await;
    assert_eq!(first.run_due().await.expect("run"), 1);
    assert_eq!(*seen.lock().expect("unpoisoned"), ["1"]);
    assert_eq!(counts(&db).await, (0, 0));
}

/// Says again that its jobs are its own as often as a case can wait for.
fn alive() -> RunnerOptions {
    RunnerOptions {
        renew_millis: 5,
        ..RunnerOptions::default()
    }
}

pub(crate) async fn a_long_job_stays_its_runners(stage: &Stage) {
    // H8
    let db = stage.open().await;
    let (clock, seen) = (Stage::clock(), Seen::default());
    let second = Arc::new(runner(&db, &clock, &seen));
    let mut first = runner_with(&db, &clock, alive());
    let (time, jobs) = (Arc::clone(&clock), db.clone());
    first.register("note", move |(), _| {
        let (second, time, jobs) = (Arc::clone(&second), Arc::clone(&time), jobs.clone());
        async move {
            for _ in 0..6 {
                let before = lease_of(&jobs).await;
                time.advance(20_000);
                while lease_of(&jobs).await <= before {
                    tokio::task::yield_now().await;
                }
                // Two minutes in all, and nobody takes it for abandoned.
                assert_eq!(second.run_due().await?, 0);
            }
            Ok(())
        }
    });
    enqueue(&db, vec![job(1, "note")]).await;
    assert_eq!(first.run_due().await.expect("run"), 1);
    assert!(seen.lock().expect("unpoisoned").is_empty());
    assert_eq!(counts(&db).await, (0, 0));
}

/// Until when the only job is its runner's.
async fn lease_of(db: &Db) -> Timestamp {
    match only(db).await.status {
        JobStatus::Running { lease_until } => lease_until,
        other => panic!("it is not running: {other:?}"),
    }
}

pub(crate) async fn who_lost_a_job_stops_working_on_it(stage: &Stage) {
    // H8
    let db = stage.open().await;
    let (clock, seen) = (Stage::clock(), Seen::default());
    let second = Arc::new(runner(&db, &clock, &seen));
    let mut first = runner_with(&db, &clock, alive());
    let time = Arc::clone(&clock);
    first.register("note", move |(), _| {
        let (second, time) = (Arc::clone(&second), Arc::clone(&time));
        async move {
            // As if its words had not come through: the lease is over, and another server is there.
            let mut took = 0;
            while took == 0 {
                time.advance(30_000);
                took = second.run_due().await?;
            }
            std::future::pending().await
        }
    });
    enqueue(&db, vec![job(1, "note")]).await;
    assert_eq!(first.run_due().await.expect("run"), 1);
    assert_eq!(*seen.lock().expect("unpoisoned"), ["1"]);
    assert_eq!(counts(&db).await, (0, 0));
}

pub(crate) async fn two_runners_share_the_work(stage: &Stage) {
    let db = stage.open().await;
    let (clock, seen) = (Stage::clock(), Seen::default());
    enqueue(&db, (0..20).map(|n| job(n, "note")).collect()).await;
    // Two servers: two handles on one database.
    let other = stage.open().await;
    let (a, b) = (runner(&db, &clock, &seen), runner(&other, &clock, &seen));
    let (a, b) = tokio::join!(a.run_due(), b.run_due());
    assert_eq!(a.expect("run") + b.expect("run"), 20);
    let mut numbers: Vec<u32> = seen
        .lock()
        .expect("unpoisoned")
        .iter()
        .map(|n| n.parse().expect("a number"))
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..20).collect::<Vec<_>>());
}

pub(crate) async fn the_runner_wakes_for_a_commit_and_stops_in_order(stage: &Stage) {
    let db = stage.open().await;
    let options = RunnerOptions {
        // Waking by the poll would outlast the case.
        poll_millis: 3_600_000,
        ..RunnerOptions::default()
    };
    let mut runner = runner_with(&db, &Stage::clock(), options);
    let (started, mut has_started) = tokio::sync::mpsc::unbounded_channel();
    let (finished, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Semaphore::new(0)));
    let (ends, waits) = (Arc::clone(&finished), Arc::clone(&gate));
    runner.register("slow", move |(), _| {
        let (started, gate, ends) = (started.clone(), Arc::clone(&waits), Arc::clone(&ends));
        async move {
            started.send(())?;
            gate.acquire().await?.forget();
            ends.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    });
    let stop = CancellationToken::new();
    let running = tokio::spawn(runner.run(stop.clone()));
    for n in 1..=2 {
        enqueue(&db, vec![job(n, "slow")]).await;
        has_started.recv().await.expect("the runner woke");
    }
    stop.cancel();
    enqueue(&db, vec![job(3, "slow")]).await;
    assert!(!running.is_finished(), "it waits for the jobs under way");
    gate.add_permits(3);
    running.await.expect("the runner ends");
    assert_eq!(finished.load(Ordering::SeqCst), 2);
    assert_eq!(counts(&db).await, (1, 0));
}

pub(crate) async fn a_job_whose_service_is_away_waits_and_loses_no_try(stage: &Stage) {
    let db = stage.open().await;
    let clock = Arc::new(FixedClock::at(NOW));
    let runner = runner(&db, &clock, &Seen::default());
    enqueue(&db, vec![job(1, "away")]).await;
    for _ in 0..20 {
        assert_eq!(runner.run_due().await.expect("a run"), 1);
        let waits = only(&db).await;
        assert_eq!((waits.attempts, waits.status), (0, JobStatus::Queued));
        let wait = waits.run_at.millis_since(clock.now());
        assert!((30_000..31_000).contains(&wait), "{wait}");
        assert_eq!(runner.run_due().await.expect("a run"), 0);
        clock.advance(wait);
    }
    assert_eq!(counts(&db).await, (1, 0));
}
