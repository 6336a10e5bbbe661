//! Keeps a gossip going for a program with a screen: begins, tries again when it cannot begin, makes
//! pauses, and ends with its handle.
//!
//! Invariants: nobody who gives an order waits for the network; an address that a person gave is
//! called again after each pause; orders and addresses are bounded.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::gossip::{Gossip, GossipOptions};
use super::report::GossipEvent;
use crate::clock::Edge;
use crate::error::{Cause, Error, Kind};
use crate::sync::transport::lan::PeerAddress;

/// A port that is taken, or another program that talks for this device: they may end.
const AGAIN_AFTER: Duration = Duration::from_secs(10);
/// Orders come from people; what is beyond this waits for nothing.
const ORDERS_MAX: usize = 64;
/// Addresses that people gave; the oldest is forgotten, unless a member answered there.
const GIVEN_MAX: usize = 16;

enum Order {
    Call(PeerAddress),
    Pause,
    Resume,
}

/// Talks with other devices until it is dropped.
pub struct Neighbours {
    /// Dropped: it is to end.
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Neighbours {
    /// On a data directory that may not be enrolled yet. `told` must not block; it also hears why
    /// nothing can begin, each time that it was tried.
    pub fn keep(
        dir: PathBuf,
        edge: Edge,
        options: GossipOptions,
        told: impl Fn(GossipEvent) + Clone + Send + 'static,
    ) -> Result<Self, Error> {
        let (orders, taken) = sync_channel(ORDERS_MAX);
        let thread = std::thread::Builder::new()
            .name("neighbours".to_owned())
            .spawn(move || {
                keep_talking(&taken, |given| {
                    let mut options = options.clone();
                    options.peers.extend_from_slice(given);
                    let begun = Gossip::start(&dir, edge.clone(), options, Box::new(told.clone()));
                    begun
                        .inspect_err(|error| {
                            if let Some(why) = trouble(error) {
                                told(GossipEvent::Trouble { why });
                            }
                        })
                        .ok()
                });
            })
            .map_err(|error| Cause::Input(format!("no thread can be started: {error}")))?;
        Ok(Self {
            orders: Some(orders),
            thread: Some(thread),
        })
    }

    /// Calls an address that a person gave, now and after each pause.
    pub fn call(&self, address: PeerAddress) {
        self.order(Order::Call(address));
    }

    /// Ends all links: this device is out of sight, and its system may stop it at any moment.
    pub fn pause(&self) {
        self.order(Order::Pause);
    }

    /// Begins again, at once: after a pause, or when what stood in the way has gone.
    pub fn resume(&self) {
        self.order(Order::Resume);
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders
            && orders.try_send(order).is_err()
        {
            tracing::warn!("an order to talk with other devices was lost: too many wait");
        }
    }
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was told by the panic itself.
            let _ended = thread.join();
        }
    }
}

impl std::fmt::Debug for Neighbours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Neighbours")
    }
}

/// What people are to know of a begin that failed.
fn trouble(error: &Error) -> Option<String> {
    match error.kind() {
        // `kiosk gossip` runs beside this program, and its links are shown like own ones; or there
        // is nobody to be yet.
        Kind::InUse | Kind::NotEnrolled => None,
        _ => Some(error.to_string()),
    }
}

/// What was begun: a gossip, or a test's.
trait Talks {
    fn call(&self, address: PeerAddress);
}

impl Talks for Gossip {
    fn call(&self, address: PeerAddress) {
        Self::call(self, address);
    }
}

/// Until nobody gives orders any more.
fn keep_talking<T: Talks>(orders: &Receiver<Order>, begin: impl Fn(&[PeerAddress]) -> Option<T>) {
    let mut given: Vec<PeerAddress> = Vec::new();
    let mut talking: Option<T> = None;
    let mut paused = false;
    loop {
        if talking.is_none() && !paused {
            talking = begin(&given);
        }
        match orders.recv_timeout(AGAIN_AFTER) {
            Ok(Order::Call(address)) => {
                remember(&mut given, address.clone());
                if let Some(talking) = &talking {
                    talking.call(address);
                }
            }
            Ok(Order::Pause) => {
                paused = true;
                talking = None;
            }
            Ok(Order::Resume) => paused = false,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn remember(given: &mut Vec<PeerAddress>, address: PeerAddress) {
    given.retain(|of| *of != address);
    if given.len() >= GIVEN_MAX {
        given.remove(0);
    }
    given.push(address);
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    fn at(port: u16) -> PeerAddress {
        format!("10.0.0.1:{port}").parse().expect("an address")
    }

    /// Writes down what happens to it.
    struct Noted<'a>(&'a RefCell<Vec<String>>);

    impl Talks for Noted<'_> {
        fn call(&self, address: PeerAddress) {
            self.0
                .borrow_mut()
                .push(format!("calls {}", address.port()));
        }
    }

    impl Drop for Noted<'_> {
        fn drop(&mut self) {
            self.0.borrow_mut().push("ends".to_owned());
        }
    }

    /// What comes of these orders when `begin` works from the given attempt on.
    fn play(orders: Vec<Order>, works_from: usize) -> Vec<String> {
        let (give, taken) = sync_channel(ORDERS_MAX);
        for order in orders {
            give.send(order).expect("room");
        }
        drop(give);
        let (seen, attempts) = (RefCell::new(Vec::new()), Cell::new(0));
        keep_talking(&taken, |given| {
            attempts.set(attempts.get() + 1);
            let ports: Vec<u16> = given.iter().map(PeerAddress::port).collect();
            let begins = attempts.get() >= works_from;
            let what = if begins { "begins" } else { "cannot" };
            seen.borrow_mut().push(format!("{what} {ports:?}"));
            begins.then(|| Noted(&seen))
        });
        seen.into_inner()
    }

    #[test]
    fn what_a_person_gave_is_called_at_once_and_after_each_pause() {
        // V1
        let orders = vec![
            Order::Call(at(1)),
            Order::Pause,
            Order::Call(at(2)),
            Order::Pause,
            Order::Resume,
            Order::Resume,
        ];
        let seen = play(orders, 0);
        assert_eq!(
            seen,
            ["begins []", "calls 1", "ends", "begins [1, 2]", "ends"]
        );
    }

    #[test]
    fn what_cannot_begin_is_tried_again_and_at_once_when_asked() {
        // V6
        let orders = vec![Order::Call(at(1)), Order::Resume];
        assert_eq!(
            play(orders, 3),
            ["cannot []", "cannot [1]", "begins [1]", "ends"]
        );
    }

    #[test]
    fn the_oldest_of_too_many_addresses_is_forgotten() {
        let mut given = Vec::new();
        for port in 1..=20 {
            remember(&mut given, at(port));
        }
        remember(&mut given, at(7));
        assert_eq!(given.len(), GIVEN_MAX);
        assert_eq!((given.first(), given.last()), (Some(&at(5)), Some(&at(7))));
    }
}
