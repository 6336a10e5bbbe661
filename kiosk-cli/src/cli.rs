//! The command line, as clap reads it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use scanner_core::Answer;

/// Admits guests at a gate, with or without a network.
#[derive(Debug, Parser)]
#[command(name = "kiosk", version, max_term_width = 80, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// Where this device keeps its key, tickets and log
    #[arg(
        long,
        global = true,
        env = "KIOSK_DATA",
        hide_env_values = true,
        default_value = "kiosk-data",
        value_name = "DIR"
    )]
    pub(crate) data: PathBuf,
    /// Say more on stderr; twice for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 usage, 3 not enrolled, \
                          4 data unreadable, 5 no peer reachable.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make this data directory a device of an event
    Enrol(Enrol),
    /// Exchange with the server: tickets in, entries both ways
    Sync(Sync),
    /// Decide about codes: one a line on stdin, or pictures of them
    Scan(Scan),
    /// Show snapshot, entries, what waits for upload, peers and clock
    Status(Plain),
    /// Find a ticket by its holder's name or its serial
    Search(Search),
    /// Examine data, chains, signatures, clock and disk
    Doctor(Plain),
    /// Write all entries as JSON lines
    Export(Export),
}

#[derive(Debug, Args)]
pub(crate) struct Enrol {
    /// The enrolment link, or the code from it
    #[arg(value_name = "LINK|CODE")]
    pub(crate) invitation: String,
    /// The server's address; needed with a bare code
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// One exchange, then end: the default
    #[arg(long, conflicts_with = "every")]
    pub(crate) once: bool,
    /// Go on, with this pause between exchanges
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) every: Option<u64>,
    /// Print one JSON object for each exchange
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Direction {
    In,
    Out,
}

#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    /// The gate to decide for, by name or id; the device's own if not given
    #[arg(long, value_name = "GATE")]
    pub(crate) gate: Option<String>,
    /// Which way the guest goes
    #[arg(long, value_enum, default_value_t = Direction::In)]
    pub(crate) direction: Direction,
    /// Read codes from PNG or JPEG pictures and not from stdin
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) image: Vec<PathBuf>,
    /// Run this shell command after each admission, for example to open a turnstile
    #[arg(long, value_name = "CMD")]
    pub(crate) on_admit: Option<String>,
    /// The human step that an attention verdict asks for (an ID looked at) has been done
    #[arg(long)]
    pub(crate) confirmed: bool,
    /// What the guest says to a question of the event; for each question once
    #[arg(long = "answer", value_name = "QUESTION=ANSWER", value_parser = answer)]
    pub(crate) answers: Vec<Answer>,
}

fn answer(text: &str) -> Result<Answer, &'static str> {
    let (question, value) = text
        .split_once('=')
        .ok_or("must be the question's id, =, and the answer")?;
    Ok(Answer {
        question: question.to_owned(),
        value: value.to_owned(),
    })
}

#[derive(Debug, Args)]
pub(crate) struct Plain {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// At least four characters of the name, or of the serial with leading zeros
    #[arg(value_name = "QUESTION", required = true, num_args = 1..)]
    pub(crate) question: Vec<String>,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Write here and not to stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        let command = super::Cli::command();
        assert_eq!(command.get_name(), "kiosk");
        command.debug_assert();
    }
}
