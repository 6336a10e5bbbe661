//! `kiosk archive`

use std::io::Write;
use std::path::Path;

use scanner_core::{ArchiveReport, archive_to, install_tls};

use super::{edge, write_json};
use crate::cli::Archive;
use crate::error::{Exit, Failure};
use crate::ui::many;

pub(super) fn run(data: &Path, args: &Archive) -> Result<Exit, Failure> {
    install_tls();
    let report = archive_to(data, &edge(), &args.to)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        write_json(&mut out, &report)?;
    } else {
        tell(&mut out, &report)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn tell(out: &mut impl Write, of: &ArchiveReport) -> std::io::Result<()> {
    let archived = &of.archived;
    writeln!(
        out,
        "Archived: {} entries of {}, {} bytes, signed off by checkpoint {}.",
        archived.entries,
        many(of.devices as u64, "device"),
        of.bytes,
        archived.checkpoint
    )?;
    writeln!(out, "  {}", archived.file)?;
    writeln!(out, "  BLAKE3 {}", archived.hash)?;
    for finding in &of.findings {
        writeln!(out, "An auditor will ask about this: {finding}")?;
    }
    writeln!(
        out,
        "Key, entries and guests' names are no longer on this device. To use it again: kiosk enrol"
    )
}
