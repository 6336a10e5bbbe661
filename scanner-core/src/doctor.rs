//! A list of checks, each with a finding in words: what a person looks at when something is odd.

use std::collections::BTreeMap;
use std::path::Path;

use ed25519_dalek::VerifyingKey;
use serde::Serialize;
use shared::log::{ChainError, Entry, LogHead, SignedEntry};

use crate::admit::Scanner;
use crate::cache::{Cache, DeviceKey, HeadMark, Identity, LogRow, Seen};
use crate::clock::Edge;
use crate::error::Cause;
use crate::status::Freshness;

/// Written and removed to see whether the disk takes it: room for about 50,000 entries.
const PROBE_BYTES: usize = 8 * 1024 * 1024;
/// A slower fsync than this makes people wait at the gate.
const FSYNC_SLOW_MICROS: u64 = 50_000;
/// Entries read at a time.
const PAGE: u32 = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    Good,
    /// Works, but somebody should look.
    Doubtful,
    /// Does not work.
    Bad,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    pub name: &'static str,
    pub health: Health,
    pub finding: String,
}

impl Check {
    fn new(name: &'static str, health: Health, finding: impl Into<String>) -> Self {
        Self {
            name,
            health,
            finding: finding.into(),
        }
    }
    fn of(name: &'static str, outcome: Result<String, Cause>) -> Self {
        match outcome {
            Ok(finding) => Self::new(name, Health::Good, finding),
            Err(cause) => Self::new(name, Health::Bad, cause.to_string()),
        }
    }
}

/// Examines a data directory, whatever state it is in. Reads everything: every page, every chain,
/// every signature. Changes nothing but a probe file, which it removes.
pub fn examine(dir: &Path, edge: &Edge) -> Vec<Check> {
    let mut checks = Vec::new();
    match Cache::open(dir) {
        Ok(None) => checks.push(Check::new(
            "enrolment",
            Health::Bad,
            "no device is enrolled here",
        )),
        Err(cause @ Cause::Archived(_)) => {
            checks.push(Check::new("enrolment", Health::Bad, cause.to_string()));
        }
        Err(cause) => checks.push(Check::new("database", Health::Bad, cause.to_string())),
        Ok(Some((cache, identity))) => {
            checks.push(Check::new(
                "enrolment",
                Health::Good,
                format!("{} at {}", identity.device_name, identity.event_title),
            ));
            let pages = cache
                .check_pages()
                .map(|()| "every page is sound".to_owned());
            checks.push(Check::of("database", pages));
            checks.push(Check::of("key", check_key(dir, &identity)));
            checks.push(Check::of("trust", check_trust(&cache, &identity)));
            checks.push(Check::of("logs", check_logs(&cache)));
            checks.extend(check_lost(&cache));
            checks.push(check_guards(dir, &cache));
            drop(cache);
            checks.extend(check_gate(dir, edge));
        }
    }
    checks.push(check_disk(dir, edge));
    checks
}

fn check_key(dir: &Path, identity: &Identity) -> Result<String, Cause> {
    DeviceKey::load(dir, &identity.public_key)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let path = dir.join("device.key");
        let meta = std::fs::metadata(&path).map_err(Cause::file("cannot read", &path))?;
        if meta.permissions().mode() & 0o077 != 0 {
            return Err(Cause::Damaged(
                "device.key can be read by others: chmod 600".to_owned(),
            ));
        }
    }
    Ok("is this device's, and its own to read".to_owned())
}

fn check_trust(cache: &Cache, identity: &Identity) -> Result<String, Cause> {
    let trust = cache.trust(identity.event, identity.pin)?;
    if trust.rolled_back {
        return Err(Cause::Damaged(
            "older statements than this device once had: the database was put back from a copy; sync"
                .to_owned(),
        ));
    }
    let [root, keyring, roster, snapshot] = trust.held();
    let missing = match &trust.snapshot {
        Some(snapshot) => cache.missing_segments(&snapshot.body)?.len(),
        None => 0,
    };
    if missing > 0 {
        return Err(Cause::Damaged(format!(
            "{missing} segments of the snapshot are missing"
        )));
    }
    Ok(format!(
        "root {root}, keyring {keyring}, roster {roster}, snapshot {snapshot}: signatures hold"
    ))
}

fn check_logs(cache: &Cache) -> Result<String, Cause> {
    let written = cache.written()?;
    let mut ends = BTreeMap::new();
    let (mut entries, mut signatures) = (0_u64, 0_u64);
    for row in cache.logs()? {
        let (head, signed) = verify_all(cache, &row)?;
        ends.insert(row.log, head.next_seq);
        entries += u64::from(head.next_seq);
        signatures += signed;
    }
    if let Some(cut) = cache.cut(&written, |log| ends.get(&log).copied().unwrap_or(0))? {
        return Err(Cause::Cut(cut));
    }
    Ok(format!(
        "{} logs, {entries} entries: chains without a gap, {signatures} signatures hold",
        ends.len()
    ))
}

/// Entries that this device once wrote and no longer has.
fn check_lost(cache: &Cache) -> Vec<Check> {
    match cache.settled_cuts() {
        Ok(cuts) => cuts
            .iter()
            .map(|cut| Check::new("lost", Health::Doubtful, cut.to_string()))
            .collect(),
        Err(cause) => vec![Check::new("lost", Health::Bad, cause.to_string())],
    }
}

