//! `server [serve]`.

use std::path::PathBuf;
use std::sync::Arc;

use super::tell;
use crate::accounts;
use crate::app::{App, AppState};
use crate::config::Config;
use crate::gate;
use crate::notices;
use crate::platform::clock::SystemClock;
use crate::platform::entropy::SystemEntropy;
use crate::platform::jobs;
use crate::platform::lifecycle::{self, Bound, DataDirLock};
use crate::platform::telemetry;

pub(super) fn run(config: Config, addr_file: Option<PathBuf>) -> anyhow::Result<()> {
    telemetry::init_logs(&config.log)?;
    super::block_on(serve(config, addr_file, async |_app| Ok(())))
}

/// Serves until a signal; `ready` runs when requests are answered.
pub(super) async fn serve(
    mut config: Config,
    addr_file: Option<PathBuf>,
    ready: impl AsyncFnOnce(&AppState) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    telemetry::init_metrics();
    let stop = lifecycle::stop_signal()?;
    // Several processes may share a MongoDB, but never a SQLite file.
    let lock = if config.is_mongo() {
        None
    } else {
        Some(DataDirLock::take(&config.data_dir)?)
    };
    let bound = Bound::listen(&mut config).await?;
    let address = bound.address();
    let app = App::start(config, Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
    if lock.is_some() {
        let taken = jobs::take_over(&app.db, app.clock.now()).await?;
        if taken > 0 {
            tracing::info!(taken, "went on with what a server before this one was at");
        }
    }
    accounts::jobs::schedule(&app, app.clock.now()).await?;
    notices::schedule(&app, app.clock.now()).await?;
    gate::jobs::schedule(&app, app.clock.now()).await?;
    let url = app.config.public_url.clone();
    let backend = app.db.backend_name();
    let shared = app.clone();
    bound
        .serve(app, stop, async move || {
            ready(&shared).await?;
            tracing::info!(db.backend = backend, %url, "ready");
            tell(&format!("listening on http://{address}"));
            if let Some(path) = addr_file {
                lifecycle::write_address(&path, address)?;
            }
            anyhow::Ok(())
        })
        .await?;
    tell("stopped");
    Ok(())
}
