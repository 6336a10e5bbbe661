//! A device against a server made of the shared types, in memory: enrolment, sync, scans,
//! crashes, and what must be refused.

mod adding_on;
mod agree;
mod answering;
mod archive;
mod carry;
mod chip;
mod claims;
mod clocks;
mod crash;
mod cuts;
mod device;
mod enrol;
mod exchange;
mod inside;
mod keys;
mod made_up;
mod media;
mod neighbours;
mod overlap;
mod refusing;
mod scan;
mod sealed;
mod server;
mod supervise;
mod suspects;
mod sync;
mod threats;
mod turning;
mod typed;
mod wire;
mod writer;
