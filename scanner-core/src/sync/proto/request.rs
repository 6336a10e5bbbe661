//! What to ask for.

use shared::log::LogSegment;
use shared::sync::{DeviceReport, LogVector, SegmentsRequest, SyncRequest};
use shared::time::Timestamp;
use shared::trust::SegmentRef;

use super::{FETCH_BYTES_MAX, FETCH_SEGMENTS_MAX, Held};

/// One request of an exchange. `segments` are the entries that the server does not have yet.
pub(crate) fn request(
    held: &Held,
    segments: Vec<LogSegment>,
    report: DeviceReport,
    now: Timestamp,
) -> SyncRequest {
    SyncRequest::V1 {
        now,
        held: held.trust.held(),
        report: Some(report),
        vector: held
            .logs
            .iter()
            .map(|(log, of)| LogVector {
                log: *log,
                next_seq: of.head.next_seq,
                head: of.head.short(),
            })
            .collect(),
        // A server that has none of a log may never have heard of it.
        geneses: held
            .logs
            .values()
            .filter(|of| of.own && of.acked == 0)
            .map(|of| of.genesis.clone())
            .collect(),
        segments,
    }
}

/// The first of the missing segments, as many as one answer may carry.
pub(crate) fn next_fetch(missing: &[SegmentRef]) -> Option<(SegmentsRequest, &[SegmentRef])> {
    let mut bytes = 0;
    let count = missing
        .iter()
        .take(FETCH_SEGMENTS_MAX)
        .take_while(|reference| {
            bytes += u64::from(reference.bytes);
            bytes <= FETCH_BYTES_MAX
        })
        .count()
        // One that is large by itself is asked for alone.
        .max(1);
    let batch = missing.get(..count)?;
    let hashes = batch.iter().map(|reference| reference.hash).collect();
    Some((SegmentsRequest::V1 { hashes }, batch))
}
