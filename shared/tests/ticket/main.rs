//! The ticket token against its known answer, the negative corpus, published vectors, properties
//! and the golden files. One binary; one module per suite.

mod codec;
mod corpus;
mod fixture;
mod golden;
mod known_answer;
mod properties;
mod public_vectors;
