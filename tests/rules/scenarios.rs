//! Every scenario that gate staff rely on has a test that names it.
//!
//! The numbers are those of the list of check-in scenarios that the gate was built from (gaps are
//! intended). A test names its numbers in the comment on its first lines: `// S24 S108`.

use std::collections::{BTreeMap, BTreeSet};

use crate::{files, read};

/// Numbers are stable: gaps are intended.
#[rustfmt::skip]
const ALL: [u16; 120] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 15, 16, 17, 18, 19, 20,
    22, 24, 26, 27, 28, 29, 30, 31, 32, 34, 35, 37, 38, 40, 41, 43, 45, 47,
    48, 49, 50, 51, 52, 54, 55, 56, 57, 58, 59, 60, 61, 62, 64, 65, 66, 67,
    68, 69, 70, 72, 73, 74, 75, 77, 78, 79, 80, 81, 83, 85, 86, 87, 89, 91,
    92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 106, 108, 109, 110, 111,
    113, 115, 116, 117, 118, 120, 121, 122, 123, 124, 125, 126, 127, 128, 130, 131, 132, 134,
    135, 136, 137, 138, 140, 141, 142, 143, 144, 145, 146, 147,
];

/// What is not ours, and why.
const OUT_OF_SCOPE: &[(u16, &str)] = &[
    (
        64,
        "an order has no code that people read: guests are found by name or serial, with state",
    ),
    (
        74,
        "a device is of one event, so no search can mix two; each event has its own devices",
    ),
    (
        111,
        "a gate asks no database server; what a scan may cost is a bar with a benchmark of its own",
    ),
    (
        134,
        "people search at a device, without a network; the server's lists go by id and page",
    ),
    (
        144,
        "a device is enrolled for one event and one gate by a link: there is nothing to select",
    ),
    (
        146,
        "there is no proxy: a hub is a peer on the roster, and gossip has tests of its own",
    ),
    (
        147,
        "there is no proxy: peers carry signed logs and statements, and answer nothing for others",
    ),
];

/// The suite that plays a scenario over REST and at an offline device, and expects the same words.
const BOTH_PATHS: &str = "tests/e2e/paths/";

/// What by its nature has one path only, and which. Everything else is played through both.
const ONE_PATH: &[(&[u16], &str)] = &[
    (
        &[60, 61, 62],
        "people search at a device, over the names that its own list has",
    ),
    (
        &[65],
        "a device's status is its own screen; the server's counts are those of all devices",
    ),
    (
        &[72],
        "only a device can be behind: a server knows every class that it signed for",
    ),
    (
        &[85, 86, 87, 89],
        "how a list comes to a device, whole, in parts or as a difference: sync alone",
    ),
    (
        &[94],
        "the rule language is one crate that both use, with a suite of its own",
    ),
    (
        &[103, 115],
        "what the server makes of an entry that comes late or twice: sync alone",
    ),
    (
        &[116, 145],
        "a name and a code are made when a ticket is claimed, over REST",
    ),
    (
        &[117, 118],
        "an id in a path is REST's; what a reader may write is played as texts",
    ),
    (
        &[135, 136],
        "who may ask for what is REST's; a device carries no more than it may show",
    ),
    (
        &[137],
        "each sentence is tested in each language; both paths' rows compare the sentences",
    ),
    (
        &[140],
        "settings are made over REST; the rows play what they mean at both",
    ),
    (
        &[141, 142, 143],
        "how a device becomes one, and ends: enrolment alone",
    ),
];

fn numbers() -> BTreeSet<u16> {
    ALL.into_iter().collect()
}

/// Numbers in the comments right below a test's first line, with the files that name them.
fn named() -> BTreeMap<u16, Vec<String>> {
    let mut named: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for path in files("rs") {
        let text = read(&path);
        let mut opened = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with("//") {
                let words = line.split(|c: char| !c.is_ascii_alphanumeric());
                let numbers = words.filter_map(|word| word.strip_prefix('S')?.parse().ok());
                for number in numbers.filter(|_| opened) {
                    named
                        .entry(number)
                        .or_default()
                        .push(path.display().to_string());
                }
                continue;
            }
            let is_fn = line.starts_with("fn ") || line.starts_with("async fn ");
            opened = is_fn && line.ends_with('{');
        }
    }
    named
}

#[test]
fn every_scenario_has_a_test_that_names_it() {
    let (all, named) = (numbers(), named());
    let excused: BTreeSet<u16> = OUT_OF_SCOPE.iter().map(|(number, _)| *number).collect();
    let missing: Vec<u16> = all
        .iter()
        .filter(|number| !named.contains_key(number) && !excused.contains(number))
        .copied()
        .collect();
    assert!(missing.is_empty(), "no test names S{missing:?}");
    let invented: Vec<_> = named
        .iter()
        .filter(|(number, _)| !all.contains(number))
        .collect();
    assert!(
        invented.is_empty(),
        "there is no such scenario: {invented:?}"
    );
}

#[test]
fn what_is_out_of_scope_says_why_and_is_not_tested() {
    let (all, named) = (numbers(), named());
    for (number, why) in OUT_OF_SCOPE {
        assert!(all.contains(number), "S{number} is no scenario");
        assert!(why.len() > 30, "S{number}: {why}");
        assert!(!named.contains_key(number), "S{number} is tested after all");
    }
}

#[test]
fn what_is_about_admission_is_played_through_both_paths() {
    let named = named();
    let one_path: BTreeMap<u16, &str> = ONE_PATH
        .iter()
        .flat_map(|(numbers, why)| numbers.iter().map(move |number| (*number, *why)))
        .collect();
    let excused: BTreeSet<u16> = OUT_OF_SCOPE.iter().map(|(number, _)| *number).collect();
    for number in numbers() {
        let files = named.get(&number).map_or(&[][..], Vec::as_slice);
        let both = files.iter().any(|file| file.contains(BOTH_PATHS));
        match one_path.get(&number) {
            Some(why) => {
                assert!(!both, "S{number} has both paths after all");
                assert!(why.len() > 30, "S{number}: {why}");
                assert!(!excused.contains(&number), "S{number} is out of scope");
            }
            None => assert!(
                both || excused.contains(&number),
                "S{number} is played by no test in {BOTH_PATHS}"
            ),
        }
    }
}
