//! Serving until told to stop.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::connections::{self, ConnectionLimits};
use crate::app::AppState;
use crate::config::Config;
use crate::orders;
use crate::platform::telemetry;
use crate::router;
use crate::trail;

const UPKEEP_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}")]
    Bind {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("cannot write the address to {path}")]
    AddressFile {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

/// A socket that listens and answers nobody yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Listens, and fills `config.public_url` in where it was left open.
    pub async fn listen(config: &mut Config) -> Result<Self, ServeError> {
        let wanted = config.listen;
        let bind = |source| ServeError::Bind {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        if config.public_url.is_empty() {
            config.public_url = format!("http://{}", reachable(address));
        }
        Ok(Self { listener, address })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then drains. `announce` runs when requests are answered; its error
    /// stops the server.
    pub async fn serve<E: From<ServeError>>(
        self,
        app: AppState,
        stop: CancellationToken,
        announce: impl AsyncFnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let jobs = tokio::spawn(app.runner().run(stop.child_token()));
        let upkeep = tokio::spawn(upkeep(stop.child_token()));
        let sweeper = tokio::spawn(orders::jobs::sweep(app.clone(), stop.child_token()));
        let sealer = tokio::spawn(trail::keep_sealed(app.clone(), stop.child_token()));
        let server = tokio::spawn(connections::serve(
            self.listener,
            router::build(app.clone()),
            ConnectionLimits::default(),
            app.stopping.clone(),
        ));
        let announced = announce().await;
        if announced.is_ok() {
            stop.cancelled().await;
        }
        stop.cancel();
        app.stopping.cancel();
        let limit = Duration::from_secs(app.config.drain_timeout_secs);
        let drained = tokio::time::timeout(limit, async {
            // A panic in one of them was logged where it happened.
            server.await.ok();
            jobs.await.ok();
            sweeper.await.ok();
            sealer.await.ok();
            upkeep.await.ok();
        });
        let drained = drained.await;
        app.db.close().await;
        if drained.is_err() {
            tracing::warn!("requests or jobs were cut off when the time to drain was over");
        }
        announced
    }
}

/// `0.0.0.0` is an address to listen on, not one to call.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Histograms grow until they are drained.
async fn upkeep(stop: CancellationToken) {
    while tokio::time::timeout(UPKEEP_EVERY, stop.cancelled())
        .await
        .is_err()
    {
        telemetry::run_upkeep();
    }
}

/// Writes `host:port` so that a reader sees all of it or no file at all.
pub fn write_address(path: &Path, address: SocketAddr) -> Result<(), ServeError> {
    let write = || {
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        write!(file, "{}", reachable(address))?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|source| ServeError::AddressFile {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_file_can_be_called() {
        // N7
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("addr");
        write_address(&path, SocketAddr::from(([0, 0, 0, 0], 8123))).expect("written");
        write_address(&path, SocketAddr::from(([0, 0, 0, 0], 8124))).expect("replaced");
        let text = std::fs::read_to_string(&path).expect("read");
        assert_eq!(text, "127.0.0.1:8124");
    }
}
