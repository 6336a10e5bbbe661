//! Where settings come from, lowest first: defaults, file, environment, command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

use super::settings::{Config, Defaults, Mode};
use crate::notices::transport;
use crate::platform::vault::Kek;

const FILE_NAME: &str = "gatehouse.toml";

/// What the command line says; it wins over everything.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub listen: Option<SocketAddr>,
    pub data_dir: Option<PathBuf>,
    /// Another file than `<data dir>/gatehouse.toml`; it must exist.
    pub file: Option<PathBuf>,
}

/// What is wrong with the configuration, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration file {path}: {why}")]
    File { path: PathBuf, why: String },
    #[error("{}", list(.0))]
    Invalid(Vec<String>),
}

fn list(problems: &[String]) -> String {
    problems.join("\n")
}

/// Environment name and the key that it sets. All values are text.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("GATEHOUSE_MODE", "mode"),
    ("GATEHOUSE_LISTEN", "listen"),
    ("GATEHOUSE_DATA", "data_dir"),
    ("DATABASE_URL", "database_url"),
    ("REDIS_URL", "redis_url"),
    ("JWT_SECRET", "jwt_secret"),
    ("KEY_ENCRYPTION_KEY", "key_encryption_key"),
    ("PUBLIC_URL", "public_url"),
    ("LOG_FORMAT", "log.format"),
    ("RUST_LOG", "log.filter"),
    ("PAYOS_CLIENT_ID", "payos.client_id"),
    ("PAYOS_API_KEY", "payos.api_key"),
    ("PAYOS_CHECKSUM_KEY", "payos.checksum_key"),
    ("PAYOS_BASE_URL", "payos.base_url"),
    ("STRIPE_SECRET_KEY", "stripe.secret_key"),
    ("STRIPE_WEBHOOK_SECRET", "stripe.webhook_secret"),
    ("STRIPE_BASE_URL", "stripe.base_url"),
    ("SMTP_URL", "mail.smtp_url"),
    ("MAIL_FROM", "mail.from"),
    ("SMS_URL", "sms.url"),
    ("S3_ENDPOINT", "objects.endpoint"),
    ("S3_BUCKET", "objects.bucket"),
    ("AWS_ACCESS_KEY", "objects.access_key"),
    ("AWS_SECRET_KEY", "objects.secret_key"),
];

/// Loads and checks the configuration of this process.
pub fn load(overrides: &Overrides) -> Result<Config, ConfigError> {
    load_with(overrides, environment)
}

