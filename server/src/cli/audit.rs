//! `server audit …`.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use clap::Subcommand;
use shared::audit::{Auditor, LINE_BYTES_MAX, Report};
use shared::trust::RootPin;
use shared::trust::enrolment::parse_pin;

use super::lines;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Check every signature and chain of a bundle from `GET /events/{id}/audit`; needs no server.
    /// Exit code 1 when something does not hold
    Verify {
        /// The bundle
        file: PathBuf,
        /// The root to trust: 32 hex digits, or the `r=` part of an enrolment link. Without it the
        /// bundle's own first root is believed
        #[arg(long, value_name = "PIN", value_parser = pin)]
        root: Option<RootPin>,
        /// One JSON object instead of text
        #[arg(long)]
        json: bool,
    },
}

fn pin(text: &str) -> Result<RootPin, &'static str> {
    parse_pin(text).ok_or("not a root pin")
}

pub(super) fn run(command: &AuditCommand) -> anyhow::Result<()> {
    let AuditCommand::Verify { file, root, json } = command;
    let report = verify(file, *root)?;
    if *json {
        super::print(&format!("{}\n", serde_json::to_string(&report)?))?;
    } else {
        super::print(&report.to_string())?;
    }
    let found = report.findings.len() as u64 + report.more_findings;
    ensure!(report.is_clean(), "the audit found {found} faults");
    Ok(())
}

fn verify(file: &Path, root: Option<RootPin>) -> anyhow::Result<Report> {
    let mut auditor = Auditor::new(root);
    lines::each(file, "an audit bundle", LINE_BYTES_MAX, |line| {
        auditor.line(line);
    })?;
    Ok(auditor.finish())
}
