//! `kiosk enrol`

use std::io::Write as _;
use std::path::Path;

use scanner_core::{Edge, Invitation, Kind, enrol, install_tls};

use super::write_json;
use crate::cli::Enrol;
use crate::error::{Exit, Failure};

pub(super) fn run(data: &Path, args: &Enrol) -> Result<Exit, Failure> {
    install_tls();
    let invitation = Invitation::parse(&args.invitation, args.server.as_deref())?;
    let report = enrol(data, &invitation, &Edge::system()).map_err(|error| match error.kind() {
        Kind::Unreachable => Failure::NoServer(error),
        _ => Failure::Core(error),
    })?;
    let mut out = std::io::stdout().lock();
    if args.json {
        write_json(&mut out, &report)?;
        return Ok(Exit::Done);
    }
    writeln!(
        out,
        "Enrolled as {} for {}, {}.",
        report.device_name, report.event_title, report.gate_name
    )?;
    writeln!(
        out,
        "Compare with the organizer's screen: {}",
        report.transcript_code
    )?;
    if !report.pinned {
        writeln!(
            out,
            "The code carried no keys to check against: these digits are the only proof."
        )?;
    }
    match (&report.sync, &report.sync_error) {
        (Some(sync), _) => match sync.snapshot_version {
            Some(version) => writeln!(out, "Ready: ticket list version {version}.")?,
            None => writeln!(
                out,
                "The event has published no ticket list yet: run `kiosk sync` later."
            )?,
        },
        (None, Some(why)) => writeln!(out, "The first sync failed ({why}): run `kiosk sync`.")?,
        (None, None) if report.awaiting_confirmation => writeln!(
            out,
            "The organizer has to confirm this device by those digits. Then run `kiosk sync`."
        )?,
        (None, None) => {}
    }
    Ok(Exit::Done)
}
