//! The camera of a gate: started again when it ends, because somebody trips over its cable.

use std::time::Duration;

use scanner_core::Edge;

use super::acts::Event;
use super::terminal::Bus;
use crate::camera;

const AGAIN_AFTER: Duration = Duration::from_secs(3);

/// On a thread that ends with the process, and its command with it: its pipe is closed then.
pub(super) fn start(named: String, edge: &Edge, bus: Bus) {
    let clock = edge.clock.clone();
    std::thread::spawn(move || {
        loop {
            let ended = camera::watch(&named, &*clock, |code| bus.tell(Event::Seen(code)));
            let how = ended.unwrap_or_else(|error| error.to_string());
            let told = format!("the camera has ended ({how}): it is started again");
            if !bus.tell(Event::Trouble(told)) {
                return;
            }
            std::thread::sleep(AGAIN_AFTER);
        }
    });
}
