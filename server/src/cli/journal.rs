//! `server journal …`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::ensure;
use clap::Subcommand;
use shared::journal::{Expected, LINE_BYTES_MAX, Report, Verifier};

use super::lines;
use crate::app::App;
use crate::config::{Config, ConfigError};
use crate::platform::clock::SystemClock;
use crate::platform::entropy::SystemEntropy;
use crate::trail;

#[derive(Debug, Subcommand)]
pub(super) enum JournalCommand {
    /// Check every entry and seal, of an export or of the database; names what was altered, removed,
    /// inserted or moved. Exit code 1 when something does not hold
    Verify {
        /// What `GET /api/v1/journal/export` gave; without it the database is read
        file: Option<PathBuf>,
        /// The key to trust, in hex [default: the database's own; an export's first]
        #[arg(long)]
        key: Option<String>,
        /// A seal that was seen before, as `GET /api/v1/journal/head` or the log told it
        #[arg(long, value_name = "NUMBER:HASH", value_parser = expected)]
        expect: Option<Expected>,
        /// One JSON object instead of text
        #[arg(long)]
        json: bool,
    },
}

fn expected(text: &str) -> Result<Expected, &'static str> {
    let parsed = text.split_once(':').and_then(|(number, hash)| {
        Some(Expected {
            number: number.parse().ok()?,
            hash: hash.to_owned(),
        })
    });
    parsed.ok_or("not NUMBER:HASH")
}

/// `load` is asked only where the database is.
pub(super) fn run(
    load: impl FnOnce() -> Result<Config, ConfigError>,
    command: JournalCommand,
) -> anyhow::Result<()> {
    let JournalCommand::Verify {
        file,
        key,
        expect,
        json,
    } = command;
    let report = match file {
        Some(file) => of_export(&file, Verifier::new(key, expect))?,
        None => of_database(load()?, key, expect)?,
    };
    if json {
        super::print(&format!("{}\n", serde_json::to_string(&report)?))?;
    } else {
        super::print(&report.to_string())?;
    }
    let found = report.faults.len() as u64 + report.more_faults;
    ensure!(report.is_clean(), "the journal has {found} faults");
    Ok(())
}

fn of_database(
    config: Config,
    key: Option<String>,
    expected: Option<Expected>,
) -> anyhow::Result<Report> {
    super::block_on(async {
        let app = App::start(config, Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
        let key = key.unwrap_or_else(|| trail::public_key(&app.vault));
        let report = trail::check(&app.db, Some(key), expected).await;
        app.db.close().await;
        Ok(report?)
    })
}

fn of_export(file: &Path, mut verifier: Verifier) -> anyhow::Result<Report> {
    lines::each(file, "a journal", LINE_BYTES_MAX, |line| {
        verifier.line(line);
    })?;
    Ok(verifier.finish())
}
