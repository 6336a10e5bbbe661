//! `kiosk enrol`

use std::io::Write as _;
use std::path::Path;

use scanner_core::{Invitation, Kind, enrol, install_tls};

use super::{edge, write_json};
use crate::cli::Enrol;
use crate::error::{Exit, Failure};
use crate::{stick, ui};

pub(super) fn run(data: &Path, args: &Enrol) -> Result<Exit, Failure> {
    install_tls();
    let server = args.server.as_deref();
    let edge = edge();
    let outcome = if let Some(from) = &args.from {
        let path = stick::find(from).ok_or_else(|| {
            Failure::Usage(format!(
                "there is no {} in {} or below",
                stick::FILE_NAME,
                from.display()
            ))
        })?;
        stick::enrol_with(&path, server, |of| enrol(data, of, &edge))
    } else {
        let invitation = args.invitation.as_deref().unwrap_or_default();
        let invitation = Invitation::parse(invitation, server)?;
        let report = enrol(data, &invitation, &edge).map_err(Failure::Core);
        report.map(|report| (report, None))
    };
    let (report, left) = outcome.map_err(|failure| match failure {
        Failure::Core(error) if error.kind() == Kind::Unreachable => Failure::NoServer(error),
        failure => failure,
    })?;
    if let Some(left) = left {
        ui::complain(&Failure::Usage(left));
    }
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
