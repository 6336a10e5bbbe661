//! What handlers and jobs share, made once at the start.
//!
//! Invariants: nothing here changes after the start but counters of what goes on (limiters, breakers,
//! load); there is no other global state (metrics and logs aside).

use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::accounts;
use crate::accounts::limiter::Limiters;
use crate::accounts::passwords::Passwords;
use crate::accounts::tokens::AccessTokens;
use crate::config::Config;
use crate::gate::{self, GateRuntime};
use crate::notices::transport::{BadMailSettings, Smtp, Transport};
use crate::platform::breaker::Breakers;
use crate::platform::clock::Clock;
use crate::platform::db::{Db, DbError, Meta, Versioned};
use crate::platform::entropy::Entropy;
use crate::platform::http::load::Load;
use crate::platform::jobs::{JobsHandle, Runner};
use crate::platform::lifecycle::create_private_dir;
use crate::platform::vault::{Kek, KekError, KeyFileError, Vault};
use crate::texts::{self, BadSmsSettings};
use crate::waitlist::Round;
use crate::{cancellation, hooks, inventory, invoices, notices, orders, payments, tickets};

/// The application. Handlers get it as `State<AppState>`.
pub struct App {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// Complete: `public_url` is filled in.
    pub config: Arc<Config>,
    pub vault: Vault,
    pub jobs: JobsHandle,
    /// For calls to gateways and webhooks; has time limits, follows no redirects.
    pub http: reqwest::Client,
    pub tokens: AccessTokens,
    pub passwords: Passwords,
    pub limiters: Limiters,
    /// Where mails go; `None`: they are kept in the outbox.
    pub mail: Option<Box<dyn Transport>>,
    /// Where texts go; `None`: none are sent.
    pub sms: Option<Box<dyn texts::Provider>>,
    pub gate: GateRuntime,
    /// Where the sweep over the waitlists is.
    pub waitlist: Round,
    /// Before each service that others run.
    pub breakers: Breakers,
    /// Requests in flight.
    pub load: Load,
    /// Cancelled when the server starts to stop; long answers (event streams) end on it.
    pub stopping: CancellationToken,
}

pub type AppState = Arc<App>;

