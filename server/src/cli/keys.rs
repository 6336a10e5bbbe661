//! `server keys …`.

use std::fmt::Write as _;
use std::sync::Arc;

use clap::Subcommand;
use shared::ids::EventId;
use shared::trust::KeyStatus;

use crate::app::App;
use crate::config::Config;
use crate::gate::rotate;
use crate::platform::clock::SystemClock;
use crate::platform::entropy::SystemEntropy;

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Names and ids of all keys; no key material
    List {
        /// The keys that sign this event's tickets
        #[arg(long)]
        event: Option<EventId>,
    },
    /// Let the next key sign; tickets of this one stay good
    Retire { event: EventId, kid: u8 },
    /// Give up a key that was stolen; tickets that were really issued stay good
    Compromise { event: EventId, kid: u8 },
}

pub(super) fn run(config: Config, command: &KeysCommand) -> anyhow::Result<()> {
    match *command {
        KeysCommand::List { event: None } => list(config),
        KeysCommand::List { event: Some(event) } => of_event(config, event, None),
        KeysCommand::Retire { event, kid } => {
            of_event(config, event, Some((kid, KeyStatus::Retired)))
        }
        KeysCommand::Compromise { event, kid } => {
            of_event(config, event, Some((kid, KeyStatus::Compromised)))
        }
    }
}

fn of_event(
    config: Config,
    event: EventId,
    change_to: Option<(u8, KeyStatus)>,
) -> anyhow::Result<()> {
    super::block_on(async {
        let app = App::start(config, Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
        let keys = rotate::by_operator(&app, event, change_to, app.clock.now()).await;
        app.db.close().await;
        let mut out = String::new();
        for key in keys? {
            let status = format!("{:?}", key.status).to_lowercase();
            let (first, last) = (key.serial_first, key.serial_last);
            writeln!(
                out,
                "{:3}  {status:11}  serials {first}-{last}  {}",
                key.kid, key.public_key
            )?;
        }
        super::print(&out)
    })
}

fn list(config: Config) -> anyhow::Result<()> {
    let from = |set: bool, file: &str| {
        if set {
            "environment or configuration file".to_owned()
        } else {
            config.data_dir.join(file).display().to_string()
        }
    };
    let kek_from = from(config.key_encryption_key.is_some(), "kek.key");
    let tokens_from = from(config.jwt_secret.is_some(), "jwt.key");
    super::block_on(async {
        let app = App::start(config, Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
        let mut out = String::new();
        writeln!(out, "key-encryption  {}  {kek_from}", app.vault.kek_id())?;
        writeln!(out, "access-tokens   {}  {tokens_from}", app.tokens.kid())?;
        app.db.close().await;
        super::print(&out)
    })
}
