//! Dependencies point one way, and `shared` does no I/O.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::root;

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
            "--locked",
        ])
        .current_dir(root())
        .output()
        .expect("cargo");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Normal and build dependencies of each workspace crate, by name.
fn edges(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let members: BTreeSet<&str> = metadata["workspace_members"]
        .as_array()
        .expect("members")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let packages = metadata["packages"].as_array().expect("packages");
    let ours = packages
        .iter()
        .filter(|package| members.contains(package["id"].as_str().unwrap_or("")));
    ours.map(|package| {
        let dependencies = package["dependencies"].as_array().expect("dependencies");
        let names = dependencies
            .iter()
            .filter(|dependency| dependency["kind"] != "dev")
            .filter_map(|dependency| dependency["name"].as_str().map(str::to_owned));
        (
            package["name"].as_str().expect("name").to_owned(),
            names.collect(),
        )
    })
    .collect()
}

#[test]
fn crates_depend_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("shared", &[][..]),
        ("scanner-core", &["shared"][..]),
        ("kiosk-cli", &["shared", "scanner-core"][..]),
        ("scanner-app", &["shared", "scanner-core"][..]),
        ("server", &["shared", "scanner-core"][..]),
        (
            "tests",
            &[
                "shared",
                "scanner-core",
                "server",
                "kiosk-cli",
                "scanner-app",
            ][..],
        ),
    ]);
    let edges = edges(&metadata());
    let found: BTreeSet<&str> = edges.keys().map(String::as_str).collect();
    assert_eq!(
        found,
        allowed.keys().copied().collect(),
        "the workspace's crates are fixed"
    );
    for (name, dependencies) in &edges {
        for dependency in dependencies
            .iter()
            .filter(|d| allowed.contains_key(d.as_str()))
        {
            let may = allowed[name.as_str()].contains(&dependency.as_str());
            assert!(may, "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn shared_does_no_io() {
    let edges = edges(&metadata());
    let banned = [
        "tokio", "axum", "sqlx", "rusqlite", "mongodb", "redis", "reqwest", "hyper", "tempfile",
        "tauri", "image", "rand", "clap",
    ];
    for name in banned {
        assert!(
            !edges["shared"].contains(name),
            "shared must not depend on {name}"
        );
    }
    for name in ["axum", "sqlx", "mongodb", "tauri"] {
        assert!(
            !edges["scanner-core"].contains(name),
            "scanner-core must not depend on {name}"
        );
    }
}

#[test]
fn plain_cargo_builds_need_no_webview() {
    let metadata = metadata();
    let default = metadata["workspace_default_members"]
        .as_array()
        .expect("default members");
    assert!(default.len() > 3);
    let app = default
        .iter()
        .filter_map(Value::as_str)
        .any(|id| id.contains("scanner-app"));
    assert!(!app, "default-members must leave out scanner-app");
}

#[test]
fn the_top_level_is_fixed() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "LICENSE",
        "README.md",
        "docs",
        "kiosk-cli",
        "scanner-app",
        "scanner-core",
        "server",
        "shared",
        "tests",
    ];
    let top: BTreeSet<String> = crate::files("")
        .iter()
        .filter_map(|path| path.components().next())
        .map(|first| first.as_os_str().to_string_lossy().into_owned())
        .collect();
    for name in &top {
        assert!(
            name.starts_with('.') || allowed.contains(&name.as_str()),
            "{name} at the top level"
        );
    }
    for name in allowed {
        assert!(top.contains(name), "{name} is missing at the top level");
    }
}
