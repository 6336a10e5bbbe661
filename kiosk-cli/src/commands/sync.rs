//! `kiosk sync`

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use scanner_core::{SyncReport, Syncer, install_tls};

use super::{edge, write_json};
use crate::cli::Sync;
use crate::error::{Exit, Failure};
use crate::ui;

pub(super) fn run(data: &Path, args: &Sync) -> Result<Exit, Failure> {
    install_tls();
    let mut syncer = Syncer::open(data, edge())?;
    let mut transport = syncer.http()?;
    loop {
        let outcome = syncer.run(&mut transport).map_err(Failure::from);
        match (outcome, args.every) {
            (Ok(report), every) => {
                show(&report, args.json)?;
                if every.is_none() {
                    return Ok(if report.refused.is_empty() {
                        Exit::Done
                    } else {
                        Exit::Failed
                    });
                }
            }
            (Err(failure), None) => return Err(failure),
            // The next exchange may find the network again.
            (Err(failure), Some(_)) => ui::complain(&failure),
        }
        std::thread::sleep(Duration::from_secs(args.every.unwrap_or(1)));
    }
}

fn show(report: &SyncReport, json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if json {
        write_json(&mut out, report)?;
        out.flush()?;
        return Ok(());
    }
    match report.snapshot_version {
        Some(version) => writeln!(
            out,
            "Ticket list version {version}, {} segments fetched.",
            report.segments
        )?,
        None => writeln!(out, "The event has published no ticket list yet.")?,
    }
    writeln!(
        out,
        "Entries: {} sent, {} received, {} still to send.",
        report.sent, report.received, report.pending
    )?;
    for line in report.warnings.iter().chain(&report.refused) {
        writeln!(out, "Attention: {line}")?;
    }
    out.flush()?;
    Ok(())
}
