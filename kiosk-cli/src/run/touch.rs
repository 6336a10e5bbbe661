//! The chip reader of a gate: tried again when its service ends, because somebody restarts it.

use std::time::Duration;

use super::acts::Event;
use super::terminal::Bus;
use crate::chips;

const AGAIN_AFTER: Duration = Duration::from_secs(3);

/// On a thread that ends with the process.
pub(super) fn start(named: String, bus: Bus) {
    std::thread::spawn(move || {
        let named = (!named.is_empty()).then_some(named.as_str());
        loop {
            let news = |news: &str| {
                bus.tell(Event::Trouble(news.to_owned()));
            };
            let ended = chips::watch(named, news, |chip| {
                let touched = chip.map_err(|error| chips::told(&error));
                bus.tell(Event::Touched(touched))
            });
            let Err(error) = ended else {
                return;
            };
            if !bus.tell(Event::Trouble(format!("chips: {error}"))) {
                return;
            }
            std::thread::sleep(AGAIN_AFTER);
        }
    });
}
