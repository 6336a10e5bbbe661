//! `server check-config`: what is in effect, with secrets redacted.

use std::fmt::Write as _;

use super::secret::Secret;
use super::settings::{Config, LogFormat, Mode};

/// The effective settings, one a line, in the syntax of `gatehouse.toml`; then warnings.
pub fn report(config: &Config) -> String {
    let mut out = String::new();
    settings(&mut out, config);
    for warning in warnings(config) {
        line(&mut out, &format!("# warning: {warning}"));
    }
    out
}

fn settings(out: &mut String, config: &Config) {
    let mode = match config.mode {
        Mode::Development => "development",
        Mode::Production => "production",
    };
    let format = match config.log.format {
        LogFormat::Pretty => "pretty",
        LogFormat::Json => "json",
    };
    text(out, "mode", mode);
    text(out, "listen", &config.listen.to_string());
    text(out, "data_dir", &config.data_dir.display().to_string());
    if config.public_url.is_empty() {
        line(out, "# public_url is http://<bound address>");
    } else {
        text(out, "public_url", &config.public_url);
    }
    let database = match &config.database_url {
        None => format!("sqlite:{}", config.sqlite_path().display()),
        Some(url) => without_password(url.reveal()),
    };
    text(out, "database_url", &database);
    secret(out, "redis_url", config.redis_url.as_ref());
    secret(out, "jwt_secret", config.jwt_secret.as_ref());
    secret(
        out,
        "key_encryption_key",
        config.key_encryption_key.as_ref(),
    );
    for (key, value) in [
        ("trust_proxy", config.trust_proxy),
        ("events_require_approval", config.events_require_approval),
    ] {
        line(out, &format!("{key} = {value}"));
    }
    for (key, value) in [
        ("hold_ttl_secs", config.hold_ttl_secs),
        ("access_ttl_secs", config.access_ttl_secs),
        ("refresh_ttl_days", config.refresh_ttl_days),
        ("enrolment_ttl_secs", config.enrolment_ttl_secs),
        ("request_timeout_secs", config.request_timeout_secs),
        ("drain_timeout_secs", config.drain_timeout_secs),
    ] {
        line(out, &format!("{key} = {value}"));
    }
    line(out, "[log]");
    text(out, "format", format);
    text(out, "filter", &config.log.filter);
    line(out, "[limits]");
    let limits = config.limits;
    for (key, value) in [
        ("login_per_minute", limits.login_per_minute),
        ("login_per_ip_per_minute", limits.login_per_ip_per_minute),
        ("register_per_minute", limits.register_per_minute),
        ("enrol_per_minute", limits.enrol_per_minute),
        ("mail_per_minute", limits.mail_per_minute),
        ("second_factor_per_minute", limits.second_factor_per_minute),
        ("code_per_minute", limits.code_per_minute),
        ("code_per_ip_per_minute", limits.code_per_ip_per_minute),
        ("hook_per_minute", limits.hook_per_minute),
    ] {
        line(out, &format!("{key} = {value}"));
    }
    outside(out, config);
}

fn outside(out: &mut String, config: &Config) {
    line(out, "[payments]");
    let lends = config.payments.lend_accounts;
    line(out, &format!("lend_accounts = {lends}"));
    line(out, "[payos]");
    optional(out, "client_id", config.payos.client_id.as_deref());
    secret(out, "api_key", config.payos.api_key.as_ref());
    secret(out, "checksum_key", config.payos.checksum_key.as_ref());
    optional(out, "base_url", config.payos.base_url.as_deref());
    line(out, "[stripe]");
    secret(out, "secret_key", config.stripe.secret_key.as_ref());
    secret(out, "webhook_secret", config.stripe.webhook_secret.as_ref());
    optional(out, "base_url", config.stripe.base_url.as_deref());
    line(out, "[hooks]");
    let private_too = config.hooks.to_private_addresses;
    line(out, &format!("to_private_addresses = {private_too}"));
    line(out, "[mail]");
    secret(out, "smtp_url", config.mail.smtp_url.as_ref());
    optional(out, "from", config.mail.from.as_deref());
    line(out, "[sms]");
    secret(out, "url", config.sms.url.as_ref());
    line(out, "[objects]");
    optional(out, "endpoint", config.objects.endpoint.as_deref());
    optional(out, "bucket", config.objects.bucket.as_deref());
    secret(out, "access_key", config.objects.access_key.as_ref());
    secret(out, "secret_key", config.objects.secret_key.as_ref());
}

/// What works but deserves a look before strangers come.
fn warnings(config: &Config) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    if config.redis_url.is_some() {
        warnings.push("redis_url is set, but this version does not use Redis yet");
    }
    if config.production && !config.public_url.starts_with("https://") {
        warnings.push("production without an https:// public_url: tickets travel in the clear");
    }
    if config.production && config.mail.smtp_url.is_none() {
        warnings.push("production without smtp_url: mails are kept in the outbox and reach nobody");
    }
    if config.production && config.hooks.to_private_addresses {
        warnings.push(
            "hooks.to_private_addresses is on: organizers can make this server call into its own network",
        );
    }
    if config.is_mongo() && (config.jwt_secret.is_none() || config.key_encryption_key.is_none()) {
        warnings.push(
            "MongoDB without JWT_SECRET and KEY_ENCRYPTION_KEY: only one server process can run",
        );
    }
    warnings
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn text(out: &mut String, key: &str, value: &str) {
    // Debug quoting is TOML quoting for everything that occurs here.
    writeln!(out, "{key} = {value:?}").unwrap_or_default();
}

fn optional(out: &mut String, key: &str, value: Option<&str>) {
    match value {
        Some(value) => text(out, key, value),
        None => line(out, &format!("# {key} is not set")),
    }
}

fn secret(out: &mut String, key: &str, value: Option<&Secret>) {
    match value {
        Some(_) => text(out, key, "[redacted]"),
        None => line(out, &format!("# {key} is not set")),
    }
}

/// `mongodb://user:secret@host/db` -> `mongodb://[redacted]@host/db`.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    // Up to the last `@`: a password may hold one, unescaped by mistake.
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://[redacted]@{host}"),
        None => url.to_owned(),
    }
}
