//! The command line, as clap reads it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use scanner_core::{Answer, GOSSIP_PORT, PeerAddress};

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
    /// For rehearsals: as if this machine's clock were so far ahead
    #[arg(
        long,
        global = true,
        hide = true,
        default_value_t = 0,
        allow_negative_numbers = true,
        value_name = "SECONDS"
    )]
    pub(crate) clock_offset: i64,
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
    /// Exchange with other devices on the venue's network, and with the server
    Gossip(Gossip),
    /// Decide about codes: one a line on stdin, or pictures of them
    Scan(Scan),
    /// The full-screen gate: scan, sync and gossip together, until it is ended
    Run(Run),
    /// Show snapshot, entries, what waits for upload, peers and clock
    Status(Plain),
    /// Find a ticket by its holder's name or its serial
    Search(Search),
    /// Let a guest in against the rules, on a supervisor's PIN
    Force(Force),
    /// Take back the latest entry or exit of a ticket, on a supervisor's PIN
    Undo(Undo),
    /// Allow typed codes again after too many wrong ones, on a supervisor's PIN
    Unlock(Plain),
    /// Examine data, chains, signatures, clock and disk
    Doctor(Plain),
    /// Write all entries as JSON lines
    Export(Export),
    /// Take entries from device to device in a file, where there is no network
    Carry(Carry),
    /// After the event: put all entries into a file and clear this device
    Archive(Archive),
}

#[derive(Debug, Args)]
pub(crate) struct Enrol {
    /// The enrolment link, or the code from it
    #[arg(value_name = "LINK|CODE", required_unless_present = "from")]
    pub(crate) invitation: Option<String>,
    /// Read it from this file, or from gatehouse-enrol.txt in this directory or
    /// below; the file is removed when its code is used
    #[arg(long, value_name = "DIR|FILE", conflicts_with = "invitation")]
    pub(crate) from: Option<PathBuf>,
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

/// How this device finds others, and lets itself be found.
#[derive(Clone, Debug, Args)]
pub(crate) struct Peers {
    /// Where to take calls from other devices
    #[arg(long, value_name = "ADDR:PORT", default_value_t = SocketAddr::from(([0, 0, 0, 0], GOSSIP_PORT)))]
    pub(crate) listen: SocketAddr,
    /// Only call others, take no calls
    #[arg(long, conflicts_with = "listen")]
    pub(crate) no_listen: bool,
    /// A device to call: host:port, or the link that another device shows
    #[arg(long = "peer", value_name = "ADDR")]
    pub(crate) seeds: Vec<PeerAddress>,
    /// Neither look for devices by multicast nor call out to them
    #[arg(long)]
    pub(crate) no_multicast: bool,
}

/// Devices need no server to agree: each passes on what the other lacks. Runs beside `kiosk scan` of
/// the same data directory, until it is stopped. `kiosk run` does all of this itself.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that a person gives or leaves out"
)]
pub(crate) struct Gossip {
    #[command(flatten)]
    pub(crate) peers: Peers,
    /// Leave the server alone
    #[arg(long)]
    pub(crate) no_server: bool,
    /// Pause between exchanges with the server
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) every: u64,
    /// Exchange with each device once, then end; exit code 5 when nobody was reached
    #[arg(long)]
    pub(crate) once: bool,
    /// Show this device's address as a QR code as well
    #[arg(long, conflicts_with = "json")]
    pub(crate) qr: bool,
    /// Print one JSON object for each event
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Direction {
    In,
    Out,
}

