//! `kiosk run`: the full-screen gate. Scan, sync and screen together, for a weekend.
//!
//! `screen` says what happens and is pure (events in, effects out: `acts`; the supervisor's page:
//! `supervise`), `keys` makes keys of bytes, `wedge` tells readers from hands, `view`, `pages` and
//! `bars` draw cells on a `page`; `gate` carries events and effects between them and the threads:
//! `terminal` reads keys, `decider` owns the scanner, `eye` is the camera, `touch` the chip reader, `uplink` syncs with the
//! server, `neighbours` with other devices. Before there is a device, `waiting` waits for an enrolment.
//!
//! Invariants: the thread that reads keys waits for nothing but its queue, so no key is lost while
//! an answer is made; an answer is shown after the core gave it; what is remembered is bounded.

mod acts;
mod bars;
mod decider;
mod eye;
mod gate;
mod keys;
mod news;
mod page;
mod pages;
mod risk;
mod screen;
mod shapes;
mod supervise;
mod terminal;
mod touch;
mod uplink;
mod view;
mod waiting;
mod wedge;

pub(crate) use gate::run;
