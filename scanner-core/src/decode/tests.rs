//! Pictures made here, read back: clean, inverted, small, rotated, and what must be refused.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use qrcode::{EcLevel, QrCode};

use super::*;
use crate::clock::SystemClock;

const DIGITS: &str = "3603302212598075700289171742670848292789468112855335381149001390451914669339964517095542449701255565855687339902201845760351576657023529381218288361165485837208556464575032150083421043746209554515621120";

fn qr(text: &str, dots: u32) -> GrayImage {
    QrCode::with_error_correction_level(text, EcLevel::M)
        .expect("fits a QR code")
        .render::<Luma<u8>>()
        .module_dimensions(dots, dots)
        .build()
}

fn png(picture: GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture)
        .write_to(&mut bytes, format)
        .expect("encodes");
    bytes.into_inner()
}

fn read(bytes: &[u8]) -> Result<Vec<String>, Error> {
    read_image(bytes, &SystemClock::start())
}

#[test]
fn a_ticket_is_read_from_png_and_jpeg() {
    assert_eq!(
        read(&png(qr(DIGITS, 4), ImageFormat::Png)).expect("read"),
        [DIGITS]
    );
    assert_eq!(
        read(&png(qr(DIGITS, 4), ImageFormat::Jpeg)).expect("read"),
        [DIGITS]
    );
}

#[test]
fn inverted_turned_and_small_tickets_are_read() {
    let mut dark = qr(DIGITS, 4);
    image::imageops::invert(&mut dark);
    assert_eq!(
        read(&png(dark, ImageFormat::Png)).expect("read"),
        [DIGITS],
        "inverted"
    );
    let turned = image::imageops::rotate90(&qr(DIGITS, 3));
    assert_eq!(
        read(&png(turned, ImageFormat::Png)).expect("read"),
        [DIGITS],
        "turned"
    );
    assert_eq!(
        read(&png(qr(DIGITS, 2), ImageFormat::Png)).expect("read"),
        [DIGITS],
        "small"
    );
}

#[test]
fn other_codes_and_empty_pictures_give_nothing() {
    let url = png(qr("https://example.org/t/1", 4), ImageFormat::Png);
    assert!(read(&url).expect("read").is_empty());
    let grey = png(
        GrayImage::from_pixel(200, 200, Luma([128])),
        ImageFormat::Png,
    );
    assert!(read(&grey).expect("read").is_empty());
}

#[test]
fn what_is_too_small_too_large_or_no_picture_is_refused() {
    let tiny = png(GrayImage::new(63, 200), ImageFormat::Png);
    assert!(
        read(&tiny)
            .expect_err("small")
            .to_string()
            .contains("too small")
    );
    assert!(read(b"not a picture").is_err());
    assert!(read(&png(qr(DIGITS, 4), ImageFormat::Png)[..200]).is_err());
    assert!(Frame::new(20_000, 100, vec![0; 2_000_000]).is_err());
    assert!(Frame::new(100, 100, vec![0; 9_999]).is_err());
}

/// Panics, as foreign decoders do.
struct Panicking;
impl QrReader for Panicking {
    fn read(&self, frame: &Frame, _: &dyn Fn() -> bool) -> Option<String> {
        let mut reader = PanicsInside;
        super::chain::tests_attempt(frame, &mut reader)
    }
}
struct PanicsInside;
impl rxing::Reader for PanicsInside {
    fn decode<B: rxing::Binarizer>(
        &mut self,
        _: &mut rxing::BinaryBitmap<B>,
    ) -> rxing::common::Result<rxing::RXingResult> {
        panic!("a decoder's bug")
    }
    fn decode_with_hints<B: rxing::Binarizer>(
        &mut self,
        image: &mut rxing::BinaryBitmap<B>,
        _: &rxing::DecodeHints,
    ) -> rxing::common::Result<rxing::RXingResult> {
        self.decode(image)
    }
}

#[test]
fn a_panic_in_a_decoder_is_no_code_and_no_more() {
    let frame = Frame::new(100, 100, vec![0; 10_000]).expect("a frame");
    let found = read_frame(&frame, &Panicking, &SystemClock::start()).expect("read");
    assert!(found.is_empty());
}
