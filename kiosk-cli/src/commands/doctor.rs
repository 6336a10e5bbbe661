//! `kiosk doctor`

use std::io::Write as _;
use std::path::Path;

use scanner_core::{Health, examine};

use super::{edge, write_json};
use crate::cli::Plain;
use crate::error::{Exit, Failure};

pub(super) fn run(data: &Path, args: &Plain) -> Result<Exit, Failure> {
    let checks = examine(data, &edge());
    let mut out = std::io::stdout().lock();
    for check in &checks {
        if args.json {
            write_json(&mut out, check)?;
            continue;
        }
        let shape = match check.health {
            Health::Good => "✔",
            Health::Doubtful => "✋",
            Health::Bad => "✖",
        };
        writeln!(out, "{shape} {:<10} {}", check.name, check.finding)?;
    }
    let bad = |name: &str| {
        checks
            .iter()
            .any(|check| check.health == Health::Bad && (name.is_empty() || check.name == name))
    };
    Ok(match (bad("enrolment"), bad("")) {
        (true, _) => Exit::NotEnrolled,
        (false, true) => Exit::Unreadable,
        (false, false) => Exit::Done,
    })
}
