//! The tree along which entries are pushed: which links are eager, and how long a push is waited for.
//!
//! Eager links that go round in a circle bring everything twice, so one of them is cut; where what a
//! lazy link told of does not come by itself, that link is made eager again (Plumtree). Both hold for
//! either side of a link: one tree serves all writers. With hundreds of writers at once two things
//! keep it from being cut and mended for ever: cuts are rare and go by what came lately, and a push
//! is waited for as long as pushes are seen to take.
//!
//! Invariant: a link is cut only while another eager one is left.

use shared::log::LogId;
use shared::sync::frame::Message;

use super::LinkId;
use super::input::Now;
use super::links::Offer;
use super::node::Node;

/// Entries by which a link is judged, and from how many on older ones count half.
const TALLY_MIN: u64 = 8;
const TALLY_MAX: u64 = 32;
/// Between two cuts of one device: a random time between these. Were a circle cut in two places at
/// once, one part would hear nothing by itself.
const PRUNE_MILLIS: (u64, u64) = (300, 1_500);
/// A push is waited for so long at most: longer mends slowly what is broken, and shorter asks for
/// what is under way.
const PATIENCE_MAX: u64 = 150;

/// How long pushes come after the notes that outran them: the mean and how far they stray from it,
/// smoothed as TCP smooths its round trips (RFC 6298).
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    least: u64,
    /// Sixteenths of a millisecond, so that small steps count.
    mean: u64,
    strays: u64,
}

impl Patience {
    pub(super) const fn new(least: u64) -> Self {
        Self {
            least,
            mean: 0,
            strays: 0,
        }
    }

    /// A push came so many milliseconds after the first note of it.
    pub(super) fn waited(&mut self, millis: u64) {
        let took = millis.min(PATIENCE_MAX) * 16;
        self.strays = (self.strays * 3 + self.mean.abs_diff(took)) / 4;
        self.mean = (self.mean * 7 + took) / 8;
    }

    /// How long a push is waited for, milliseconds.
    pub(super) fn millis(self) -> u64 {
        let wait = (self.mean + 5 * self.strays) / 16;
        wait.clamp(self.least, PATIENCE_MAX.max(self.least))
    }
}

impl Node {
    /// Entries that a link pushed, and those of them that had been pushed before.
    pub(super) fn tally(&mut self, now: Now, link: LinkId, came: u64, again: u64) {
        let Some(of) = self.links.get_mut(&link) else {
            return;
        };
        of.tally.0 += came;
        of.tally.1 += again;
        let is_again = again * 2 >= came;
        let (came, again) = of.tally;
        // A phone that still hangs on two hubs makes the link between them look idle.
        let share = if of.hub && self.options.hub { 2 } else { 4 };
        let often = came >= TALLY_MIN && again * share >= came;
        if came >= TALLY_MAX {
            // Half as much weight for what is long ago.
            of.tally = (came / 2, again / 2);
        }
        if often && is_again && of.eager && now.millis >= self.prune_at && self.eager_links() > 1 {
            self.prune(now, link);
        }
    }

    fn prune(&mut self, now: Now, link: LinkId) {
        if let Some(of) = self.links.get_mut(&link) {
            of.eager = false;
        }
        self.work.prunes += 1;
        self.send(link, Message::Prune);
        self.count_anew(now);
    }

    /// It had what nobody brought: from now on it brings, and is brought to.
    pub(super) fn graft(&mut self, now: Now, link: LinkId) {
        if let Some(of) = self.links.get_mut(&link) {
            of.eager = true;
        }
        self.work.grafts += 1;
        self.send(link, Message::Graft);
        self.count_anew(now);
    }

    /// The tree is another one: what was counted on the old one says nothing of it.
    pub(super) fn count_anew(&mut self, now: Now) {
        let (soonest, latest) = PRUNE_MILLIS;
        self.prune_at = now.millis + self.random.between(soonest, latest);
        for of in self.links.values_mut() {
            of.tally = (0, 0);
        }
    }

    /// A peer has what should have been pushed, and may still come by itself for a while.
    pub(super) fn missed(&mut self, now: Now, link: LinkId, id: LogId, next_seq: u32) {
        let offer = Offer {
            next_seq,
            at: now.millis + self.patience.millis(),
            graft: true,
            first: next_seq,
            since: now.millis,
            newest: now.millis,
        };
        self.offer(link, id, offer);
    }

    /// Something of a log was pushed: whoever had told of it is not waited for any more.
    pub(super) fn heard(&mut self, now: Now, id: LogId) {
        let tip = self.logs.get(&id).map_or(0, |log| log.tip.next_seq);
        let wait = self.patience.millis();
        for of in self.links.values_mut() {
            let Some(offer) = of.offers.get_mut(&id).filter(|of| of.graft) else {
                continue;
            };
            if offer.first > tip {
                continue;
            }
            self.patience.waited(now.millis.saturating_sub(offer.since));
            if offer.next_seq <= tip {
                of.offers.remove(&id);
                continue;
            }
            // What was offered later has its own time.
            offer.first = offer.next_seq;
            offer.since = offer.newest;
            offer.at = offer.newest + wait;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PATIENCE_MAX, Patience};

    #[test]
    fn pushes_are_waited_for_as_long_as_they_take() {
        // V1
        let mut patience = Patience::new(60);
        assert_eq!(patience.millis(), 60);
        for _ in 0..50 {
            patience.waited(10);
        }
        assert_eq!(patience.millis(), 60, "never less than the least");
        for _ in 0..50 {
            patience.waited(90);
        }
        let steady = patience.millis();
        assert!((90..=120).contains(&steady), "{steady}");
        for late in [10, 140, 10, 140] {
            patience.waited(late);
        }
        assert!(patience.millis() > steady, "what strays is waited for");
        for _ in 0..50 {
            patience.waited(1_000_000);
        }
        assert_eq!(patience.millis(), PATIENCE_MAX);
    }
}
