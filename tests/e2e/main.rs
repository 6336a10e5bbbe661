//! End to end: real processes, real HTTP, real files. Each file is one story.

mod ahead;
mod chips;
mod crash;
mod described;
mod enrolment;
mod gossip;
mod islands;
mod journey;
mod mail;
mod offline;
mod onsale;
mod overrule;
mod paths;
mod qr;
mod refusals;
mod reissue;
mod scenarios;
mod screen;
mod selling;
mod steps;
mod stolen;
mod strict;
mod tampering;
mod turning;
mod watching;
mod weekend;
