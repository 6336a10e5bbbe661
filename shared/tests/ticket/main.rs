//! The ticket token against its known answer, the negative corpus, published vectors, properties
//! and the golden files. One binary; one module per suite.

mod chain;
mod chip;
mod codec;
mod corpus;
mod fixture;
mod golden;
mod golden_chain;
#[path = "../support/golden.rs"]
mod golden_file;
mod known_answer;
mod properties;
mod public_vectors;
mod sealed;
mod typed;
