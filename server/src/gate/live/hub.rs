//! One look at the store for all readers of an event: who reads what, and how far.
//!
//! A hub lives as long as somebody reads. It looks at the store when this process says that
//! something happened, and otherwise every two seconds at the event's mark, which other processes
//! move too.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::api::live::{LiveChange, LiveState};
use shared::ids::EventId;
use tokio::sync::{Notify, mpsc};

use super::super::Error;
use super::{note, view};
use crate::app::AppState;

/// Between two looks at the mark while this process hears nothing.
const POLL: Duration = Duration::from_secs(2);
/// Rates fall and silence grows although nothing happens: each time this many polls were quiet.
const QUIET_POLLS: u32 = 5;
/// Between two looks while much happens.
const GAP: Duration = Duration::from_millis(250);
/// Frames that a reader may be behind before it is let go.
const QUEUE: usize = 64;
/// Frames that a reader who comes back can be given.
const RECENT: usize = 64;
const READERS_PER_EVENT_MAX: usize = 64;
const READERS_MAX: usize = 512;

/// One event of the stream.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) data: Arc<str>,
}

#[derive(Default)]
pub(in super::super) struct Hubs(Mutex<HashMap<EventId, Arc<Hub>>>);

struct Hub {
    /// Makes ids of this hub no other's.
    nonce: String,
    news: Notify,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    state: Option<LiveState>,
    seq: u64,
    recent: VecDeque<(u64, Frame)>,
    readers: Vec<mpsc::Sender<Frame>>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hubs {
    /// After a commit of this process.
    pub(in super::super) fn tell(&self, event: EventId) {
        if let Some(hub) = lock(&self.0).get(&event) {
            hub.news.notify_one();
        }
    }

    /// A reader more: first the state, or what it missed since the frame `last`.
    pub(super) fn join(
        &self,
        app: &AppState,
        event: EventId,
        last: Option<&str>,
    ) -> Result<mpsc::Receiver<Frame>, Error> {
        let mut hubs = lock(&self.0);
        let reading = |hub: &Arc<Hub>| lock(&hub.inner).readers.len();
        if hubs.values().map(reading).sum::<usize>() >= READERS_MAX
            || hubs.get(&event).map_or(0, reading) >= READERS_PER_EVENT_MAX
        {
            return Err(Error::TooManyReaders);
        }
        let hub = hubs.entry(event).or_insert_with(|| {
            let mut nonce = [0; 8];
            app.entropy.fill(&mut nonce);
            let hub = Arc::new(Hub {
                nonce: data_encoding::HEXLOWER.encode(&nonce),
                news: Notify::new(),
                inner: Mutex::default(),
            });
            tokio::spawn(run(app.clone(), event, Arc::clone(&hub)));
            hub
        });
        Ok(hub.join(last))
    }

    /// Whether nobody reads any more: then the hub is gone.
    fn close_if_idle(&self, event: EventId, hub: &Hub) -> bool {
        let mut hubs = lock(&self.0);
        let mut inner = lock(&hub.inner);
        inner.readers.retain(|reader| !reader.is_closed());
        let is_idle = inner.readers.is_empty();
        if is_idle {
            hubs.remove(&event);
        }
        is_idle
    }
}

impl Hub {
    fn join(&self, last: Option<&str>) -> mpsc::Receiver<Frame> {
        let (to, from) = mpsc::channel(QUEUE);
        let mut inner = lock(&self.inner);
        // Without a state the first look gives it to all.
        if let Some(state) = &inner.state {
            let missed = last.and_then(|last| self.missed(&inner, last));
            let frames = missed.unwrap_or_else(|| vec![self.frame(inner.seq, "state", state)]);
            for frame in frames {
                // An empty queue has room for all that can be missed.
                to.try_send(frame).ok();
            }
        }
        inner.readers.push(to);
        from
    }

    /// What came after the frame `last`; `None` when that is not known here.
    fn missed(&self, inner: &Inner, last: &str) -> Option<Vec<Frame>> {
        let (nonce, seq) = last.rsplit_once('-')?;
        let seq: u64 = seq.parse().ok()?;
        let oldest = inner.recent.front().map_or(inner.seq, |(seq, _)| *seq);
        if nonce != self.nonce || seq > inner.seq || seq.saturating_add(1) < oldest {
            return None;
        }
        let recent = inner.recent.iter();
        let later = recent.filter(|(of, _)| *of > seq);
        Some(later.map(|(_, frame)| frame.clone()).collect())
    }

