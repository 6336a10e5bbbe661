//! The stream itself: who may read it, and when it ends.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt as _, stream};
use shared::api::live::LiveState;
use shared::ids::EventId;

use super::super::{Error, staff};
use super::view;
use crate::app::AppState;
use crate::platform::http::Caller;

/// A comment, so that proxies keep the connection and readers notice a dead one.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a reader waits before it comes back.
const RETRY: Duration = Duration::from_secs(2);

/// Ends when the server stops, when the reader falls behind, and no later than the access token
/// could: whoever may no longer look is gone within its lifetime.
pub(in super::super) async fn open(
    app: &AppState,
    caller: &Caller,
    event: EventId,
    last: Option<&str>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>, Error> {
    let event = staff::watched_event(&app.db, caller, event).await?.id;
    let frames = app.gate.live.join(app, event, last)?;
    let stopping = app.stopping.clone();
    let lifetime = Duration::from_secs(app.config.access_ttl_secs);
    let over = async move {
        // Either way it ends.
        tokio::time::timeout(lifetime, stopping.cancelled())
            .await
            .ok();
    };
    let frames = stream::unfold(frames, async |mut frames| {
        let frame = frames.recv().await?;
        let event = Event::default()
            .event(frame.name)
            .id(&frame.id)
            .retry(RETRY)
            .data(&*frame.data);
        Some((Ok(event), frames))
    });
    let beat = KeepAlive::new().interval(HEARTBEAT).text("beat");
    Ok(Sse::new(frames.take_until(Box::pin(over))).keep_alive(beat))
}

/// The state alone, for whoever asks once.
pub(in super::super) async fn snapshot(
    app: &AppState,
    caller: &Caller,
    event: EventId,
) -> Result<LiveState, Error> {
    let event = staff::watched_event(&app.db, caller, event).await?.id;
    view::read(app, event, app.clock.now()).await
}
