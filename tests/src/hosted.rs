//! A server inside this process, with a clock that the test holds: days pass in no time. Real HTTP, real
//! jobs, a real database.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use scanner_core::Edge;
use server::app::App;
use server::config::{Config, Limits, Overrides, load_with};
use server::gate;
use server::platform::clock::{Clock as _, FixedClock};
use server::platform::entropy::SystemEntropy;
use server::platform::lifecycle::Bound;
use shared::time::Timestamp;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::api::Api;

const READY_WITHIN: Duration = Duration::from_mins(1);
/// Sessions outlive whatever the clock does.
const TOKEN_SECS: u64 = 50 * 365 * 86_400;

/// Dropping it drains and stops the server.
pub struct Hosted {
    url: String,
    pub clock: Arc<FixedClock>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Hosted {
    /// On SQLite in memory, or on the database of this URL.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn start(database: Option<&str>, now: Timestamp) -> Self {
        Self::configured(database, now, |_config| {})
    }

    /// With settings changed beyond what a configuration may say. It looks at the gates of its events
    /// every minute, as a server does.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn configured(
        database: Option<&str>,
        now: Timestamp,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = configured(&folder, database.unwrap_or("sqlite::memory:"));
        change(&mut config);
        let clock = Arc::new(FixedClock::at(now));
        let stop = CancellationToken::new();
        let (tell, told) = channel();
        let (shared, until) = (Arc::clone(&clock), stop.clone());
        let thread = std::thread::spawn(move || serve(config, shared, until, &tell));
        let url = told.recv_timeout(READY_WITHIN).expect("a server");
        Self {
            url,
            clock,
            stop,
            thread: Some(thread),
            _folder: folder,
        }
    }

    pub fn api(&self) -> Api {
        Api::new(&self.url)
    }

    /// What a device of the same moment takes from the world.
    pub fn edge(&self) -> Edge {
        Edge {
            clock: Arc::new(SameTime {
                server: Arc::clone(&self.clock),
                ticking: scanner_core::SystemClock::start(),
            }),
            ..Edge::system()
        }
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the server panicked");
        }
    }
}

fn configured(folder: &TempDir, database: &str) -> Config {
    let overrides = Overrides {
        data_dir: Some(folder.path().to_owned()),
        ..Overrides::default()
    };
    let set = |name: &str| (name == "DATABASE_URL").then(|| database.to_owned());
    let mut config = load_with(&overrides, set).expect("a valid configuration");
    config.listen = ([127, 0, 0, 1], 0).into();
    config.access_ttl_secs = TOKEN_SECS;
    config.limits = Limits {
        login_per_minute: 0,
        login_per_ip_per_minute: 0,
        register_per_minute: 0,
        enrol_per_minute: 0,
        mail_per_minute: 0,
        second_factor_per_minute: 0,
        code_per_minute: 0,
        code_per_ip_per_minute: 0,
        hook_per_minute: 0,
    };
    config
}

fn serve(
    mut config: Config,
    clock: Arc<FixedClock>,
    stop: CancellationToken,
    tell: &Sender<String>,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let served: anyhow::Result<()> = runtime.block_on(async {
        let bound = Bound::listen(&mut config).await?;
        let url = format!("http://{}", bound.address());
        let app = App::start(config, clock, Arc::new(SystemEntropy)).await?;
        gate::jobs::schedule(&app, app.clock.now()).await?;
        let announce = async move || Ok::<(), anyhow::Error>(tell.send(url)?);
        bound.serve(app, stop, announce).await
    });
    served.expect("the server runs");
}

/// The server's clock as a device reads it.
struct SameTime {
    server: Arc<FixedClock>,
    ticking: scanner_core::SystemClock,
}

impl scanner_core::Clock for SameTime {
    fn now(&self) -> Timestamp {
        self.server.now()
    }
    fn monotonic_micros(&self) -> u64 {
        self.ticking.monotonic_micros()
    }
}
