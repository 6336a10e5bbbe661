//! What TCP does about lost segments, in one direction of a link: what comes after a lost one waits.
//!
//! As Linux does it (RFC 8985): an acknowledgement of something that was sent later tells that a
//! segment is lost, and it is sent again at once. When nothing is sent after it, a timer runs out.

use std::collections::VecDeque;

/// The least that the timer waits; twice as long each time.
const TIMER_MILLIS: u64 = 200;

enum Segment {
    Arrived(Vec<u8>),
    Missing {
        bytes: Vec<u8>,
        again_at: u64,
        timer: u64,
    },
}

/// What was sent and not yet handed over, in order. Empty while nothing is missing.
#[derive(Default)]
pub(crate) struct Resend(VecDeque<Segment>);

impl Resend {
    pub(crate) fn is_idle(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives when it is sent again, unless something tells sooner.
    pub(crate) fn lost(&mut self, bytes: Vec<u8>, now: u64) -> u64 {
        let again_at = now + TIMER_MILLIS;
        self.0.push_back(Segment::Missing {
            bytes,
            again_at,
            timer: TIMER_MILLIS,
        });
        again_at
    }

    /// A later one came through; its acknowledgement is back at `told_at`. Whether that brings
    /// anything forward.
    pub(crate) fn came_through(&mut self, bytes: Vec<u8>, told_at: u64) -> bool {
        let mut sooner = false;
        for segment in &mut self.0 {
            if let Segment::Missing { again_at, .. } = segment
                && told_at < *again_at
            {
                *again_at = told_at;
                sooner = true;
            }
        }
        self.0.push_back(Segment::Arrived(bytes));
        sooner
    }

    /// Sends again what is due: `lost` says of each whether it is lost again. Gives the lengths of what
    /// was sent, and when the next ones are due.
    pub(crate) fn again(
        &mut self,
        now: u64,
        mut lost: impl FnMut() -> bool,
    ) -> (Vec<usize>, Vec<u64>) {
        let (mut sent, mut due) = (Vec::new(), Vec::new());
        for segment in &mut self.0 {
            let Segment::Missing {
                bytes,
                again_at,
                timer,
            } = segment
            else {
                continue;
            };
            if *again_at > now {
                continue;
            }
            sent.push(bytes.len());
            if lost() {
                *timer *= 2;
                *again_at = now + *timer;
                due.push(*again_at);
            } else {
                *segment = Segment::Arrived(std::mem::take(bytes));
            }
        }
        (sent, due)
    }

    /// The next one that nothing is missing before.
    pub(crate) fn hand_over(&mut self) -> Option<Vec<u8>> {
        match self.0.pop_front()? {
            Segment::Arrived(bytes) => Some(bytes),
            missing @ Segment::Missing { .. } => {
                self.0.push_front(missing);
                None
            }
        }
    }
}
