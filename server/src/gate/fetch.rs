//! Snapshot segments by hash, for devices that lack them.

use data_encoding::HEXLOWER;
use shared::sync::{SegmentsRequest, SegmentsResponse};

use super::Error;
use super::model::StoredSegment;
use super::sync::authenticate;
use crate::app::App;
use crate::platform::db::Query;

/// Bytes in one answer; the device asks again for what is left out.
const ANSWER_BYTES_MAX: usize = 6 * 1024 * 1024;

/// `wire` is a `SignedRequest` of a `SegmentsRequest`; the answer is a `SegmentsResponse`.
pub(super) async fn fetch(app: &App, wire: &[u8]) -> Result<Vec<u8>, Error> {
    let (_, request) = authenticate(app, wire).await?;
    let SegmentsRequest::V1 { hashes } = SegmentsRequest::from_wire(&request.body)?;
    let mut segments = Vec::with_capacity(hashes.len());
    let mut bytes = 0;
    for hash in hashes {
        let query = Query::on("by_hash")
            .eq(request.event)
            .eq(HEXLOWER.encode(&hash))
            .limit(1);
        let found = app.db.list::<StoredSegment>(&query).await?;
        let Some(segment) = found.into_iter().next() else {
            continue;
        };
        bytes += segment.wire.len();
        if bytes > ANSWER_BYTES_MAX {
            break;
        }
        segments.push((hash, segment.into_inner().wire));
    }
    Ok(SegmentsResponse::V1 { segments }.to_wire())
}
