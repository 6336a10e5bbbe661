//! The binary as scripts and staff see it: help, exit codes, one line a scan.

// The server in memory that scanner-core is tested against: here it fills data directories, which
// the binary then works with alone.
mod camera;
mod carry;
#[expect(dead_code, reason = "scanner-core's own tests use all of it")]
#[path = "../../../scanner-core/tests/it/exchange.rs"]
mod exchange;
mod gate;
mod gossip;
mod help;
mod kiosk;
mod pty;
mod scan;
#[expect(dead_code, reason = "scanner-core's own tests use all of it")]
#[path = "../../../scanner-core/tests/it/server.rs"]
mod server;
mod supervise;
mod together;
mod trouble;
#[expect(dead_code, reason = "scanner-core's own tests use all of it")]
#[path = "../../../scanner-core/tests/it/wire.rs"]
mod wire;
