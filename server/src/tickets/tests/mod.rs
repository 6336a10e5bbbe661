//! Claimed tickets over HTTP: still ones, and those whose code turns.

mod activating;
mod binding;
mod checking_in_ahead;
mod claiming;
mod printing;
mod reissuing;
mod sealing;
