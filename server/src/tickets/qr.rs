//! QR images: a ticket's digits as SVG or PNG, a link as SVG.
//!
//! Invariants: ticket digits are encoded in numeric mode at version 5-M, sealed ones at 6-M, with the quiet zone of
//! four modules that readers rely on; black on white whatever the page's colours are.

use image::{ImageEncoder as _, Luma};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode, Version};
use shared::ticket::SEALED_TOKEN_DIGITS;

/// 202 digits fill this version at level M to the last bit.
const TICKET_VERSION: Version = Version::Normal(5);
/// 243 digits fit this one.
const SEALED_VERSION: Version = Version::Normal(6);
const PNG_DOTS_PER_MODULE: u32 = 10;

#[derive(Debug, thiserror::Error)]
pub enum QrError {
    #[error("the text does not fit the symbol: {0}")]
    Encode(#[from] qrcode::types::QrError),
    #[error("the image cannot be written: {0}")]
    Image(#[from] image::ImageError),
}

/// A ticket's symbol.
pub struct TicketQr(QrCode);

impl TicketQr {
    pub fn new(digits: &str) -> Result<Self, QrError> {
        let version = if digits.len() == SEALED_TOKEN_DIGITS {
            SEALED_VERSION
        } else {
            TICKET_VERSION
        };
        Ok(Self(QrCode::with_version(digits, version, EcLevel::M)?))
    }
    /// What is dark and what is not.
    pub fn symbol(&self) -> &QrCode {
        &self.0
    }
    /// A whole SVG document without XML declaration, so that it also stands inside HTML.
    pub fn svg(&self) -> String {
        to_svg(&self.0)
    }
    /// Ten dots a module, grey scale.
    pub fn png(&self) -> Result<Vec<u8>, QrError> {
        let image = self
            .0
            .render::<Luma<u8>>()
            .module_dimensions(PNG_DOTS_PER_MODULE, PNG_DOTS_PER_MODULE)
            .build();
        let mut bytes = Vec::new();
        image::codecs::png::PngEncoder::new(&mut bytes).write_image(
            image.as_raw(),
            image.width(),
            image.height(),
            image::ExtendedColorType::L8,
        )?;
        Ok(bytes)
    }
}

/// Any text, in the smallest symbol at level M, as an SVG document.
pub fn link_svg(text: &str) -> Result<String, QrError> {
    Ok(to_svg(&QrCode::with_error_correction_level(
        text,
        EcLevel::M,
    )?))
}

fn to_svg(code: &QrCode) -> String {
    let document = code
        .render()
        .min_dimensions(1, 1)
        .dark_color(svg::Color("#000000"))
        .light_color(svg::Color("#ffffff"))
        .build();
    match document.find("<svg") {
        Some(start) => document[start..].to_owned(),
        None => document,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answer of the ticket format.
    const DIGITS: &str = "3603302212598075700289171742670848292789468112855335381149001390451914669339964517095542449701255555865687339902201845760351576657023529381218288361165485837208556464575032150083421043746209554515621120";

    #[test]
    fn a_ticket_is_version_5_at_m_and_not_one_digit_more_fits() {
        // T2
        let qr = TicketQr::new(DIGITS).expect("202 digits fit");
        assert_eq!(qr.0.version(), Version::Normal(5));
        assert_eq!(qr.0.error_correction_level(), EcLevel::M);
        assert_eq!(qr.0.width(), 37);
        assert!(TicketQr::new(&format!("{DIGITS}0")).is_err());
    }

    #[test]
    fn images_have_the_quiet_zone() {
        // T2: 37 modules and four on each side.
        let qr = TicketQr::new(DIGITS).expect("fits");
        let png = image::load_from_memory(&qr.png().expect("png")).expect("reads back");
        assert_eq!((png.width(), png.height()), (450, 450));
        let grey = png.to_luma8();
        assert!((0..450).all(|x| grey.get_pixel(x, 39).0 == [255]));
        assert_eq!(grey.get_pixel(40, 40).0, [0]);
        let svg = qr.svg();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("viewBox=\"0 0 45 45\""), "{}", &svg[..200]);
    }
}