    fn frame(&self, seq: u64, name: &'static str, data: &impl serde::Serialize) -> Frame {
        // Plain structs of the API: they always serialise.
        let data = serde_json::to_string(data).unwrap_or_default();
        Frame {
            id: format!("{}-{seq}", self.nonce),
            name,
            data: data.into(),
        }
    }

    /// Gives the readers what is new; those whose queue is full are let go.
    fn publish(&self, state: LiveState) {
        let mut inner = lock(&self.inner);
        let seq = inner.seq + 1;
        let frame = match &inner.state {
            None => Some(self.frame(seq, "state", &state)),
            Some(before) => {
                LiveChange::between(before, &state).map(|change| self.frame(seq, "change", &change))
            }
        };
        inner.state = Some(state);
        let Some(frame) = frame else {
            return;
        };
        inner.seq = seq;
        inner
            .readers
            .retain(|reader| reader.try_send(frame.clone()).is_ok());
        inner.recent.push_back((seq, frame));
        if inner.recent.len() > RECENT {
            inner.recent.pop_front();
        }
    }
}

async fn run(app: AppState, event: EventId, hub: Arc<Hub>) {
    let mut seen = None;
    let mut quiet = QUIET_POLLS;
    loop {
        // The mark first: what is committed after it is seen again.
        let looked = async {
            let mark = note::mark_of(&app.db, event).await?;
            if mark != seen || quiet >= QUIET_POLLS {
                let state = view::read(&app, event, app.clock.now()).await?;
                hub.publish(state);
                seen = mark;
                quiet = 0;
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = looked.await {
            tracing::warn!(event.id = %event, %error, "the live view could not be read");
        }
        if app.gate.live.close_if_idle(event, &hub) {
            return;
        }
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = hub.news.notified() => tokio::time::sleep(GAP).await,
            () = tokio::time::sleep(POLL) => quiet += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::api::live::LiveCounts;
    use shared::time::Timestamp;

    use super::*;

    fn hub() -> Hub {
        Hub {
            nonce: "abc".to_owned(),
            news: Notify::new(),
            inner: Mutex::default(),
        }
    }

    fn state(admitted: u64) -> LiveState {
        LiveState {
            event_id: EventId::from_bytes([1; 16]),
            event: "A".to_owned(),
            at: Timestamp::from_secs(i64::try_from(admitted).expect("small")),
            total: LiveCounts {
                admitted,
                ..LiveCounts::default()
            },
            gates: Vec::new(),
            devices: Vec::new(),
            alerts: Vec::new(),
        }
    }

    fn read(from: &mut mpsc::Receiver<Frame>) -> Vec<(String, &'static str)> {
        std::iter::from_fn(|| from.try_recv().ok())
            .map(|frame| (frame.id, frame.name))
            .collect()
    }

    #[test]
    fn a_reader_gets_the_state_and_then_changes_and_can_come_back() {
        // V10, N3
        let hub = hub();
        let mut early = hub.join(None);
        hub.publish(state(1));
        hub.publish(state(1));
        hub.publish(state(2));
        let frame = |seq: u64, name| (format!("abc-{seq}"), name);
        assert_eq!(read(&mut early), [frame(1, "state"), frame(2, "change")]);
        let mut late = hub.join(None);
        assert_eq!(read(&mut late), [frame(2, "state")]);
        hub.publish(state(3));
        assert_eq!(read(&mut early), [frame(3, "change")]);
        assert_eq!(read(&mut hub.join(Some("abc-1"))).len(), 2);
        assert_eq!(read(&mut hub.join(Some("abc-3"))), []);
        for strange in ["xyz-1", "abc-4", "abc", "abc-x", ""] {
            let again = read(&mut hub.join(Some(strange)));
            assert_eq!(again, [frame(3, "state")], "{strange:?}");
        }
        for admitted in 4..200 {
            hub.publish(state(admitted));
            read(&mut early);
        }
        assert_eq!(read(&mut hub.join(Some("abc-3"))), [frame(199, "state")]);
    }

    #[test]
    fn who_does_not_read_is_let_go_and_holds_up_nobody() {
        // V10
        let hub = hub();
        let (mut slow, mut quick) = (hub.join(None), hub.join(None));
        let rounds = u64::try_from(QUEUE).expect("small") + 1;
        for admitted in 0..rounds {
            hub.publish(state(admitted));
            assert_eq!(read(&mut quick).len(), 1);
        }
        assert_eq!(lock(&hub.inner).readers.len(), 1);
        assert_eq!(read(&mut slow).len(), QUEUE);
        assert!(slow.is_closed());
    }
}
