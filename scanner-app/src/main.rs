//! The phone and laptop scanner: a window around the verification core.
//!
//! Commands convert and delegate; every decision is made in `scanner-core`.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> anyhow::Result<()> {
    scanner_app::run()
}
