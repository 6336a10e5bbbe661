//! `server demo`.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;

use super::serve;
use crate::config::{self, Overrides};
use crate::demo;
use crate::platform::telemetry;

/// What the demo takes from the environment. Above all not `DATABASE_URL`.
const ENVIRONMENT: &[&str] = &["GATEHOUSE_MODE", "LOG_FORMAT", "RUST_LOG", "PUBLIC_URL"];
/// Long enough to read the walkthrough first.
const ENROLMENT_TTL_SECS: u64 = 60 * 60;

#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// Print one line of JSON on stdout when ready, instead of a walkthrough
    #[arg(long)]
    pub(super) json: bool,
}

/// On a temporary directory, or on a new one that is kept when `--data` names it.
pub(super) fn run(
    mut overrides: Overrides,
    arguments: &DemoArguments,
    addr_file: Option<PathBuf>,
) -> anyhow::Result<()> {
    let temporary = tempfile::Builder::new()
        .prefix("gatehouse-demo-")
        .tempdir()?;
    let data = match overrides.data_dir.take() {
        Some(data) => {
            let fresh = !data.exists() || std::fs::read_dir(&data)?.next().is_none();
            ensure!(
                fresh,
                "{} is not empty, and a demo begins afresh; \
                 `server serve --data …` continues with what is there",
                data.display()
            );
            data
        }
        None => temporary.path().join("data"),
    };
    overrides.data_dir = Some(data);
    overrides.listen = Some(overrides.listen.unwrap_or_else(free_address));
    let mut config = config::load_named(&overrides, ENVIRONMENT)?;
    ensure!(
        !config.production,
        "a demo has demo payments: it does not run in production mode"
    );
    config.enrolment_ttl_secs = ENROLMENT_TTL_SECS;
    if config.log.filter == "info" {
        // The walkthrough is what should be read.
        "warn".clone_into(&mut config.log.filter);
    }
    telemetry::init_logs(&config.log)?;
    let kiosk_data = format!("/tmp/gatehouse-kiosk-{}", std::process::id());
    super::block_on(serve::serve(config, addr_file, async |app| {
        let stage = demo::prepare(app).await?;
        if arguments.json {
            super::print(&format!("{}\n", serde_json::to_string(&stage)?))
        } else {
            super::print(&demo::walkthrough(&stage, &kiosk_data))
        }
    }))
}

/// The usual port, or any when something else sits there.
fn free_address() -> SocketAddr {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
    match TcpListener::bind(usual) {
        Ok(_) => usual,
        Err(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    }
}
