//! `server keys …`.

use std::fmt::Write as _;
use std::sync::Arc;

use clap::Subcommand;

use crate::app::App;
use crate::config::Config;
use crate::platform::clock::SystemClock;
use crate::platform::entropy::SystemEntropy;

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Names and ids of all keys; no key material
    List,
}

pub(super) fn run(config: Config, command: &KeysCommand) -> anyhow::Result<()> {
    let KeysCommand::List = command;
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
