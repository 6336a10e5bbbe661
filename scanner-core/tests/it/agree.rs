//! Whatever the order of scans, exchanges, cuts and restarts: nothing is lost, nothing is doubled,
//! and in the end all say the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use scanner_core::{Outcome, Reason, Scanner};

use crate::device::{Device, scan};
use crate::server::Server;
use crate::wire::Wire;

const DEVICES: usize = 3;
const TICKETS: u32 = 12;

#[derive(Clone, Debug)]
enum Step {
    Scan {
        device: usize,
        serial: u32,
    },
    Sync {
        device: usize,
    },
    /// The line breaks after some calls, before or after the server has worked.
    CutSync {
        device: usize,
        calls: usize,
        lose_answer: bool,
    },
    Restart {
        device: usize,
    },
    Publish {
        serial: u32,
    },
    ServerForgets,
}

fn step() -> impl Strategy<Value = Step> {
    let device = 0..DEVICES;
    prop_oneof![
        6 => (device.clone(), 0..TICKETS).prop_map(|(device, serial)| Step::Scan { device, serial }),
        2 => device.clone().prop_map(|device| Step::Sync { device }),
        2 => (device.clone(), 0_usize..3, any::<bool>()).prop_map(|(device, calls, lose_answer)| {
            Step::CutSync { device, calls, lose_answer }
        }),
        1 => device.prop_map(|device| Step::Restart { device }),
        1 => (0..TICKETS).prop_map(|serial| Step::Publish { serial }),
        1 => Just(Step::ServerForgets),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_converges(steps in prop::collection::vec(step(), 0..30)) {
        // V6
        let server = Server::new(TICKETS);
        let devices: Vec<Device> = (1..).take(DEVICES).map(|seed| Device::enrolled(&server, seed)).collect();
        let mut scanners: Vec<Scanner> = devices.iter().map(Device::open).collect();
        // What people at the gates were shown: admissions by ticket.
        let mut shown: BTreeMap<u32, usize> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Scan { device, serial } => {
                    let ticket = server.borrow().ticket(serial);
                    let verdict = scan(&mut scanners[device], &ticket);
                    prop_assert_eq!(verdict.durable, verdict.verdict == Outcome::Admit);
                    if verdict.durable {
                        *shown.entry(serial).or_default() += 1;
                    }
                }
                Step::Sync { device } => {
                    devices[device].sync();
                }
                Step::CutSync { device, calls, lose_answer } => {
                    let wire = &mut Wire::cut_after(&server, calls, lose_answer);
                    // Whether it got through in time does not matter.
                    let _outcome = devices[device].try_sync(wire);
                }
                Step::Restart { device } => {
                    // The lock goes with the old one.
                    scanners.remove(device);
                    scanners.insert(device, devices[device].open());
                }
                Step::Publish { serial } => {
                    let mut server = server.borrow_mut();
                    server.holders.insert(serial, "Somebody".to_owned());
                    server.publish();
                }
                Step::ServerForgets => server.borrow_mut().logs.clear(),
            }
        }
        // Quiet: everybody speaks with the server twice.
        for _ in 0..2 {
            for device in &devices {
                prop_assert_eq!(device.sync().pending, 0);
            }
        }
        let total: usize = shown.values().sum();
        let at_server: usize = server.borrow().logs.values().map(|log| log.bodies.len()).sum();
        prop_assert_eq!(at_server, total);
        for (device, scanner) in devices.iter().zip(&mut scanners) {
            let status = scanner.status().expect("a status");
            prop_assert_eq!(status.entries + status.entries_of_others, total as u64);
            prop_assert_eq!((status.contradicted, status.unjudged, status.pending), (0, 0, 0));
            let doubled: Vec<u32> = shown.iter().filter(|(_, times)| **times > 1).map(|(serial, _)| *serial).collect();
            let mut told: Vec<u32> = status.conflicts.iter().map(|of| of.serial).collect();
            told.sort_unstable();
            prop_assert_eq!(told, doubled);
            for serial in shown.keys() {
                let ticket = server.borrow().ticket(*serial);
                prop_assert_eq!(scan(scanner, &ticket).reason, Reason::AlreadyUsed);
            }
            // Nothing is left to say: the same exchange again changes nothing.
            let again = device.sync();
            prop_assert_eq!((again.sent, again.received, again.segments), (0, 0, 0));
        }
    }
}
