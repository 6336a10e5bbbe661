//! `docs/security.md` names the test that proves each row of the threat table: they must exist, and
//! every threat must have one.

use std::collections::BTreeSet;
use std::path::Path;

use crate::{files, read};

const PAGE: &str = "docs/security.md";
/// The rows of the threat table that the design sets.
const THREATS: &[&str] = &[
    "attendee with a screenshot",
    "scalper reselling copies",
    "pre-play / live relay",
    "counterfeit printer",
    "text-variant of a used or revoked ticket",
    "malicious gate staff",
    "stolen scanner",
    "rogue device on LAN",
    "MITM on venue Wi-Fi",
    "rollback or freeze of the snapshot",
    "server DB dump",
    "stolen issuing key",
    "insider organiser",
    "replayed or forged webhook",
    "clock tampering, scanner",
    "clock tampering, phone",
    "enrolment QR photographed",
    "side channel or fault on signer",
    "parser exhaustion",
];

/// Threat, tests, and what remains, of each row of the table.
fn rows() -> Vec<(String, Vec<String>, String)> {
    let page = read(Path::new(PAGE));
    let rows = page.lines().filter(|line| line.starts_with("| **"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{PAGE}: {line}");
        let threat = cells[0].trim_matches('*').to_owned();
        let ticks = cells[2].split('`').skip(1).step_by(2);
        let tests = ticks.map(str::to_owned).collect();
        (threat, tests, cells[3].trim_end_matches(" |").to_owned())
    })
    .collect()
}

/// Every function that is marked as a test, or written inside `proptest!`.
fn tests_of_the_house() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in files("rs") {
        let text = read(&path);
        let mut lines = text.lines().map(str::trim).peekable();
        while let Some(line) = lines.next() {
            if !matches!(line, "#[test]" | "#[tokio::test]") {
                continue;
            }
            while lines.peek().is_some_and(|next| next.starts_with("#[")) {
                lines.next();
            }
            let declared = lines.peek().copied().unwrap_or_default();
            let declared = declared.strip_prefix("async ").unwrap_or(declared);
            if let Some(rest) = declared.strip_prefix("fn ") {
                let name: String = rest
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                found.insert(name);
            }
        }
    }
    assert!(found.len() > 500, "the rule found only {}", found.len());
    found
}

#[test]
fn every_threat_has_its_row_and_every_row_says_what_remains() {
    let rows = rows();
    let named: Vec<&str> = rows.iter().map(|(threat, ..)| threat.as_str()).collect();
    assert_eq!(named, THREATS);
    for (threat, _, remains) in &rows {
        assert!(!remains.is_empty(), "{threat}: what remains?");
    }
}

#[test]
fn the_tests_that_prove_the_threat_table_exist() {
    let known = tests_of_the_house();
    for (threat, tests, _) in rows() {
        assert!(!tests.is_empty(), "{threat} is proven by no test");
        for test in tests {
            assert!(known.contains(&test), "{threat}: there is no test {test}");
        }
    }
}

/// A page that forgets its own proofs tells less than it could.
#[test]
fn a_test_that_is_named_after_a_threat_stands_in_its_row() {
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    let known = tests_of_the_house();
    let mut named = 0;
    for (threat, tests, _) in rows() {
        let about = |test: &&String| letters(test).starts_with(&letters(&threat));
        for test in known.iter().filter(about) {
            assert!(tests.contains(test), "{threat}: {test} is not in its row");
            named += 1;
        }
    }
    assert!(named >= 10, "only {named}");
}

/// Items of the negative corpus: 1 to 100.
#[test]
fn every_item_of_the_negative_corpus_is_named_by_a_test() {
    let mut named = BTreeSet::new();
    for path in files("rs") {
        let text = read(&path);
        for line in text.lines() {
            let Some((_, comment)) = line.split_once("//") else {
                continue;
            };
            for part in comment.split("corpus ").skip(1) {
                named.extend(items(part));
            }
        }
    }
    let missing: Vec<u8> = (1..=100).filter(|item| !named.contains(item)).collect();
    assert!(missing.is_empty(), "no test names corpus {missing:?}");
}

/// "40, 41 (class), 83-85 and 90; the rest": numbers and ranges, up to the first word that is neither.
fn items(text: &str) -> Vec<u8> {
    let mut found = Vec::new();
    let words = text.split([' ', ',', ';']).filter(|word| !word.is_empty());
    for word in words {
        let word = word.trim_end_matches(['.', ':', ')']);
        let ends = word.split_once('-').unwrap_or((word, word));
        match (ends.0.parse::<u8>(), ends.1.parse::<u8>()) {
            (Ok(first), Ok(last)) => found.extend(first..=last),
            _ if ["and", "corpus"].contains(&word) || word.starts_with('(') => {}
            _ => break,
        }
    }
    found
}

#[test]
fn items_are_read_as_they_are_written() {
    assert_eq!(items("40"), [40]);
    assert_eq!(items("83, 84 and 90: alarm 3"), [83, 84, 90]);
    assert_eq!(items("78 (tag), 79 (header"), [78, 79]);
    assert_eq!(items("1-3 76; the rest"), [1, 2, 3, 76]);
}
