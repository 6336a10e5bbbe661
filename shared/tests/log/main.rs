//! The device log: codec, chain, fold, golden vectors.

mod chain;
mod codec;
mod evidence;
mod fixture;
mod fold;
mod forks;
mod golden;
#[path = "../support/golden.rs"]
mod golden_file;
mod laws;
