//! End to end: real processes, real HTTP, real files. Each file is one story.

mod crash;
mod enrolment;
mod journey;
mod offline;
mod qr;
mod refusals;
mod reissue;
mod scenarios;
mod steps;
mod turning;
mod watching;
