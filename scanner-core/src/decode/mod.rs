//! From a picture to the digits of a ticket.
//!
//! Invariants: bounded by pixels and by time; a reader that panics costs one answer and not the
//! gate; only text made of digits leaves here, because a ticket is nothing else.

mod chain;
mod mjpeg;
mod picture;

use std::path::Path;

pub use chain::Rxing;
pub use mjpeg::{FRAME_BYTES_MAX, FrameSplitter};
pub use picture::{FILE_BYTES_MAX, Frame, PIXELS_MAX, SIDE_PIXELS_MAX, SIDE_PIXELS_MIN};

use crate::clock::Clock;
use crate::error::{Cause, Error};

/// After this no further attempt is begun. A camera shows the next frame meanwhile.
pub const DEADLINE_MICROS: u64 = 1_500_000;
/// Finds a QR code in a picture. Implementations may be tried one after the other.
pub trait QrReader {
    /// The text of one QR code; `None` when none was found before `expired` said so.
    fn read(&self, frame: &Frame, expired: &dyn Fn() -> bool) -> Option<String>;
}

/// Digits of the codes in a PNG or JPEG file.
pub fn read_file(path: &Path, clock: &dyn Clock) -> Result<Vec<String>, Error> {
    let meta = std::fs::metadata(path).map_err(Cause::input("cannot read", path))?;
    if meta.len() > FILE_BYTES_MAX {
        return Err(Cause::Input(format!(
            "{} is larger than {FILE_BYTES_MAX} bytes",
            path.display()
        ))
        .into());
    }
    let bytes = std::fs::read(path).map_err(Cause::input("cannot read", path))?;
    read_image(&bytes, clock)
}

/// Digits of the codes in a PNG or JPEG.
pub fn read_image(bytes: &[u8], clock: &dyn Clock) -> Result<Vec<String>, Error> {
    read_frame(&picture::open(bytes)?, &Rxing, clock)
}

/// Digits of the codes in a grey picture. One code at most so far.
pub fn read_frame(
    frame: &Frame,
    reader: &dyn QrReader,
    clock: &dyn Clock,
) -> Result<Vec<String>, Error> {
    let started = clock.monotonic_micros();
    let expired = || clock.monotonic_micros().saturating_sub(started) > DEADLINE_MICROS;
    let text = reader.read(frame, &expired);
    Ok(text
        .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .into_iter()
        .collect())
}

#[cfg(test)]
mod tests;
