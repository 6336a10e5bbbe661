//! The settings themselves, with their defaults.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// Everything that can be configured. Field names are the keys of `gatehouse.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `development` or `production`.
    pub mode: Mode,
    /// Set from `mode`; not a key of its own.
    #[serde(skip)]
    pub production: bool,
    pub listen: SocketAddr,
    /// Where everything lives that is not in a database elsewhere.
    pub data_dir: PathBuf,
    /// How the world reaches this server, without a trailing slash. When it is not configured it
    /// is `http://<bound address>`, filled in once that is known.
    #[serde(default)]
    pub public_url: String,
    /// `sqlite:PATH`, `sqlite::memory:` or `mongodb://…`. It may hold a password.
    pub database_url: Option<Secret>,
    pub redis_url: Option<Secret>,
    /// Whether the last `X-Forwarded-For` entry is believed, for rate limits.
    pub trust_proxy: bool,
    /// Whether an administrator must approve an event before it is published.
    pub events_require_approval: bool,
    /// Seconds that an order holds its stock.
    pub hold_ttl_secs: u64,
    pub access_ttl_secs: u64,
    pub refresh_ttl_days: u64,
    /// Seconds that a device's enrolment code lives.
    pub enrolment_ttl_secs: u64,
    /// Seconds that a request may take before it is answered with 503.
    pub request_timeout_secs: u64,
    /// Seconds that requests in flight get to finish after a stop signal.
    pub drain_timeout_secs: u64,
    /// Access tokens are signed with a key derived from it; made and kept when absent.
    pub jwt_secret: Option<Secret>,
    /// 32 bytes, base64 or hex, that wrap all stored keys; made and kept when absent.
    pub key_encryption_key: Option<Secret>,
    pub log: LogSettings,
    pub limits: Limits,
    pub payments: Payments,
    pub payos: Payos,
    pub stripe: Stripe,
    pub hooks: Hooks,
    pub mail: Smtp,
    pub sms: Sms,
    pub objects: ObjectStore,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    #[default]
    Development,
    /// The demo gateway does not exist; what must be shared between processes must be configured.
    Production,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    pub format: LogFormat,
    /// `info,server=debug`: the syntax of `tracing` filters.
    pub filter: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Pretty,
    Json,
}

/// Attempts a minute; 0 switches a limit off.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Logins for one account from one address.
    pub login_per_minute: u32,
    /// Logins from one address, whatever the account.
    pub login_per_ip_per_minute: u32,
    /// Registrations from one address, and as many orders of people without an account.
    pub register_per_minute: u32,
    /// Steps of device enrolments from one address; a crew enrols from one.
    pub enrol_per_minute: u32,
    /// Requests from one address that make the server write a mail.
    pub mail_per_minute: u32,
    /// Second factors for one account.
    pub second_factor_per_minute: u32,
    /// Orders with a code from one account.
    pub code_per_minute: u32,
    /// Orders with a code from one address, whatever the account.
    pub code_per_ip_per_minute: u32,
    /// Pings and repeated messages to the webhooks of one account.
    pub hook_per_minute: u32,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payments {
    /// Whether the server's own accounts at PayOS and Stripe take money for events whose organization
    /// has none of its own.
    pub lend_accounts: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payos {
    pub client_id: Option<String>,
    pub api_key: Option<Secret>,
    pub checksum_key: Option<Secret>,
    pub base_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stripe {
    pub secret_key: Option<Secret>,
    pub webhook_secret: Option<Secret>,
    pub base_url: Option<String>,
}

/// Webhooks of organizers.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hooks {
    /// They may point into our own network, and do without TLS. For tests.
    #[serde(default)]
    pub to_private_addresses: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// `smtp://user:password@host:587`. Without it mails are kept in the outbox.
    pub smtp_url: Option<Secret>,
    /// `Tickets <tickets@example.com>`; `no-reply@` the host of `public_url` when absent.
    pub from: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    pub url: Option<Secret>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectStore {
    pub endpoint: Option<String>,
    pub bucket: Option<String>,
    pub access_key: Option<Secret>,
    pub secret_key: Option<Secret>,
}

/// The defaults, as the lowest layer of the configuration.
#[derive(Serialize)]
pub(super) struct Defaults {
    mode: Mode,
    listen: SocketAddr,
    data_dir: PathBuf,
    trust_proxy: bool,
    events_require_approval: bool,
    hold_ttl_secs: u64,
    access_ttl_secs: u64,
    refresh_ttl_days: u64,
    enrolment_ttl_secs: u64,
    request_timeout_secs: u64,
    drain_timeout_secs: u64,
    log: LogSettings,
    limits: Limits,
    payments: Payments,
    payos: Empty,
    stripe: Empty,
    hooks: Empty,
    mail: Empty,
    sms: Empty,
    objects: Empty,
}

#[derive(Default, Serialize)]
struct Empty {}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: PathBuf::from("data"),
            trust_proxy: false,
            events_require_approval: false,
            hold_ttl_secs: 600,
            access_ttl_secs: 900,
            refresh_ttl_days: 30,
            enrolment_ttl_secs: 600,
            request_timeout_secs: 30,
            drain_timeout_secs: 10,
            log: LogSettings {
                format: LogFormat::default(),
                filter: "info".to_owned(),
            },
            limits: Limits {
                login_per_minute: 10,
                login_per_ip_per_minute: 120,
                register_per_minute: 60,
                enrol_per_minute: 120,
                mail_per_minute: 10,
                second_factor_per_minute: 5,
                code_per_minute: 10,
                code_per_ip_per_minute: 120,
                hook_per_minute: 30,
            },
            payments: Payments {
                lend_accounts: true,
            },
            payos: Empty {},
            stripe: Empty {},
            hooks: Empty {},
            mail: Empty {},
            sms: Empty {},
            objects: Empty {},
        }
    }
}

impl Config {
    pub fn is_mongo(&self) -> bool {
        self.database_url
            .as_ref()
            .is_some_and(|url| url.reveal().starts_with("mongodb"))
    }

    /// The database to open: as configured, or a file in the data directory.
    pub fn effective_database_url(&self) -> Secret {
        match &self.database_url {
            Some(url) => Secret::new(url.reveal().to_owned()),
            None => Secret::new(format!("sqlite:{}", self.sqlite_path().display())),
        }
    }

    pub fn sqlite_path(&self) -> PathBuf {
        self.data_dir.join("gatehouse.sqlite")
    }
}
