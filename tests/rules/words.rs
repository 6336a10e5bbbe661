//! Words that must not stay, links that must lead somewhere.

use std::path::Path;

use crate::{files, read, root};

#[test]
fn nothing_is_left_over() {
    // Spelled in halves, so that this file does not find itself.
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("todo", "!("),
        concat!("unimple", "mented!("),
        concat!("#[ig", "nore"),
        concat!("dbg", "!("),
        concat!("#[al", "low("),
    ];
    for path in files("rs") {
        let text = read(&path);
        for word in words {
            assert!(!text.contains(word), "{} holds {word}", path.display());
        }
    }
}

#[test]
fn tests_wait_for_events_and_do_not_sleep() {
    let sleeping = concat!("thread::sl", "eep(");
    let sleeping_async = concat!("time::sl", "eep(");
    for path in files("rs") {
        let name = path.to_string_lossy();
        let is_test =
            name.starts_with("tests/") || name.contains("/tests/") || name.ends_with("tests.rs");
        if is_test {
            let text = read(&path);
            assert!(
                !text.contains(sleeping) && !text.contains(sleeping_async),
                "{name} sleeps"
            );
        }
    }
}

#[test]
fn nothing_names_this_machine() {
    for path in files("") {
        if path.ends_with("words.rs") {
            continue;
        }
        let text = read(&path);
        for place in [
            "/work/",
            "/root/",
            ".library",
            "index.crates.io",
            "registry.npmjs.org",
        ] {
            assert!(!text.contains(place), "{} names {place}", path.display());
        }
    }
}

#[test]
fn links_in_the_documents_lead_somewhere() {
    let mut seen = 0;
    for path in files("md") {
        let folder = path.parent().unwrap_or(Path::new(""));
        for link in read(&path)
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = link.split('#').next().unwrap_or("");
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            assert!(
                root().join(folder).join(target).exists(),
                "{} links to {target}",
                path.display()
            );
        }
    }
    assert!(seen > 3, "the rule found only {seen} links");
}

#[test]
fn secrets_are_kept_out_of_dalek_features() {
    // token.md: never `hazmat`, never `legacy_compatibility`.
    let manifest = read(Path::new("Cargo.toml"));
    let line = manifest
        .lines()
        .find(|line| line.starts_with("ed25519-dalek"))
        .expect("the dependency");
    assert!(
        !line.contains("hazmat") && !line.contains("legacy_compatibility"),
        "{line}"
    );
    assert!(
        !manifest.contains("\"batch\""),
        "a decision never comes from verify_batch"
    );
}
