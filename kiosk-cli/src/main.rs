//! `kiosk`: one gate device on the command line. Commands convert and delegate to `scanner-core`.
//!
//! Invariants: stdout carries answers and nothing else (one line per scan, flushed at once);
//! explanations and logs go to stderr; the exit code is part of the contract (`error`).

mod camera;
mod chips;
mod cli;
mod commands;
mod error;
mod hooks;
mod run;
mod stick;
mod talk;
mod ui;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use cli::Cli;
use error::Exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap knows which of its texts go to stdout; a closed pipe is no reason to panic.
            let _printed = error.print();
            let asked_for = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            let exit = if asked_for { Exit::Done } else { Exit::Usage };
            return exit.into();
        }
    };
    let full_screen = matches!(cli.command, cli::Command::Run(_));
    ui::log_to_stderr(cli.verbose, full_screen);
    match commands::run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            ui::complain(&failure);
            failure.exit().into()
        }
    }
}
