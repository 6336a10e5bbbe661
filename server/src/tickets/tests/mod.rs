//! Claimed tickets over HTTP: still ones, and those whose code turns.

mod activating;
mod claiming;
mod reissuing;
mod sealing;
