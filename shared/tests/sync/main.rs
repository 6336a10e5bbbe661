//! Strict reading and the sync messages. One binary; one module per suite.

mod answers;
mod carried;
mod claims;
mod frames;
mod golden;
mod memory;
mod messages;
mod strict;
