//! Trust statements, keys, snapshots and enrolment against the negative corpus, properties and the
//! golden files. One binary; one module per suite.

mod checkpoints;
mod enrolments;
mod fixture;
mod formats;
mod golden;
mod keys;
mod properties;
mod roots;
mod scan_keys;
mod segments;
mod snapshots;
mod statement_cases;
mod statements;
mod supervisors;
