//! Claimed tickets over HTTP: still ones, and those whose code turns.

mod activating;
mod binding;
mod claiming;
mod reissuing;
mod sealing;
