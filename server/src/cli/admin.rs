//! `server admin …`.

use std::io::{BufRead as _, IsTerminal as _};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use shared::api::accounts::{RegisterRequest, Role};

use super::tell;
use crate::accounts;
use crate::app::App;
use crate::config::Config;
use crate::platform::clock::SystemClock;
use crate::platform::entropy::SystemEntropy;
use crate::platform::journal::Actor;

#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// Make an administrator; the password is the first line of stdin
    Create {
        #[arg(long)]
        email: String,
        #[arg(long)]
        username: String,
    },
}

pub(super) fn run(config: Config, command: AdminCommand) -> anyhow::Result<()> {
    let AdminCommand::Create { email, username } = command;
    let request = RegisterRequest {
        email,
        username,
        password: password()?,
    };
    super::block_on(async {
        let app = App::start(config, Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
        let made =
            accounts::register::create(&app, request, Role::Admin, Some(Actor::Operator)).await;
        app.db.close().await;
        let user = made.map_err(|error| match error {
            accounts::Error::Invalid(faults) => {
                let faults: Vec<_> = faults
                    .iter()
                    .map(|(field, why)| format!("{field} {why}"))
                    .collect();
                anyhow::anyhow!(faults.join("; "))
            }
            accounts::Error::Taken(fields) => anyhow::anyhow!("taken: {}", fields.join(", ")),
            other => other.into(),
        })?;
        super::print(&format!("{}\n", user.id))
    })
}

/// Never an argument: arguments are visible to every process of the machine.
fn password() -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        tell("Type the password, then Enter (it is shown as you type):");
    }
    let mut line = String::new();
    stdin
        .lock()
        .read_line(&mut line)
        .context("no password on stdin")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
