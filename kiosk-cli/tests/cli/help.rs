//! What `--help` says is part of the interface.

use crate::kiosk::{Kiosk, code, stdout};

#[test]
fn help_lists_the_commands_and_the_exit_codes() {
    let output = Kiosk::new().run(&["--help"]);
    assert_eq!(code(&output), 0);
    insta::assert_snapshot!("help", stdout(&output));
}

#[test]
fn help_of_scan_lists_its_options() {
    let output = Kiosk::new().run(&["scan", "--help"]);
    assert_eq!(code(&output), 0);
    insta::assert_snapshot!("help_scan", stdout(&output));
}

#[test]
fn help_of_run_and_enrol_list_their_options() {
    let output = Kiosk::new().run(&["run", "--help"]);
    assert_eq!(code(&output), 0);
    insta::assert_snapshot!("help_run", stdout(&output));
    let output = Kiosk::new().run(&["enrol", "--help"]);
    assert_eq!(code(&output), 0);
    insta::assert_snapshot!("help_enrol", stdout(&output));
}
