//! One file per command. Each takes its arguments and gives an exit code.

mod archive;
mod carry;
mod doctor;
mod enrol;
mod export;
mod gossip;
mod images;
mod lines;
mod scan;
mod search;
mod status;
mod supervise;
mod sync;

use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;

use scanner_core::{Edge, Scanner};
use serde::Serialize;

use crate::cli::{Cli, Command};
use crate::error::{Exit, Failure};

/// Set once, before any command runs.
static CLOCK_AHEAD_SECS: OnceLock<i64> = OnceLock::new();

pub(crate) fn run(cli: Cli) -> Result<Exit, Failure> {
    let data = &cli.data;
    CLOCK_AHEAD_SECS.get_or_init(|| cli.clock_offset);
    match cli.command {
        Command::Enrol(args) => enrol::run(data, &args),
        Command::Sync(args) => sync::run(data, &args),
        Command::Gossip(args) => gossip::run(data, &args),
        Command::Scan(args) => scan::run(data, &args),
        Command::Run(args) => crate::run::run(data, &args),
        Command::Status(args) => status::run(data, &args),
        Command::Search(args) => search::run(data, &args),
        Command::Force(args) => supervise::force(data, &args),
        Command::Undo(args) => supervise::undo(data, &args),
        Command::Unlock(args) => supervise::unlock(data, &args),
        Command::Doctor(args) => doctor::run(data, &args),
        Command::Export(args) => export::run(data, &args),
        Command::Carry(args) => carry::run(data, &args),
        Command::Archive(args) => archive::run(data, &args),
    }
}

fn open(data: &Path) -> Result<Scanner, Failure> {
    Scanner::open(data, edge())?.ok_or(Failure::NotEnrolled)
}

/// The real world, or a rehearsal's.
pub(crate) fn edge() -> Edge {
    match CLOCK_AHEAD_SECS.get() {
        None | Some(0) => Edge::system(),
        Some(secs) => Edge::ahead_by(*secs),
    }
}

/// One JSON object on a line of its own.
fn write_json(out: &mut impl Write, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, value).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}
