//! One file per command. Each takes its arguments and gives an exit code.

mod doctor;
mod enrol;
mod export;
mod images;
mod lines;
mod scan;
mod search;
mod status;
mod sync;

use std::io::Write;
use std::path::Path;

use scanner_core::{Edge, Scanner};
use serde::Serialize;

use crate::cli::{Cli, Command};
use crate::error::{Exit, Failure};

pub(crate) fn run(cli: Cli) -> Result<Exit, Failure> {
    let data = &cli.data;
    match cli.command {
        Command::Enrol(args) => enrol::run(data, &args),
        Command::Sync(args) => sync::run(data, &args),
        Command::Scan(args) => scan::run(data, &args),
        Command::Run(args) => crate::run::run(data, &args),
        Command::Status(args) => status::run(data, &args),
        Command::Search(args) => search::run(data, &args),
        Command::Doctor(args) => doctor::run(data, &args),
        Command::Export(args) => export::run(data, &args),
    }
}

fn open(data: &Path) -> Result<Scanner, Failure> {
    Scanner::open(data, Edge::system())?.ok_or(Failure::NotEnrolled)
}

/// One JSON object on a line of its own.
fn write_json(out: &mut impl Write, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, value).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}
