//! From a picture to the digits of a ticket.
//!
//! Invariants: bounded by pixels and by time; a reader that panics costs one answer and not the
//! gate; only text made of digits leaves here, because a ticket is nothing else.

mod chain;

use std::io::Cursor;
use std::path::Path;

use image::{ImageFormat, ImageReader, Limits};

pub use chain::Rxing;

use crate::clock::Clock;
use crate::error::{Cause, Error};

/// A QR code needs more than this to be read at all.
pub const SIDE_PIXELS_MIN: u32 = 64;
pub const SIDE_PIXELS_MAX: u32 = 16_384;
/// A 48-megapixel phone picture fits.
pub const PIXELS_MAX: u64 = 50_000_000;
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// After this no further attempt is begun. A camera shows the next frame meanwhile.
pub const DEADLINE_MICROS: u64 = 1_500_000;
/// Larger pictures are halved first: modules are many pixels wide there.
const READ_PIXELS_MAX: u64 = 12_000_000;

/// A grey picture, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    width: u32,
    height: u32,
    luma: Vec<u8>,
}

impl Frame {
    /// One byte a pixel. Refuses sizes out of bounds and a length that does not fit.
    pub fn new(width: u32, height: u32, luma: Vec<u8>) -> Result<Self, Error> {
        check_size(width, height)?;
        if u64::from(width) * u64::from(height) != luma.len() as u64 {
            return Err(
                Cause::Input("the picture's size does not fit its bytes".to_owned()).into(),
            );
        }
        Ok(Self {
            width,
            height,
            luma,
        })
    }
    pub fn width(&self) -> u32 {
        self.width
    }
    pub fn height(&self) -> u32 {
        self.height
    }
    pub fn luma(&self) -> &[u8] {
        &self.luma
    }
}

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
    read_frame(&open(bytes)?, &Rxing, clock)
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

fn open(bytes: &[u8]) -> Result<Frame, Error> {
    let unreadable =
        |error: image::ImageError| Cause::Input(format!("not a readable picture: {error}"));
    let mut reader = ImageReader::new(Cursor::new(bytes));
    let format = image::guess_format(bytes).map_err(unreadable)?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg) {
        return Err(Cause::Input("only PNG and JPEG pictures are read".to_owned()).into());
    }
    reader.set_format(format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_PIXELS_MAX);
    limits.max_image_height = Some(SIDE_PIXELS_MAX);
    // Eight bytes a pixel at most (16-bit RGBA), and as much again while converting.
    limits.max_alloc = Some(PIXELS_MAX * 16);
    reader.limits(limits);
    let grey = reader.decode().map_err(unreadable)?.into_luma8();
    let (width, height) = grey.dimensions();
    check_size(width, height)?;
    let grey = if u64::from(width) * u64::from(height) > READ_PIXELS_MAX {
        image::imageops::thumbnail(&grey, width / 2, height / 2)
    } else {
        grey
    };
    let (width, height) = grey.dimensions();
    Frame::new(width, height, grey.into_raw())
}

fn check_size(width: u32, height: u32) -> Result<(), Error> {
    let small = width.min(height) < SIDE_PIXELS_MIN;
    let large =
        width.max(height) > SIDE_PIXELS_MAX || u64::from(width) * u64::from(height) > PIXELS_MAX;
    if small || large {
        let what = if small { "small" } else { "large" };
        return Err(Cause::Input(format!("the picture is too {what}: {width} x {height}")).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
