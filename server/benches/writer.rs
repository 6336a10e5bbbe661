//! The grouped-commit writer against a commit each, in one run on one disk.
//!
//! `cargo bench -p server --bench writer`
//!
//! The model of an order: claim a ticket in one statement, insert the order, enqueue a job; durable
//! before the caller hears of it. Baseline: the same statements, prepared, on one connection with
//! the same pragmas, each order in its own fsynced transaction; one caller, and as many callers as
//! the grouped round, each with a connection, as a server without a writer would do it. Beside
//! them: what one `fdatasync` of a 4 KiB append costs on the same file system.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures time and prints its figures"
)]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use server::platform::db::{
    Collection, Db, DbError, Entity, Field, Index, IndexValue, Tx, TxBackend,
};
use server::platform::jobs::{self, NewJob};
use shared::ids::{JobId, uuid_v7};
use shared::time::Timestamp;

const CALLERS: [usize; 4] = [1, 8, 64, 256];
const ROUND: Duration = Duration::from_secs(4);
const TICKETS: u64 = 200_000;
const SYNCS: usize = 500;
const TARGET_RATIO: f64 = 20.0;
const TARGET_CALLERS: usize = 64;

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ticket {
    id: String,
    class_id: String,
    serial: u64,
    status: String,
    order_id: Option<String>,
}

impl Entity for Ticket {
    const COLLECTION: Collection = Collection {
        name: "bench_tickets",
        fields: &[
            Field::text("class_id"),
            Field::text("status"),
            Field::int("serial"),
        ],
        indexes: &[Index::on("by_class", &["class_id", "status", "serial"])],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        let serial = i64::try_from(self.serial).unwrap_or(i64::MAX);
        vec![
            self.class_id.as_str().into(),
            self.status.as_str().into(),
            serial.into(),
        ]
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    id: String,
    user_id: String,
    status: String,
    amount_minor: u64,
    currency: String,
    email: String,
    created_at: i64,
}

impl Entity for Order {
    const COLLECTION: Collection = Collection {
        name: "bench_orders",
        fields: &[Field::text("user_id"), Field::int("created_at")],
        indexes: &[Index::on("by_user", &["user_id", "created_at"])],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.user_id.as_str().into(), self.created_at.into()]
    }
}

impl Order {
    fn number(n: u64) -> Self {
        let at = 1_790_000_000_000 + i64::try_from(n).unwrap_or(0);
        Self {
            id: id(n, 1),
            user_id: id(n % 1_000, 2),
            status: "PENDING".to_owned(),
            amount_minor: 250_000,
            currency: "VND".to_owned(),
            email: format!("buyer{n}@example.org"),
            created_at: at,
        }
    }
}

