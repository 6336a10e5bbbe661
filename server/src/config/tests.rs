//! The layers of the configuration, and what it says about mistakes.

use std::net::SocketAddr;

use super::*;

fn load_from(
    file: Option<&str>,
    environment: &[(&str, &str)],
) -> Result<(tempfile::TempDir, Config), ConfigError> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    if let Some(text) = file {
        std::fs::write(dir.path().join("gatehouse.toml"), text).expect("written");
    }
    let overrides = Overrides {
        data_dir: Some(dir.path().to_owned()),
        ..Overrides::default()
    };
    let config = load_with(&overrides, |name| {
        environment
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    })?;
    Ok((dir, config))
}

fn refused(file: Option<&str>, environment: &[(&str, &str)]) -> String {
    load_from(file, environment)
        .map(|_| ())
        .expect_err("refused")
        .to_string()
}

#[test]
fn environment_wins_over_file_wins_over_defaults() {
    // N6
    let (_dir, config) = load_from(
        Some("hold_ttl_secs = 42\nlisten = \"127.0.0.1:1\"\n[payos]\nclient_id = \"file\"\n"),
        &[
            ("PAYOS_CLIENT_ID", "12345"),
            ("PUBLIC_URL", "https://tickets.example/"),
            ("SMTP_URL", ""),
        ],
    )
    .expect("valid");
    assert_eq!(config.hold_ttl_secs, 42);
    assert_eq!(config.access_ttl_secs, 900);
    assert_eq!(config.listen, SocketAddr::from(([127, 0, 0, 1], 1)));
    assert_eq!(config.payos.client_id.as_deref(), Some("12345"));
    assert_eq!(config.public_url, "https://tickets.example");
    assert!(config.mail.smtp_url.is_none(), "empty is unset");
    assert!(!config.production);
}

#[test]
fn mistakes_are_told_with_a_way_out() {
    // N6
    let unknown = refused(Some("hold_ttl = 5\n"), &[]);
    assert!(unknown.contains("hold_ttl: is not a setting"), "{unknown}");
    assert!(unknown.contains("hold_ttl_secs"), "{unknown}");
    let kind = refused(Some("hold_ttl_secs = \"soon\"\n"), &[]);
    assert!(kind.contains("hold_ttl_secs: must be"), "{kind}");
    let url = refused(None, &[("DATABASE_URL", "postgres://x")]);
    assert!(url.contains("sqlite: or mongodb:"), "{url}");
    let mode = refused(None, &[("GATEHOUSE_MODE", "prod")]);
    assert!(mode.contains("production"), "{mode}");
    let shared = refused(
        None,
        &[
            ("GATEHOUSE_MODE", "production"),
            ("DATABASE_URL", "mongodb://127.0.0.1/g"),
        ],
    );
    assert!(
        shared.contains("JWT_SECRET") && shared.contains("KEY_ENCRYPTION_KEY"),
        "{shared}"
    );
}

#[test]
fn a_named_file_must_exist() {
    // N6
    let overrides = Overrides {
        file: Some("no/such/file.toml".into()),
        ..Overrides::default()
    };
    let error = load_with(&overrides, |_| None).expect_err("refused");
    assert!(error.to_string().contains("no/such/file.toml"));
}

#[test]
fn no_secret_is_printed() {
    // N6
    let secret = "hunter2-hunter2-hunter2";
    let url = format!("mongodb://app:{secret}@db.example/gatehouse");
    let smtp = format!("smtps://app:{secret}@mail.example");
    let (_dir, config) = load_from(
        None,
        &[
            ("DATABASE_URL", &url),
            ("JWT_SECRET", secret),
            ("STRIPE_SECRET_KEY", secret),
            ("AWS_SECRET_KEY", secret),
            ("PAYOS_CHECKSUM_KEY", secret),
            ("SMTP_URL", &smtp),
            ("REDIS_URL", secret),
        ],
    )
    .expect("valid");
    let report = report(&config);
    let debug = format!("{config:?}");
    assert!(!report.contains("hunter2") && !debug.contains("hunter2"));
    assert!(
        report.contains("mongodb://[redacted]@db.example/gatehouse"),
        "{report}"
    );
    // A bad key is a secret too: its error does not repeat it.
    let error = refused(None, &[("KEY_ENCRYPTION_KEY", secret)]);
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn the_report_names_every_setting_and_is_a_file_itself() {
    // N6
    let (_dir, config) = load_from(None, &[]).expect("valid");
    let report = report(&config);
    let defaults = serde_json::to_value(settings::Defaults::default()).expect("json");
    for (key, value) in defaults.as_object().expect("settings") {
        assert!(report.contains(key.as_str()), "{key} is missing: {report}");
        for key in value.as_object().into_iter().flatten().map(|(key, _)| key) {
            assert!(
                report.contains(&format!("\n{key} = ")),
                "{key} is missing: {report}"
            );
        }
    }
    load_from(Some(&report), &[]).expect("what it prints can be loaded");
}