/// [`load`] that sees nothing of the environment but what is named.
pub fn load_named(overrides: &Overrides, names: &[&str]) -> Result<Config, ConfigError> {
    load_with(overrides, |name| {
        names.contains(&name).then(|| environment(name)).flatten()
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// [`load`] with the environment as an argument.
pub fn load_with(
    overrides: &Overrides,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    let environment = Environment::read(environment);
    let data_dir = overrides
        .data_dir
        .clone()
        .or_else(|| environment.get("data_dir").map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from("data"));
    let mut figment = Figment::from(Serialized::defaults(Defaults::default()));
    if let Some(file) = file_to_read(overrides, &data_dir)? {
        figment = figment.merge(Toml::file_exact(file));
    }
    figment = figment
        .merge(environment)
        .merge(Serialized::default("data_dir", &data_dir));
    if let Some(listen) = overrides.listen {
        figment = figment.merge(Serialized::default("listen", listen));
    }
    let mut config: Config = figment.extract().map_err(|error| {
        ConfigError::Invalid(error.into_iter().map(|error| describe(&error)).collect())
    })?;
    config.production = config.mode == Mode::Production;
    while config.public_url.ends_with('/') {
        config.public_url.pop();
    }
    let problems = problems(&config);
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(ConfigError::Invalid(problems))
    }
}

fn file_to_read(overrides: &Overrides, data_dir: &Path) -> Result<Option<PathBuf>, ConfigError> {
    let (path, required) = match &overrides.file {
        Some(path) => (path.clone(), true),
        None => (data_dir.join(FILE_NAME), false),
    };
    match std::fs::metadata(&path) {
        Ok(_) => Ok(Some(path)),
        Err(error) if !required && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ConfigError::File {
            path,
            why: error.to_string(),
        }),
    }
}

/// One sentence per problem, with the way out where we know it.
fn describe(error: &Error) -> String {
    let key = error.path.join(".");
    let source = error
        .metadata
        .as_ref()
        .map_or_else(String::new, |metadata| match &metadata.source {
            Some(source) => format!(" (in {source})"),
            None => format!(" (in the {})", metadata.name),
        });
    let hint = match &error.kind {
        figment::error::Kind::UnknownField(field, known) => {
            format!("; did you mean one of: {}? ({field})", known.join(", "))
        }
        figment::error::Kind::MissingField(field) => format!("; set {field}"),
        _ => String::new(),
    };
    // A bad value may be a secret in the wrong place, so it is not repeated.
    let what = match &error.kind {
        figment::error::Kind::UnknownField(..) => "is not a setting".to_owned(),
        figment::error::Kind::InvalidType(_, expected)
        | figment::error::Kind::InvalidValue(_, expected) => format!("must be {expected}"),
        figment::error::Kind::UnknownVariant(_, known) => {
            format!("must be one of: {}", known.join(", "))
        }
        other => other.to_string(),
    };
    format!("{key}: {what}{source}{hint}")
}

/// What is well-formed but cannot work.
fn problems(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(url) = &config.database_url {
        let url = url.reveal();
        if !(url.starts_with("sqlite:")
            || url.starts_with("mongodb:")
            || url.starts_with("mongodb+srv:"))
        {
            problems.push(
                "database_url: must start with sqlite: or mongodb:; \
                 leave DATABASE_URL unset for a file in the data directory"
                    .to_owned(),
            );
        }
    }
    let url = &config.public_url;
    if !(url.is_empty() || url.starts_with("http://") || url.starts_with("https://")) {
        problems.push("public_url: must start with https:// or http://".to_owned());
    }
    if let Some(secret) = &config.jwt_secret
        && secret.reveal().len() < 16
    {
        problems.push(
            "jwt_secret: is too short to be a secret; use at least 16 characters, \
             for example from `openssl rand -base64 32`"
                .to_owned(),
        );
    }
    if let Some(key) = &config.key_encryption_key
        && Kek::parse(key.reveal()).is_none()
    {
        problems.push(
            "key_encryption_key: must be 32 bytes in base64 or hex, \
             for example from `openssl rand -base64 32`"
                .to_owned(),
        );
    }
    problems.extend(mail_problem(config));
    for (key, value) in [
        ("hold_ttl_secs", config.hold_ttl_secs),
        ("access_ttl_secs", config.access_ttl_secs),
        ("refresh_ttl_days", config.refresh_ttl_days),
        ("enrolment_ttl_secs", config.enrolment_ttl_secs),
        ("request_timeout_secs", config.request_timeout_secs),
    ] {
        if value == 0 || value > 10_000_000 {
            problems.push(format!("{key}: must be from 1 to 10000000"));
        }
    }
    // Several processes must agree on these, and a file in one's data directory is not shared.
    if config.production && config.is_mongo() {
        for (name, present) in [
            ("JWT_SECRET", config.jwt_secret.is_some()),
            ("KEY_ENCRYPTION_KEY", config.key_encryption_key.is_some()),
            ("PUBLIC_URL", !config.public_url.is_empty()),
        ] {
            if !present {
                problems.push(format!(
                    "{name}: must be set in production with MongoDB, \
                     because all server processes must share it"
                ));
            }
        }
    }
    problems
}

fn mail_problem(config: &Config) -> Option<String> {
    let (url, from) = (config.mail.smtp_url.as_ref()?, config.mail.from.as_deref());
    let smtp = transport::Smtp::new(url.reveal(), from, &config.public_url);
    smtp.err().map(|error| error.to_string())
}

/// The environment as a layer. Values stay text: a numeric password is not a number.
struct Environment(Vec<(&'static str, String)>);

impl Environment {
    fn read(environment: impl Fn(&str) -> Option<String>) -> Self {
        // Compose files pass unset variables as empty text.
        let set = |(name, key): &(&'static str, &'static str)| {
            environment(name)
                .filter(|value| !value.is_empty())
                .map(|value| (*key, value))
        };
        Self(ENVIRONMENT.iter().filter_map(set).collect())
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find_map(|(name, value)| (*name == key).then_some(value.as_str()))
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("environment")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut dict = Dict::new();
        for (key, value) in &self.0 {
            match key.split_once('.') {
                None => {
                    dict.insert((*key).to_owned(), Value::from(value.clone()));
                }
                Some((section, key)) => {
                    let section = dict
                        .entry(section.to_owned())
                        .or_insert_with(|| Value::from(Dict::new()));
                    if let Value::Dict(_, section) = section {
                        section.insert(key.to_owned(), Value::from(value.clone()));
                    }
                }
            }
        }
        Ok(Map::from([(Profile::Default, dict)]))
    }
}