/// A `UUIDv7` that depends on the number alone.
fn id(n: u64, salt: u8) -> String {
    let mut random = [salt; 10];
    random[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let at = Timestamp::from_millis(1_790_000_000_000 + i64::try_from(n).unwrap_or(0));
    uuid_v7(at, random).to_string()
}

const CLAIM: &str = "UPDATE bench_tickets SET rev = rev + 1, status = 'HELD', \
     body = json_set(body, '$.status', 'HELD', '$.orderId', ?2) \
     WHERE id = (SELECT id FROM bench_tickets WHERE class_id = ?1 AND status = 'FREE' \
     ORDER BY serial LIMIT 1) RETURNING rev, body";

fn claim(connection: &Connection, order: &str) -> Result<String, DbError> {
    let mut statement = connection.prepare_cached(CLAIM)?;
    Ok(statement.query_row(params!["class", order], |row| row.get(1))?)
}

/// One order through the unit of work.
fn place(tx: &mut Tx<'_>, n: u64) -> Result<(), DbError> {
    let order = Order::number(n);
    if let TxBackend::Sqlite(connection) = tx.backend() {
        claim(connection, &order.id)?;
    }
    tx.insert(&order)?;
    let payload = serde_json::json!({ "orderId": order.id });
    let at = Timestamp::from_millis(order.created_at);
    let mut random = [3; 10];
    random[..8].copy_from_slice(&n.to_be_bytes());
    jobs::enqueue(
        tx,
        NewJob::new(JobId::new(at, random), "orders.mail", payload, at),
    )
}

/// What a round measured.
struct Round {
    commits_per_second: f64,
    cpu_micros: f64,
    micros: Histogram<u64>,
}

impl Round {
    fn print(&self, name: &str, baseline: Option<&Self>) {
        let ratio = baseline.map_or(1.0, |base| {
            self.commits_per_second / base.commits_per_second
        });
        println!(
            "{name:<28} {:>9.0}/s {ratio:>6.1}x   p50 {:>7} µs  p99 {:>7} µs  max {:>7} µs   cpu {:>6.1} µs each",
            self.commits_per_second,
            self.micros.value_at_quantile(0.5),
            self.micros.value_at_quantile(0.99),
            self.micros.max(),
            self.cpu_micros,
        );
    }
}

/// A fresh database with stock in it.
async fn stock(folder: &Path, name: &str) -> Result<Db> {
    let db = Db::open(&format!("sqlite:{}", folder.join(name).display())).await?;
    db.create_collection(&Ticket::COLLECTION).await?;
    db.create_collection(&Order::COLLECTION).await?;
    for from in (0..TICKETS).step_by(10_000) {
        db.write(move |tx| {
            for serial in from..from + 10_000 {
                tx.insert(&Ticket {
                    id: id(serial, 4),
                    class_id: "class".to_owned(),
                    serial,
                    status: "FREE".to_owned(),
                    order_id: None,
                })?;
            }
            Ok::<_, DbError>(())
        })
        .await?;
    }
    Ok(db)
}

async fn grouped(folder: &Path, callers: usize) -> Result<Round> {
    let db = stock(folder, &format!("grouped-{callers}.db")).await?;
    let next = Arc::new(AtomicU64::new(0));
    let (started, cpu) = (Instant::now(), cpu_time()?);
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (db, next) = (db.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let mut micros = histogram()?;
                while started.elapsed() < ROUND {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let sent = Instant::now();
                    db.write(move |tx| place(tx, n)).await?;
                    micros.record(as_micros(sent.elapsed()))?;
                }
                anyhow::Ok(micros)
            })
        })
        .collect();
    let mut micros = histogram()?;
    for task in tasks {
        micros.add(task.await??)?;
    }
    let round = round(started.elapsed(), cpu_time()?.saturating_sub(cpu), micros);
    let placed = db
        .count::<Order>(&server::platform::db::Query::on("id"))
        .await?;
    ensure!(
        placed == next.load(Ordering::Relaxed),
        "an acknowledged order is missing"
    );
    db.close().await;
    Ok(round)
}

/// Each order in a transaction of its own, from callers that have a connection each.
async fn one_each(folder: &Path, callers: usize) -> Result<Round> {
    let name = format!("one-each-{callers}.db");
    let db = stock(folder, &name).await?;
    db.close().await;
    let path = folder.join(name);
    let next = AtomicU64::new(0);
    let (started, cpu) = (Instant::now(), cpu_time()?);
    let rounds: Vec<Result<Histogram<u64>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..callers)
            .map(|_| scope.spawn(|| alone(&path, &next, started)))
            .collect();
        let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined
            .map(|ended| ended.unwrap_or_else(|_| Err(anyhow::anyhow!("a caller panicked"))))
            .collect()
    });
    let mut micros = histogram()?;
    for round in rounds {
        micros.add(round?)?;
    }
    Ok(round(
        started.elapsed(),
        cpu_time()?.saturating_sub(cpu),
        micros,
    ))
}

