//! Sizes and names: a reader who knows one room knows all.

use std::path::Path;

use crate::{files, read};

const LINES_MAX: usize = 500;
const MOD_LINES_MAX: usize = 120;

/// Files that may be longer, each with its reason.
const LONGER: &[(&str, &str)] = &[];

fn is_test(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.starts_with("tests/")
        || text.contains("/tests/")
        || text.ends_with("tests.rs")
        || text.contains("/benches/")
}

#[test]
fn files_stay_small() {
    for path in files("rs") {
        let lines = read(&path).lines().count();
        let name = path.to_string_lossy();
        let excused = LONGER.iter().any(|(longer, _)| *longer == name);
        assert!(
            excused || lines <= LINES_MAX,
            "{name} has {lines} lines: split the room"
        );
    }
}

#[test]
fn excused_files_still_need_the_excuse() {
    for (name, reason) in LONGER {
        assert!(!reason.is_empty());
        assert!(
            read(Path::new(name)).lines().count() > LINES_MAX,
            "{name} needs no excuse any more"
        );
    }
}

#[test]
fn module_roots_hold_purpose_and_names_only() {
    for path in files("rs")
        .iter()
        .filter(|path| path.ends_with("mod.rs") && !is_test(path))
    {
        let lines = read(path).lines().count();
        assert!(
            lines <= MOD_LINES_MAX,
            "{}: {lines} lines; a mod.rs holds purpose and re-exports",
            path.display()
        );
    }
}

#[test]
fn every_module_opens_with_its_purpose() {
    for path in files("rs") {
        let text = read(&path);
        assert!(
            text.starts_with("//!"),
            "{} does not say what it is for",
            path.display()
        );
    }
}

#[test]
fn rooms_have_names_that_say_what_is_in_them() {
    for path in files("") {
        for part in path.components() {
            let name = part.as_os_str().to_string_lossy();
            let stem = name.trim_end_matches(".rs");
            let vague = [
                "utils", "util", "common", "models", "services", "helpers", "helper", "misc",
            ];
            assert!(!vague.contains(&stem), "{} names no room", path.display());
        }
    }
}

#[test]
fn decisions_know_no_clock_and_no_await() {
    let pure = |name: &str| {
        name.starts_with("shared/src/")
            || name.starts_with("scanner-core/src/sync/proto")
            || name.starts_with("scanner-core/src/sync/gossip")
            || (name.starts_with("server/src/") && name.ends_with("/model.rs"))
    };
    let mut seen = 0;
    for path in files("rs") {
        if !pure(&path.to_string_lossy()) {
            continue;
        }
        seen += 1;
        let text = read(&path);
        for effect in [
            ".await",
            "SystemTime",
            "Instant::now",
            "std::fs",
            "std::net",
            "rand::",
            "std::env",
        ] {
            assert!(!text.contains(effect), "{} uses {effect}", path.display());
        }
    }
    assert!(seen > 20, "the rule found only {seen} pure files");
}
