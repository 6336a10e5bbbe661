//! `kiosk carry`

use std::io::Write;
use std::path::Path;

use scanner_core::{CarriedIn, CarriedList, CarriedOut, carry_from, carry_to};

use super::{edge, write_json};
use crate::cli::Carry;
use crate::error::{Exit, Failure};
use crate::ui::many;

pub(super) fn run(data: &Path, args: &Carry) -> Result<Exit, Failure> {
    let mut out = std::io::stdout().lock();
    if let Some(path) = &args.to {
        let report = carry_to(data, &edge(), path, !args.no_list)?;
        if args.json {
            write_json(&mut out, &report)?;
        } else {
            tell_written(&mut out, &report, path)?;
        }
        out.flush()?;
        return Ok(Exit::Done);
    }
    let Some(path) = &args.from else {
        return Err(Failure::Usage("give --to or --from".to_owned()));
    };
    let report = carry_from(data, &edge(), path)?;
    if args.json {
        write_json(&mut out, &report)?;
    } else {
        tell_taken(&mut out, &report)?;
    }
    out.flush()?;
    // As with a sync: what came is stored, and a script should look at what did not.
    Ok(if report.refused.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn tell_written(out: &mut impl Write, of: &CarriedOut, path: &Path) -> std::io::Result<()> {
    writeln!(
        out,
        "Written: {} of {}, {} bytes.",
        entries(of.entries),
        many(of.devices as u64, "device"),
        of.bytes
    )?;
    match of.list {
        CarriedList::Version(version) => {
            writeln!(
                out,
                "With ticket list version {version}, which may have guests' names."
            )?;
        }
        CarriedList::Missing => writeln!(out, "Without a ticket list: there is none here.")?,
        CarriedList::LeftOut => writeln!(out, "Without the ticket list.")?,
        CarriedList::TooLarge => writeln!(
            out,
            "Attention: without the ticket list, which would make the file too large."
        )?,
    }
    writeln!(
        out,
        "On the other device: kiosk carry --from {}",
        path.file_name().unwrap_or_default().to_string_lossy()
    )
}

fn tell_taken(out: &mut impl Write, of: &CarriedIn) -> std::io::Result<()> {
    writeln!(
        out,
        "Written by {} at {}: {}, of which {} new here.",
        of.writer,
        of.written_at,
        entries(of.entries),
        of.new
    )?;
    for from in &of.devices {
        write!(out, "  {}: {} new", from.device, from.entries)?;
        match from.quarantined {
            0 => writeln!(out)?,
            apart => writeln!(out, ", {apart} of them count for nothing")?,
        }
    }
    match of.list_version {
        Some(version) => writeln!(out, "Ticket list version {version} is in use now.")?,
        None if of.trust_changed => writeln!(out, "Keys or list of devices are newer now.")?,
        None => {}
    }
    for not in &of.refused {
        writeln!(
            out,
            "Attention: not taken of {}, from entry {} of its log {} on: {}",
            not.device, not.from_seq, not.log, not.why
        )?;
    }
    for notice in &of.notices {
        writeln!(out, "Attention: {notice}")?;
    }
    Ok(())
}

fn entries(count: u64) -> String {
    if count == 1 {
        "1 entry".to_owned()
    } else {
        format!("{count} entries")
    }
}