impl From<Direction> for scanner_core::Direction {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::In => Self::In,
            Direction::Out => Self::Out,
        }
    }
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
    /// Read codes from a camera: a device such as /dev/video0, which ffmpeg reads,
    /// or a shell command that writes JPEG after JPEG to stdout
    #[arg(long, value_name = "DEVICE|CMD", num_args = 0..=1, default_missing_value = "/dev/video0", conflicts_with = "image")]
    pub(crate) camera: Option<String>,
    /// Read wristbands and cards at a chip reader: the one of this name, or the only one
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["image", "camera"])]
    pub(crate) reader: Option<String>,
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
pub(crate) struct Run {
    /// The gate to decide for, by name or id; the device's own if not given
    #[arg(long, value_name = "GATE")]
    pub(crate) gate: Option<String>,
    /// Which way the guests go
    #[arg(long, value_enum, default_value_t = Direction::In)]
    pub(crate) direction: Direction,
    /// Run this shell command after each admission, for example to open a turnstile
    #[arg(long, value_name = "CMD")]
    pub(crate) on_admit: Option<String>,
    /// Run this shell command after each admission with a label as JSON on stdin,
    /// to print a badge or a wristband
    #[arg(long, value_name = "CMD")]
    pub(crate) print: Option<String>,
    /// Read codes from a camera as well: a device such as /dev/video0, or a shell
    /// command that writes JPEG after JPEG to stdout
    #[arg(long, value_name = "DEVICE|CMD", num_args = 0..=1, default_missing_value = "/dev/video0")]
    pub(crate) camera: Option<String>,
    /// Read wristbands and cards at a chip reader as well: the one of this name, or the only one
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    pub(crate) reader: Option<String>,
    /// While this device is not enrolled, wait for gatehouse-enrol.txt here or below
    #[arg(long, value_name = "DIR")]
    pub(crate) enrol_from: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) peers: Peers,
    /// Talk with the server only, not with other devices
    #[arg(long, conflicts_with_all = ["listen", "no_listen", "seeds", "no_multicast"])]
    pub(crate) no_peers: bool,
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

/// The PIN is asked for; or it is the next line of stdin, or in `KIOSK_PIN`. It is never an argument:
/// those are for everybody to see.
#[derive(Debug, Args)]
pub(crate) struct Force {
    /// The ticket's serial or code; - reads it from the first line of stdin
    #[arg(value_name = "SERIAL|CODE|-")]
    pub(crate) ticket: String,
    /// The gate to decide for, by name or id; the device's own if not given
    #[arg(long, value_name = "GATE")]
    pub(crate) gate: Option<String>,
    /// Which way the guest goes
    #[arg(long, value_enum, default_value_t = Direction::In)]
    pub(crate) direction: Direction,
    /// Run this shell command when the guest was let in, for example to open a turnstile
    #[arg(long, value_name = "CMD")]
    pub(crate) on_admit: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// The PIN is asked for; or it is the next line of stdin, or in `KIOSK_PIN`.
#[derive(Debug, Args)]
pub(crate) struct Undo {
    /// The ticket's serial or code; - reads it from the first line of stdin
    #[arg(value_name = "SERIAL|CODE|-")]
    pub(crate) ticket: String,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Write here and not to stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Write the file here, take it to the other device on a stick, and take it up there. What is taken
/// up is checked like what comes over a network, so it does not matter who carried it. It may be
/// done while `kiosk run` runs, and again.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("way").required(true))]
pub(crate) struct Carry {
    /// Write all entries, the keys and the ticket list to this file
    #[arg(long, value_name = "FILE", group = "way")]
    pub(crate) to: Option<PathBuf>,
    /// Take up what this file has and this device lacks
    #[arg(long, value_name = "FILE", group = "way", conflicts_with = "no_list")]
    pub(crate) from: Option<PathBuf>,
    /// Leave out the ticket list, which may have the guests' names
    #[arg(long)]
    pub(crate) no_list: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// The organizer has signed off the event first. The file holds all entries with their signatures, for
/// `server audit verify`, and no guest's name. It is read back before anything goes; then key, entries
/// and guests' names leave this device, and it can be enrolled anew. Stop `kiosk run` and what else
/// works with the data before.
#[derive(Debug, Args)]
pub(crate) struct Archive {
    /// The file to write; one that is there already is spared
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
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