/// Why the application cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Kek(#[from] KekError),
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    #[error(
        "this database needs key-encryption key {stored}, and this server has {ours}; \
         restore kek.key or set KEY_ENCRYPTION_KEY"
    )]
    OtherKek { stored: String, ours: String },
    #[error("cannot make the HTTP client")]
    HttpClient(#[from] reqwest::Error),
    #[error(transparent)]
    Mail(#[from] BadMailSettings),
    #[error(transparent)]
    Sms(#[from] BadSmsSettings),
    #[error("cannot open the database")]
    Db(#[from] DbError),
    #[error("cannot use the data directory {path}")]
    DataDir {
        path: std::path::PathBuf,
        #[source]
        source: std::io::Error,
    },
}

impl App {
    /// Opens the database and the keys. `config.public_url` must be known by now.
    pub async fn start(
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<AppState, StartError> {
        create_private_dir(&config.data_dir).map_err(|source| StartError::DataDir {
            path: config.data_dir.clone(),
            source,
        })?;
        let db = Db::open(config.effective_database_url().reveal()).await?;
        let vault = open_vault(&config, &entropy)?;
        pin_kek(&db, vault.kek_id()).await?;
        let seed = match &config.jwt_secret {
            Some(secret) => AccessTokens::seed_from_secret(secret.reveal()),
            None => vault.key_file(&config.data_dir, "jwt.key", "access-tokens")?,
        };
        let http = http_client()?;
        Ok(Arc::new(Self {
            sms: sms(&config, &http)?,
            tokens: AccessTokens::new(&seed, config.access_ttl_secs),
            passwords: Passwords::new(Arc::clone(&entropy)),
            limiters: Limiters::new(config.limits, &clock),
            mail: mail(&config)?,
            gate: GateRuntime::default(),
            breakers: Breakers::default(),
            load: Load::default(),
            jobs: JobsHandle::new(&db),
            http,
            waitlist: Round::default(),
            stopping: CancellationToken::new(),
            config: Arc::new(config),
            db,
            clock,
            entropy,
            vault,
        }))
    }

    /// The job runner with the handlers of all slices; the caller runs it.
    pub fn runner(self: &Arc<Self>) -> Runner<AppState> {
        let mut runner = Runner::new(
            self.db.clone(),
            Arc::clone(&self.clock),
            Arc::clone(&self.entropy),
            Arc::clone(self),
        );
        register_jobs(&mut runner);
        runner
    }
}

/// Each slice that has jobs has a `pub fn register(runner: &mut Runner<AppState>)` in `jobs.rs`.
fn register_jobs(runner: &mut Runner<AppState>) {
    accounts::jobs::register(runner);
    inventory::jobs::register(runner);
    orders::guest::register(runner);
    tickets::register(runner);
    cancellation::register(runner);
    hooks::register(runner);
    payments::jobs::register(runner);
    notices::register(runner);
    invoices::register(runner);
    texts::register(runner);
    gate::jobs::register(runner);
}

fn open_vault(config: &Config, entropy: &Arc<dyn Entropy>) -> Result<Vault, KekError> {
    // A malformed value was refused when the configuration was loaded.
    let configured = config
        .key_encryption_key
        .as_ref()
        .and_then(|text| Kek::parse(text.reveal()));
    let kek = match configured {
        Some(kek) => kek,
        None => Kek::load_or_create(&config.data_dir, &**entropy)?,
    };
    Ok(Vault::new(&kek, Arc::clone(entropy)))
}

/// A database remembers which key wraps its secrets, so that a lost or wrong key is noticed at the
/// start and not at the gate.
async fn pin_kek(db: &Db, ours: &str) -> Result<(), StartError> {
    const KEY: &str = "kek";
    let ours = ours.to_owned();
    let fact = Meta {
        key: KEY.to_owned(),
        value: ours.clone().into(),
    };
    let stored = db
        .write(move |tx| match tx.get::<Meta>(KEY)? {
            Some(known) => Ok::<_, DbError>(known.into_inner()),
            None => tx.insert(&fact).map(Versioned::into_inner),
        })
        .await?;
    match stored.value.as_str() {
        Some(stored) if stored != ours => Err(StartError::OtherKek {
            stored: stored.to_owned(),
            ours,
        }),
        _ => Ok(()),
    }
}

fn mail(config: &Config) -> Result<Option<Box<dyn Transport>>, BadMailSettings> {
    let Some(url) = &config.mail.smtp_url else {
        return Ok(None);
    };
    let smtp = Smtp::new(
        url.reveal(),
        config.mail.from.as_deref(),
        &config.public_url,
    )?;
    Ok(Some(Box::new(smtp)))
}

fn sms(
    config: &Config,
    client: &reqwest::Client,
) -> Result<Option<Box<dyn texts::Provider>>, BadSmsSettings> {
    let Some(url) = &config.sms.url else {
        return Ok(None);
    };
    let provider = texts::Http::new(url.reveal(), client.clone())?;
    Ok(Some(Box::new(provider)))
}

fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    // A second install is refused and changes nothing.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .user_agent(concat!("gatehouse/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(std::time::Duration::from_secs(5))
        .timeout(std::time::Duration::from_secs(20))
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("config", &self.config)
            .field("vault", &self.vault)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load_with};
    use crate::platform::clock::SystemClock;
    use crate::platform::entropy::SystemEntropy;

    async fn start(dir: &std::path::Path) -> Result<AppState, StartError> {
        let overrides = Overrides {
            data_dir: Some(dir.to_owned()),
            ..Overrides::default()
        };
        let config = load_with(&overrides, |_| None).expect("a valid configuration");
        App::start(config, Arc::new(SystemClock), Arc::new(SystemEntropy)).await
    }

    #[tokio::test]
    async fn a_lost_key_is_noticed_at_the_start() {
        // N6
        let dir = tempfile::tempdir().expect("folder");
        let first = start(dir.path()).await.expect("starts");
        let token_key = first.tokens.kid();
        first.db.close().await;
        let again = start(dir.path()).await.expect("starts again");
        assert_eq!(again.tokens.kid(), token_key, "tokens outlive a restart");
        again.db.close().await;
        std::fs::remove_file(dir.path().join("kek.key")).expect("lost");
        let error = start(dir.path()).await.expect_err("refused");
        assert!(matches!(error, StartError::OtherKek { .. }), "{error}");
    }
}
