//! The network: who reaches whom, what is lost, who dials.

use scanner_core::gossip::{Input, LinkId};
use shared::ids::DeviceId;

use crate::world::{Event, Wire, World};

/// How long a transport takes to notice that nobody answers.
const SILENCE_MILLIS: u64 = 3_000;

impl World {
    /// Hubs mesh with six links, phones hang on two hubs and one other.
    pub(crate) fn choose_neighbours(&mut self, at: usize) -> Vec<usize> {
        let (hubs, all) = (self.plan.hubs, self.plan.devices);
        let mut chosen: Vec<usize> = if at < hubs {
            [1, 2, hubs / 2].map(|step| (at + step) % hubs).to_vec()
        } else {
            vec![at % hubs, (at * 7 + 1) % hubs, self.random.below(all)]
        };
        chosen.retain(|other| *other != at);
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    pub(crate) fn carry(&mut self, from: usize, link: u64, bytes: Vec<u8>) {
        self.devices[from].bytes += bytes.len() as u64;
        let Some(wire) = self.wires.get(&link) else {
            return;
        };
        let to = wire.other(from);
        if !self.reaches(from, to) {
            return;
        }
        let lost = self.rough && self.random.chance(self.plan.loss);
        if lost && !self.plan.ordered {
            return;
        }
        if let Some(watch) = &mut self.watch {
            watch.framed(from, to, bytes.len());
        }
        let way = wire.way_to(to);
        if lost || !wire.resend[way].is_idle() {
            self.hold_back(link, to, bytes, lost);
            return;
        }
        if self.rough && self.random.chance(self.plan.doubled) {
            let again = bytes.clone();
            self.deliver(link, from, to, again);
        }
        self.deliver(link, from, to, bytes);
    }

    /// TCP hands nothing over while something before it is missing.
    fn hold_back(&mut self, link: u64, to: usize, bytes: Vec<u8>, lost: bool) {
        let there = self.delay_to(to);
        let told_at = self.time + there + self.delay_to(to);
        let now = self.time;
        let Some(wire) = self.wires.get_mut(&link) else {
            return;
        };
        let resend = &mut wire.resend[wire.way_to(to)];
        let due = if lost {
            Some(resend.lost(bytes, now))
        } else {
            resend.came_through(bytes, told_at).then_some(told_at)
        };
        if let Some(due) = due {
            self.later(due - now, Event::Resend { link, to });
        }
    }

    /// What is due is sent again, and what nothing is missing before is handed over.
    pub(crate) fn resend(&mut self, link: u64, to: usize) {
        let delay = self.delay_to(to);
        let (now, rough, loss) = (self.time, self.rough, self.plan.loss);
        let Some(wire) = self.wires.get_mut(&link) else {
            return;
        };
        let (way, from) = (wire.way_to(to), wire.other(to));
        let random = &mut self.random;
        let (sent, due) = wire.resend[way].again(now, || rough && random.chance(loss));
        let mut arrived = Vec::new();
        while let Some(bytes) = wire.resend[way].hand_over() {
            arrived.push(bytes);
        }
        let at = wire.last_at[way].max(now + delay);
        if !arrived.is_empty() {
            wire.last_at[way] = at;
        }
        for bytes in arrived {
            self.later(at - now, Event::Deliver { link, to, bytes });
        }
        for due in due {
            self.later(due - now, Event::Resend { link, to });
        }
        if let Some(watch) = &mut self.watch {
            for bytes in sent {
                watch.framed(from, to, bytes);
            }
        }
    }

    fn delay_to(&mut self, to: usize) -> u64 {
        let (low, high) = self.plan.delay;
        self.random.between(low, high) + self.devices[to].slow
    }

    fn deliver(&mut self, link: u64, from: usize, to: usize, bytes: Vec<u8>) {
        let delay = self.delay_to(to);
        let ready = self.time.max(self.devices[from].busy_until / 1_000_000);
        let Some(wire) = self.wires.get_mut(&link) else {
            return;
        };
        let way = wire.way_to(to);
        let takes = bytes.len() as u64 / self.plan.bytes_per_milli;
        wire.sent_at[way] = wire.sent_at[way].max(ready) + takes;
        let mut arrives = wire.sent_at[way] + delay;
        if self.plan.ordered {
            arrives = arrives.max(wire.last_at[way]);
        }
        wire.last_at[way] = arrives;
        let after = arrives - self.time;
        self.later(after, Event::Deliver { link, to, bytes });
    }

    fn take_wire(&mut self, link: u64) -> Option<Wire> {
        let wire = self.wires.remove(&link)?;
        let pair = pair(wire.ends);
        if self.linked.get(&pair) == Some(&link) {
            self.linked.remove(&pair);
        }
        Some(wire)
    }

    pub(crate) fn reaches(&self, from: usize, to: usize) -> bool {
        self.islands[from] == self.islands[to] && !self.blocked.contains(&(from, to))
    }

    /// One end is gone: the other hears of it, now or when nobody answers.
    pub(crate) fn hang_up(&mut self, from: usize, link: u64) {
        let Some(wire) = self.take_wire(link) else {
            return;
        };
        let to = wire.other(from);
        let after = if self.reaches(from, to) {
            20
        } else {
            SILENCE_MILLIS
        };
        self.later(after, Event::Down { link, to });
    }

    /// Links over which nothing comes any more are given up by both ends.
    pub(crate) fn cut_silent(&mut self) {
        let silent: Vec<u64> = self
            .wires
            .iter()
            .filter(|(_, wire)| {
                let [a, b] = wire.ends;
                !(self.reaches(a, b) && self.reaches(b, a))
            })
            .map(|(link, _)| *link)
            .collect();
        for link in silent {
            if let Some(wire) = self.take_wire(link) {
                for to in wire.ends {
                    self.later(SILENCE_MILLIS, Event::Down { link, to });
                }
            }
        }
    }

    pub(crate) fn connect(&mut self, at: usize) {
        let again = self.random.between(700, 1_300);
        self.later(again, Event::Connect { device: at });
        if self.devices[at].node.is_none() || self.devices[at].paused {
            return;
        }
        for other in self.devices[at].neighbours.clone() {
            if !self.linked.contains_key(&pair([at, other])) {
                self.dial(at, other, false);
            }
        }
    }

    pub(crate) fn visit(&mut self, at: usize, other: DeviceId) {
        let other = self.devices.iter().position(|of| of.id == other);
        if let Some(other) = other {
            self.dial(at, other, true);
        }
    }

    pub(crate) fn dial(&mut self, from: usize, to: usize, visit: bool) {
        let answers = self.devices[to].node.is_some() && !self.devices[to].paused;
        if from == to || !answers || !self.reaches(from, to) || !self.reaches(to, from) {
            return;
        }
        let link = self.next_wire;
        self.next_wire += 1;
        self.wires.insert(
            link,
            Wire {
                ends: [from, to],
                sent_at: [0; 2],
                last_at: [0; 2],
                resend: Default::default(),
            },
        );
        if !visit {
            self.linked.insert(pair([from, to]), link);
        }
        for (me, other) in [(to, from), (from, to)] {
            let key = self.devices[other].key.verifying_key().to_bytes();
            if self.wires.contains_key(&link) {
                self.input(
                    me,
                    Input::Up {
                        link: LinkId(link),
                        key,
                        visit,
                    },
                );
            }
        }
    }
}

impl Wire {
    fn other(&self, one: usize) -> usize {
        if self.ends[0] == one {
            self.ends[1]
        } else {
            self.ends[0]
        }
    }

    fn way_to(&self, to: usize) -> usize {
        usize::from(self.ends[0] == to)
    }
}

/// The two ends, in order.
fn pair(ends: [usize; 2]) -> [usize; 2] {
    [ends[0].min(ends[1]), ends[0].max(ends[1])]
}
