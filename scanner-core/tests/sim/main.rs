//! The gossip under a seeded simulator: hundreds of nodes, one thread, every fault, twelve
//! invariants, and seeded mistakes that it must find.
//!
//! It lives beside the node that it drives, so that it builds without the server. Signatures are
//! real in every seed; what was judged once is remembered (`verifier.rs`). A failing seed prints
//! itself; `GATEHOUSE_SIM_SEED=n` runs it alone. `GATEHOUSE_SIM_SEEDS=0..10000` and
//! `GATEHOUSE_SIM_SIZE=medium` (5 to 60 devices) or `large` (500) make the long runs of
//! `docs/performance.md`.

mod bugs;
mod checks;
mod deliveries;
mod device;
mod disk;
mod fold;
mod forged;
mod gates;
mod judgement;
mod net;
mod oracle;
mod plan;
mod random;
mod resend;
mod run;
mod seeds;
mod snapshots;
mod trouble;
mod verifier;
mod world;
