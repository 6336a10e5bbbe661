//! The command line: parse, load the configuration, call, tell.
//!
//! Invariants: stdout carries what a command was asked for and nothing else; logs and hints go to
//! stderr. Exit codes: 0 done, 1 failed, 2 usage or configuration.

mod admin;
mod audit;
mod backup;
mod command;
mod demo;
mod journal;
mod keys;
mod lines;
mod serve;

pub use command::main;
use command::{block_on, print, tell};
