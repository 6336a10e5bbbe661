//! The configuration: defaults, then `gatehouse.toml`, then the environment.
//!
//! Invariants: this is the only module that reads the environment; unknown keys are errors, not
//! silence; secrets are [`Secret`]s and never printed; after [`load`] nothing is half-configured.

mod check;
mod secret;
mod settings;
mod sources;
#[cfg(test)]
mod tests;

pub use check::report;
pub use secret::Secret;
pub use settings::{
    Config, Limits, LogFormat, LogSettings, Mode, ObjectStore, Payos, Smtp, Stripe,
};
pub use sources::{ConfigError, Overrides, load, load_named, load_with};
