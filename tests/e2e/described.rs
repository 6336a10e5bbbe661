//! The API description against a fuzzer that reads it: what comes back is always one of the answers
//! that it tells of, in their shape, and never a 500.
//!
//! `GATEHOUSE_SCHEMATHESIS` names the folder where pip has put schemathesis; `tests/run` does that.
//! A longer run: `GATEHOUSE_FUZZ_EXAMPLES=100`, another one: `GATEHOUSE_FUZZ_SEED=2`.

use std::process::Command;

use tests::api::Api;
use tests::journey;
use tests::server::Server;

const FUZZER: &str = "GATEHOUSE_SCHEMATHESIS";
/// Inputs that are made for each operation beside those that cover its description.
const EXAMPLES: &str = "10";
const SEED: &str = "1";
/// What the three callers are to send together, at least.
const REQUESTS_MIN: u64 = 10_000;

/// How a person asks for another or a longer run.
fn asked(name: &str, usual: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| usual.to_owned())
}

/// Lets the fuzzer loose as this caller; gives the number of requests that it made up.
fn fuzz(fuzzer: &std::ffi::OsStr, server: &Server, caller: Option<&Api>, seed: &str) -> u64 {
    let mut command = Command::new("python3");
    command
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("{}/api/v1/openapi.json", server.url()))
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", &asked("GATEHOUSE_FUZZ_EXAMPLES", EXAMPLES)])
        .args(["--seed", seed])
        .args(["--suppress-health-check", "all", "--warnings", "off"])
        // What is described of a stream is the JSON in its events; the fuzzer judges the events.
        .args(["--exclude-path", "/api/v1/events/{id}/gate/live"])
        .arg("--continue-on-failure")
        .current_dir(server.data())
        .env("PYTHONPATH", fuzzer)
        .env("NO_COLOR", "1");
    if let Some(bearer) = caller.and_then(Api::bearer) {
        command.args(["--header", &format!("Authorization: Bearer {bearer}")]);
    }
    let ended = command.output().expect("python3");
    let said = String::from_utf8_lossy(&ended.stdout);
    let complained = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}\n{complained}");
    let generated = said.lines().find_map(|line| {
        let (count, _) = line.trim().split_once(" generated")?;
        count.parse::<u64>().ok()
    });
    generated.unwrap_or_else(|| panic!("how many?\n{said}"))
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "a suite that did not run must say so in the test output, and how much it did"
)]
fn a_fuzzer_that_reads_the_description_finds_no_answer_outside_it() {
    // N4 N1
    let Some(fuzzer) = std::env::var_os(FUZZER) else {
        eprintln!("note: the fuzzer was not run: {FUZZER} does not name its folder");
        return;
    };
    let mut server = Server::start();
    server.stop();
    server.make_admin("root", journey::PASSWORD);
    server.resume();
    let organizer = journey::account(&server.api(), "lan");
    let event = journey::event(&organizer, "River Festival", 50);
    let buyer = journey::account(&server.api(), "mai");
    journey::tickets(&buyer, &event, 2);
    let admin = journey::login(&server.api(), "root");
    let seed = asked("GATEHOUSE_FUZZ_SEED", SEED);
    let callers = [None, Some(&organizer), Some(&admin)];
    let made: u64 = callers
        .map(|of| fuzz(&fuzzer, &server, of, &seed))
        .iter()
        .sum();
    eprintln!("{made} requests made up");
    assert!(made >= REQUESTS_MIN, "only {made} requests");
    assert!(server.api().is_ready());
}
