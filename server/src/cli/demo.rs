//! `server demo`.

use std::path::PathBuf;

use clap::Args;

use crate::config::Overrides;

#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// Print one line of JSON on stdout when ready, instead of a walkthrough
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(
    _overrides: Overrides,
    _arguments: &DemoArguments,
    _addr_file: Option<PathBuf>,
) -> anyhow::Result<()> {
    anyhow::bail!("the demo is being built")
}
