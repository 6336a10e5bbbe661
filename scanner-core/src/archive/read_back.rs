//! The archive as whoever audits the event will read it: from the disk, line by line, by the root that
//! this device pinned.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use data_encoding::HEXLOWER;
use shared::audit::{Auditor, Finding, LINE_BYTES_MAX};
use shared::trust::RootPin;

use super::write::Written;
use crate::error::Cause;

/// Findings that are told in an error; one is enough to stop.
const TOLD_MAX: usize = 5;

/// What the file says.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) bytes: u64,
    /// BLAKE3, hex.
    pub(super) hash: String,
    /// What devices did that needs explaining, and that the file truly tells.
    pub(super) told: Vec<String>,
}

/// A fault of the file, or fewer entries in it than were written, is an error: then nothing may go.
/// What a device did wrong that night is no fault of the file, and must not keep every other device
/// from leaving.
pub(super) fn read_back(path: &Path, pin: RootPin, written: &Written) -> Result<Found, Cause> {
    let mut file = File::open(path)
        .map(BufReader::new)
        .map_err(Cause::input("cannot read", path))?;
    let mut auditor = Auditor::new(Some(pin));
    let (mut bytes, mut sum, mut line) = (0, blake3::Hasher::new(), Vec::new());
    loop {
        line.clear();
        let most = LINE_BYTES_MAX as u64 + 1;
        let read = (&mut file)
            .take(most)
            .read_until(b'\n', &mut line)
            .map_err(Cause::input("cannot read", path))?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        sum.update(&line);
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        // What is no text is no line either, and is told as such.
        auditor.line(std::str::from_utf8(text).unwrap_or_default());
    }
    let report = auditor.finish();
    let (told, faults): (Vec<&Finding>, Vec<&Finding>) = report
        .findings
        .iter()
        .partition(|finding| finding.kind.is_of_the_night());
    if !faults.is_empty() {
        let words = faults.iter().take(TOLD_MAX).map(ToString::to_string);
        let words: Vec<String> = words.collect();
        return Err(Cause::Untrusted(format!(
            "the archive does not hold up, so nothing was removed: {}",
            words.join("; ")
        )));
    }
    let is_whole = report.totals.entries == written.entries && report.more_findings == 0;
    if !is_whole || report.signed_off.is_none() {
        return Err(Cause::Untrusted(format!(
            "the archive holds {} of {} entries, so nothing was removed",
            report.totals.entries, written.entries
        )));
    }
    Ok(Found {
        bytes,
        hash: HEXLOWER.encode(sum.finalize().as_bytes()),
        told: told.iter().map(ToString::to_string).collect(),
    })
}
