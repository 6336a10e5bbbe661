//! `rxing` in a chain, cheapest first. Figures behind the order: `design.md` 8.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::GrayImage;
use image::imageops::FilterType;
use rxing::common::HybridBinarizer;
use rxing::qrcode::cpp_port::QrReader as Detector;
use rxing::{
    BarcodeFormat, BinaryBitmap, DecodeHints, FilteredImageReader, Luma8LuminanceSource, Reader,
};

use super::{Frame, QrReader};

/// Upscaling a picture that is large already helps nobody.
const UPSCALE_SIDE_MAX: u32 = 2000;

/// QR reader on the grey frame; then filtered, try-harder and inverted; then both on twice the
/// size.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rxing;

impl QrReader for Rxing {
    fn read(&self, frame: &Frame, expired: &dyn Fn() -> bool) -> Option<String> {
        let quick = |frame: &Frame| attempt(frame, &mut Detector, &hints(false));
        let thorough = |frame: &Frame| {
            attempt(frame, &mut FilteredImageReader::new(Detector), &hints(true)).or_else(|| {
                attempt(
                    &inverted(frame),
                    &mut FilteredImageReader::new(Detector),
                    &hints(true),
                )
            })
        };
        if let Some(text) = quick(frame) {
            return Some(text);
        }
        if expired() {
            return None;
        }
        if let Some(text) = thorough(frame) {
            return Some(text);
        }
        if expired() || frame.width.max(frame.height) > UPSCALE_SIDE_MAX {
            return None;
        }
        let twice = upscaled(frame)?;
        quick(&twice).or_else(|| if expired() { None } else { thorough(&twice) })
    }
}

/// One reader on one picture. A panic inside is a picture without a code.
fn attempt(frame: &Frame, reader: &mut impl Reader, hints: &DecodeHints) -> Option<String> {
    catch_unwind(AssertUnwindSafe(|| {
        let source =
            Luma8LuminanceSource::new(frame.luma.clone(), frame.width, frame.height).ok()?;
        let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source));
        let found = reader.decode_with_hints(&mut bitmap, hints).ok()?;
        Some(found.getText().to_owned())
    }))
    .unwrap_or_default()
}

#[cfg(test)]
pub(super) fn tests_attempt(frame: &Frame, reader: &mut impl Reader) -> Option<String> {
    attempt(frame, reader, &hints(false))
}

fn hints(harder: bool) -> DecodeHints {
    DecodeHints {
        PossibleFormats: Some(HashSet::from([BarcodeFormat::QR_CODE])),
        TryHarder: Some(harder),
        ..DecodeHints::default()
    }
}

fn inverted(frame: &Frame) -> Frame {
    Frame {
        width: frame.width,
        height: frame.height,
        luma: frame.luma.iter().map(|luma| !luma).collect(),
    }
}

fn upscaled(frame: &Frame) -> Option<Frame> {
    let grey = GrayImage::from_raw(frame.width, frame.height, frame.luma.clone())?;
    let (width, height) = (frame.width * 2, frame.height * 2);
    let twice = image::imageops::resize(&grey, width, height, FilterType::Triangle);
    Some(Frame {
        width,
        height,
        luma: twice.into_raw(),
    })
}
