//! What may be typed, and which command answers it.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::{admin, audit, backup, demo, journal, keys, serve};
use crate::config::{Config, ConfigError, Overrides};
use crate::platform::db::Db;
use crate::platform::lifecycle;
use crate::{config, router};

/// Gatehouse: events, tickets, and gates that work without a network.
#[derive(Debug, Parser)]
#[command(name = "server", version, args_conflicts_with_subcommands = false)]
struct Arguments {
    /// Where the server keeps its files [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Configuration file [default: gatehouse.toml in the data directory]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address to listen on; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// File to write the bound address to once requests are answered
    #[arg(long, global = true, value_name = "PATH")]
    addr_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve (what happens without a command)
    Serve,
    /// Serve on a fresh, temporary data set and say what to try
    Demo(demo::DemoArguments),
    /// Check the configuration and show what is in effect
    CheckConfig,
    /// Bring the database to the present schema
    Migrate,
    /// Print the API description
    Openapi,
    /// Look at the keys that the server holds
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Check what the gates of an event did
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Check who did what on this server
    #[command(subcommand)]
    Journal(journal::JournalCommand),
    /// Administrators
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// Copy the database and its wrapped keys to a new directory, while the server runs
    Backup(backup::BackupArguments),
    /// Put a backup back in place, while the server does not run
    Restore(backup::RestoreArguments),
}

/// Runs the process.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let usage = error.is::<ConfigError>();
            tell(&format!("error: {error:#}"));
            if usage {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let overrides = Overrides {
        listen: arguments.listen,
        data_dir: arguments.data,
        file: arguments.config,
    };
    let command = arguments.command.unwrap_or(Command::Serve);
    match command {
        Command::Openapi => print(&router::openapi_json()),
        Command::Demo(demo) => demo::run(overrides, &demo, arguments.addr_file),
        Command::Serve => serve::run(load(&overrides)?, arguments.addr_file),
        Command::CheckConfig => print(&config::report(&load(&overrides)?)),
        Command::Migrate => migrate(&load(&overrides)?),
        Command::Keys(command) => keys::run(load(&overrides)?, &command),
        Command::Audit(command) => audit::run(&command),
        Command::Journal(command) => journal::run(|| load(&overrides), command),
        Command::Admin(command) => admin::run(load(&overrides)?, command),
        Command::Backup(arguments) => backup::backup(&load(&overrides)?, &arguments),
        Command::Restore(arguments) => backup::restore(&load(&overrides)?, &arguments),
    }
}

fn load(overrides: &Overrides) -> Result<Config, ConfigError> {
    config::load(overrides)
}

fn migrate(config: &Config) -> anyhow::Result<()> {
    lifecycle::create_private_dir(&config.data_dir)?;
    block_on(async {
        let db = Db::open(config.effective_database_url().reveal()).await?;
        let backend = db.backend_name();
        db.close().await;
        tell(&format!("{backend}: the schema is up to date"));
        Ok(())
    })
}

/// Runs a command that needs no server.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

/// What the command was asked for.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// For the person who looks on.
pub(super) fn tell(text: &str) {
    // Nobody is there to be told that nobody is there.
    writeln!(std::io::stderr().lock(), "{text}").ok();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        // N6
        Arguments::command().debug_assert();
    }

    #[test]
    fn serve_is_the_default_and_options_go_anywhere() {
        // N6
        for line in [
            "server --listen 127.0.0.1:0 --data d",
            "server serve --listen 127.0.0.1:0 --data d",
            "server --data d demo --json --listen 127.0.0.1:0",
        ] {
            let arguments = Arguments::try_parse_from(line.split(' ')).expect(line);
            assert_eq!(
                arguments.listen,
                Some(SocketAddr::from(([127, 0, 0, 1], 0)))
            );
            assert_eq!(arguments.data, Some(PathBuf::from("d")));
        }
    }
}
