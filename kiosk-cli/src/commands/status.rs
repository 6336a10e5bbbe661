//! `kiosk status`

use std::io::Write as _;
use std::path::Path;

use scanner_core::{Archived, Counts, Freshness, ListCounts, Overrides, Status, archived};
use serde::Serialize;

use super::{open, write_json};
use crate::cli::Plain;
use crate::error::{Exit, Failure};
use crate::ui::{conflict, duration};

/// All that there is to tell of a device whose data are in a file.
#[derive(Serialize)]
struct Gone {
    archived: Archived,
}

pub(super) fn run(data: &Path, args: &Plain) -> Result<Exit, Failure> {
    if args.json
        && let Some(archived) = archived(data)?
    {
        // Scripts hear of it where they look; the words follow on stderr, with the exit code.
        let mut out = std::io::stdout().lock();
        write_json(&mut out, &Gone { archived })?;
        out.flush()?;
    }
    let mut scanner = open(data)?;
    let all = All {
        status: scanner.status()?,
        guests: scanner.count_list()?,
    };
    let mut out = std::io::stdout().lock();
    if args.json {
        write_json(&mut out, &all)?;
    } else {
        out.write_all(told(&all).as_bytes())?;
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct All {
    #[serde(flatten)]
    status: Status,
    guests: ListCounts,
}

/// How many have come; of each class where there are several.
fn guests(counts: &ListCounts) -> Vec<String> {
    let list = counts.list.as_ref();
    let list = list.map_or_else(String::new, |list| format!(" on the list {list}"));
    let all = &counts.all;
    let mut lines = vec![format!(
        "Guests    {} of {} have come{list}, {} are inside",
        all.entered, all.tickets, all.inside
    )];
    if counts.classes.len() > 1 {
        lines.extend(counts.classes.iter().map(|of| {
            let Counts {
                tickets,
                entered,
                inside,
            } = of.counts;
            format!(
                "          {}: {entered} of {tickets}, {inside} inside",
                of.class
            )
        }));
    }
    lines
}

/// The server, the devices that are linked, and who has a copy of this one's log.
fn peers(status: &Status) -> Vec<String> {
    let mut lines: Vec<String> = status
        .peers
        .iter()
        .map(|peer| {
            if let Some(name) = &peer.name {
                return format!("Peer      {name} ({})", peer.address);
            }
            let state = match (&peer.last_error, peer.connected) {
                (Some(error), _) => error.as_str(),
                (None, true) => "connected",
                (None, false) => "not heard lately",
            };
            format!("Server    {}: {state}", peer.address)
        })
        .collect();
    if let Some(copies) = &status.copies {
        lines.push(format!(
            "Copies    {} devices have all of this log, {} of its entries are here only",
            copies.devices, copies.uncopied
        ));
    }
    if let Some(at) = &status.listening {
        lines.push(format!("Calls     others can call this device at {at}"));
    }
    lines
}

/// Tickets by which more came in than may, where this device let one in.
fn conflicts(status: &Status) -> impl Iterator<Item = String> {
    let own = status.conflicts.iter().filter(|of| of.mine);
    own.map(|of| format!("Attention {}", conflict(of, |at| at.to_string())))
}

fn told(all: &All) -> String {
    let status = &all.status;
    let mut lines = vec![
        format!("Event     {}", status.event.title),
        format!("Device    {}, {}", status.device.name, status.gate.name),
    ];
    lines.push(match &status.snapshot {
        None => "Tickets   no list yet: run `kiosk sync`".to_owned(),
        Some(of) => {
            let age = duration(of.age_secs);
            let word = match of.freshness {
                Freshness::Fresh => "fresh",
                Freshness::Amber => "getting old",
                Freshness::Red => "too old, nobody is admitted by it",
            };
            format!("Tickets   version {}, {age} old ({word})", of.version)
        }
    });
    lines.push(format!(
        "Entries   {} here, {} of others, {} to send",
        status.entries, status.entries_of_others, status.pending
    ));
    lines.extend(guests(&all.guests));
    let overrides = &status.overrides;
    if *overrides != Overrides::default() {
        lines.push(format!(
            "By word   {} forced, {} taken back, {} by typed code",
            overrides.forced, overrides.undone, overrides.typed
        ));
    }
    lines.extend(peers(status));
    lines.push(match status.clock.offset_ms {
        Some(offset) if status.clock.unsure => format!("Clock     wrong by {offset} ms: set it"),
        Some(offset) => format!("Clock     within {} ms of the server", offset.abs()),
        None => "Clock     never compared".to_owned(),
    });
    if let Some(offset) = status.clock.crowd_offset_ms {
        lines.push(format!(
            "Attention this clock is {} s behind the guests' phones: set it; until then the moment of \
             turning codes is not judged",
            offset / 1000
        ));
    }
    if let Some(digits) = &status.unconfirmed {
        lines.push(format!(
            "Attention the organizer must confirm this device: its six digits are {digits}"
        ));
    }
    if status.evicted {
        lines.push("Attention this device was evicted: it admits nobody".to_owned());
    }
    lines.extend(conflicts(status));
    for notice in &status.notices {
        lines.push(format!("Attention {}", notice.text));
    }
    lines.extend(status.cuts.iter().map(|cut| format!("Attention {cut}")));
    if status.contradicted > 0 {
        lines.push(format!(
            "Attention {} entries of other devices claim scans that this device's list does not bear out",
            status.contradicted
        ));
    }
    for why in &status.refused {
        lines.push(format!("Attention the server refuses {why}"));
    }
    lines.join("\n") + "\n"
}
