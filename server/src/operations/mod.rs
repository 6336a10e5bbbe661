//! What administrators see of the machinery, and do about it (H3): jobs that wait, run, or failed for
//! good.
//!
//! Invariant: nothing here changes what a job is about; it only starts again what stands.

mod find;
pub mod http;
mod retry;
#[cfg(test)]
mod tests;
