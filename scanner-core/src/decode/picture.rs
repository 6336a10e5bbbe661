//! Pictures as grey pixels, within bounds.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits};

use crate::error::{Cause, Error};

/// A QR code needs more than this to be read at all.
pub const SIDE_PIXELS_MIN: u32 = 64;
pub const SIDE_PIXELS_MAX: u32 = 16_384;
/// A 48-megapixel phone picture fits.
pub const PIXELS_MAX: u64 = 50_000_000;
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Larger pictures are halved first: modules are many pixels wide there.
const READ_PIXELS_MAX: u64 = 12_000_000;

/// A grey picture, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) luma: Vec<u8>,
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

/// The grey pixels of a PNG or JPEG, halved when there are very many.
pub(super) fn open(bytes: &[u8]) -> Result<Frame, Error> {
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