/// The files beside the database that tell when it was cut or put back from a copy.
fn check_guards(dir: &Path, cache: &Cache) -> Check {
    let find = || -> Result<Vec<&str>, Cause> {
        let mut missing = Vec::new();
        let appended = cache.logs()?.iter().any(|row| row.own);
        if appended && HeadMark::read(dir)?.is_none() {
            missing.push(
                "head.mark is missing or damaged: a log that is cut may go unnoticed until the \
                 next scan writes it anew",
            );
        }
        // The root came with the enrolment; the others with a sync, which writes the file.
        let [_, others @ ..] = cache.statement_versions()?;
        if others.iter().any(|version| *version > 0) && !Seen::is_kept(dir) {
            missing.push(
                "seen is missing: an older ticket list put back from a copy may go unnoticed \
                 until the next sync writes it anew",
            );
        }
        Ok(missing)
    };
    match find() {
        Ok(missing) if missing.is_empty() => {
            Check::new("guards", Health::Good, "head.mark and seen are in place")
        }
        Ok(missing) => Check::new("guards", Health::Doubtful, missing.join("; ")),
        Err(cause) => Check::new("guards", Health::Bad, cause.to_string()),
    }
}

/// Every link and every signature of one log, from its beginning.
fn verify_all(cache: &Cache, row: &LogRow) -> Result<(LogHead, u64), Cause> {
    let key = VerifyingKey::from_bytes(&row.genesis.device_key)
        .map_err(|_| Cause::Damaged(format!("log {}: its device key is no key", row.log)))?;
    let mut head = row.genesis.head();
    let mut signed = 0;
    loop {
        let page = cache.entries(row.place(), head.next_seq, PAGE)?;
        let full = page.len() == PAGE as usize;
        for stored in page {
            head = if let Some(signature) = stored.signature {
                signed += 1;
                let body = stored.body;
                SignedEntry { body, signature }
                    .verify(&key, row.log, &head)?
                    .1
            } else {
                let entry = Entry::decode(&stored.body).map_err(ChainError::from)?;
                head.append(row.log, &entry)?
            };
        }
        if !full {
            return Ok((head, signed));
        }
    }
}

/// What a scan would stumble over.
fn check_gate(dir: &Path, edge: &Edge) -> Vec<Check> {
    let mut scanner = match Scanner::open(dir, edge.clone()) {
        Ok(Some(scanner)) => scanner,
        Ok(None) => return Vec::new(),
        Err(error) => return vec![Check::new("gate", Health::Bad, error.to_string())],
    };
    let status = match scanner.status() {
        Ok(status) => status,
        Err(error) => return vec![Check::new("gate", Health::Bad, error.to_string())],
    };
    let snapshot = match &status.snapshot {
        None => Check::new("snapshot", Health::Bad, "there is none yet: sync"),
        Some(of) => {
            let health = match of.freshness {
                Freshness::Fresh => Health::Good,
                Freshness::Amber => Health::Doubtful,
                Freshness::Red => Health::Bad,
            };
            let finding = format!(
                "version {}, {} s old, {} serials",
                of.version, of.age_secs, of.serials
            );
            Check::new("snapshot", health, finding)
        }
    };
    let clock = match status.clock.offset_ms {
        _ if status.clock.crowd_offset_ms.is_some() => Check::new(
            "clock",
            Health::Bad,
            format!(
                "{} s behind the guests' phones: set it; until then the moment of turning codes is not judged",
                status.clock.crowd_offset_ms.unwrap_or(0) / 1000
            ),
        ),
        None => Check::new("clock", Health::Doubtful, "never compared with a server's"),
        Some(offset) if status.clock.unsure => Check::new(
            "clock",
            Health::Bad,
            format!("{offset} ms off the server's: set it"),
        ),
        Some(offset) => Check::new(
            "clock",
            Health::Good,
            format!("{offset} ms off the server's"),
        ),
    };
    let device = if status.evicted {
        Check::new(
            "device",
            Health::Bad,
            "evicted or past its time: it admits nobody",
        )
    } else {
        Check::new("device", Health::Good, "in the roster")
    };
    let upload = match (status.pending, status.refused.is_empty()) {
        (_, false) => Check::new("upload", Health::Bad, status.refused.join("; ")),
        (0, true) => Check::new("upload", Health::Good, "the server has every entry"),
        (pending, true) => Check::new(
            "upload",
            Health::Doubtful,
            format!("{pending} entries wait for a sync"),
        ),
    };
    vec![device, snapshot, clock, upload]
}

/// Whether the disk takes what a busy day writes, and how long it takes to be sure of it.
fn check_disk(dir: &Path, edge: &Edge) -> Check {
    let path = dir.join("probe.tmp");
    let outcome = probe(&path, edge);
    if path.exists()
        && let Err(error) = std::fs::remove_file(&path)
    {
        tracing::warn!(%error, "the probe file stays behind");
    }
    match outcome {
        Ok(micros) if micros > FSYNC_SLOW_MICROS => Check::new(
            "disk",
            Health::Doubtful,
            format!("an fsync takes {micros} us: guests will wait"),
        ),
        Ok(micros) => Check::new(
            "disk",
            Health::Good,
            format!(
                "takes {} MiB; an fsync takes {micros} us",
                PROBE_BYTES / (1024 * 1024)
            ),
        ),
        Err(error) => Check::new(
            "disk",
            Health::Bad,
            format!("cannot take {PROBE_BYTES} bytes: {error}"),
        ),
    }
}

fn probe(path: &Path, edge: &Edge) -> std::io::Result<u64> {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path)?;
    file.write_all(&vec![0; PROBE_BYTES])?;
    file.sync_all()?;
    let started = edge.clock.monotonic_micros();
    file.write_all(&[0; 4096])?;
    file.sync_data()?;
    Ok(edge.clock.monotonic_micros().saturating_sub(started))
}