/// One caller, until the round is over.
fn alone(path: &Path, next: &AtomicU64, started: Instant) -> Result<Histogram<u64>> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(30))?;
    for (name, value) in [
        ("journal_mode", "WAL"),
        ("synchronous", "FULL"),
        ("temp_store", "MEMORY"),
        ("cache_size", "-8192"),
    ] {
        connection.pragma_update(None, name, value)?;
    }
    let mut micros = histogram()?;
    while started.elapsed() < ROUND {
        let sent = Instant::now();
        place_alone(&connection, next.fetch_add(1, Ordering::Relaxed))?;
        micros.record(as_micros(sent.elapsed()))?;
    }
    Ok(micros)
}

/// The same order in a transaction of its own.
fn place_alone(connection: &Connection, n: u64) -> Result<()> {
    let order = Order::number(n);
    let run = |sql: &str| connection.prepare_cached(sql)?.raw_execute();
    run("BEGIN IMMEDIATE")?;
    claim(connection, &order.id)?;
    connection
        .prepare_cached("INSERT INTO bench_orders (id, rev, body, user_id, created_at) VALUES (?1, 1, ?2, ?3, ?4)")?
        .execute(params![order.id, serde_json::to_string(&order)?, order.user_id, order.created_at])?;
    let job = serde_json::json!({
        "id": id(n, 3), "kind": "orders.mail", "payload": {"orderId": order.id}, "runAt": order.created_at,
        "priority": "normal", "dedupeKey": null, "status": {"is": "queued"}, "attempts": 0, "lastError": null,
    });
    connection
        .prepare_cached("INSERT INTO jobs (id, rev, body, state, priority, due_at, kind) VALUES (?1, 1, ?2, 'live', 1, ?3, 'orders.mail')")?
        .execute(params![id(n, 3), job.to_string(), order.created_at])?;
    run("COMMIT")?;
    Ok(())
}

/// Appends 4 KiB and syncs it, many times.
fn syncs(folder: &Path) -> Result<Histogram<u64>> {
    let mut file = File::create(folder.join("sync"))?;
    let mut micros = histogram()?;
    for _ in 0..SYNCS {
        file.write_all(&[7; 4096])?;
        let started = Instant::now();
        file.sync_data()?;
        micros.record(as_micros(started.elapsed()))?;
    }
    Ok(micros)
}

fn round(took: Duration, cpu: Duration, micros: Histogram<u64>) -> Round {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of commits is far below 2^52"
    )]
    let commits = micros.len() as f64;
    Round {
        commits_per_second: commits / took.as_secs_f64(),
        cpu_micros: cpu.as_secs_f64() * 1e6 / commits,
        micros,
    }
}

fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_max(60_000_000, 3)?)
}

fn as_micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Processor time of this process so far, all threads, to a hundredth of a second.
fn cpu_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').context("a stat line")?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse().unwrap_or(0))
        .sum();
    Ok(Duration::from_millis(ticks * 10))
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let sync = syncs(folder.path())?;
    println!(
        "fdatasync of 4 KiB: p50 {} µs, p99 {} µs",
        sync.value_at_quantile(0.5),
        sync.value_at_quantile(0.99)
    );
    let baseline = one_each(folder.path(), 1).await?;
    baseline.print("a commit each, 1 caller", None);
    let crowd = one_each(folder.path(), TARGET_CALLERS).await?;
    crowd.print(
        &format!("a commit each, {TARGET_CALLERS} callers"),
        Some(&baseline),
    );
    for callers in CALLERS {
        let round = grouped(folder.path(), callers).await?;
        round.print(&format!("grouped, {callers} callers"), Some(&baseline));
        if callers == TARGET_CALLERS {
            for (of, name) in [(&baseline, "1 caller"), (&crowd, "as many callers")] {
                let ratio = round.commits_per_second / of.commits_per_second;
                let word = if ratio < TARGET_RATIO { "below" } else { "met" };
                println!("  {ratio:.1} x a commit each from {name} (bar {TARGET_RATIO}): {word}");
            }
        }
    }
    Ok(())
}
