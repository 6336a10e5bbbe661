//! Single pictures out of a stream of them, as cameras give: JPEG after JPEG.
//!
//! Invariants: bounded by [`FRAME_BYTES_MAX`]; a stream that was cut, or that begins in the middle,
//! costs the picture at hand and no other; pictures within pictures (thumbnails) are passed over.

/// Larger pictures than any camera's stream holds are no pictures.
pub const FRAME_BYTES_MAX: usize = 8 * 1024 * 1024;

const MARK: u8 = 0xFF;
const START: u8 = 0xD8;
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Not in a picture.
    #[default]
    Between,
    /// Where a marker begins.
    Mark,
    /// Behind the first byte of a marker.
    Code,
    /// Before the length of this marker's segment, high byte first.
    LengthHigh(u8),
    LengthLow(u8, u8),
    /// Inside this marker's segment, with so many bytes left.
    Segment(u8, usize),
    /// In the picture's own data.
    Data,
    /// Behind a marker's first byte in that data.
    DataCode,
}

/// Finds the pictures in a stream that comes in pieces.
#[derive(Debug, Default)]
pub struct FrameSplitter {
    at: At,
    last: u8,
    frame: Vec<u8>,
}

impl FrameSplitter {
    /// Takes the next piece; calls `whole` with each picture that ends in it.
    pub fn push(&mut self, piece: &[u8], mut whole: impl FnMut(&[u8])) {
        for byte in piece {
            if self.at != At::Between {
                self.frame.push(*byte);
            }
            self.at = self.step(*byte);
            self.last = *byte;
            match self.at {
                At::Between if !self.frame.is_empty() => {
                    if self.frame.ends_with(&[MARK, END]) {
                        whole(&self.frame);
                    }
                    self.frame.clear();
                }
                _ if self.frame.len() >= FRAME_BYTES_MAX => {
                    self.frame.clear();
                    self.at = At::Between;
                }
                _ => {}
            }
        }
    }

    fn step(&mut self, byte: u8) -> At {
        match self.at {
            At::Between if self.last == MARK && byte == START => {
                self.frame.extend([MARK, START]);
                At::Mark
            }
            At::Mark if byte == MARK => At::Code,
            // Not in a picture yet; or none goes on like this.
            At::Between | At::Mark => At::Between,
            At::LengthHigh(code) => At::LengthLow(code, byte),
            At::LengthLow(code, high) => {
                // The length counts its own two bytes.
                match usize::from(u16::from_be_bytes([high, byte])).checked_sub(2) {
                    Some(0) => after_segment(code),
                    Some(left) => At::Segment(code, left),
                    None => At::Between,
                }
            }
            At::Segment(code, 1) => after_segment(code),
            At::Segment(code, left) => At::Segment(code, left - 1),
            At::Data if byte == MARK => At::DataCode,
            At::Data => At::Data,
            // A stuffed byte or a restart: data goes on.
            At::DataCode if matches!(byte, 0 | 0xD0..=0xD7) => At::Data,
            At::DataCode if byte == MARK => At::DataCode,
            At::Code | At::DataCode if byte == START => {
                // The one before was cut.
                self.frame.clear();
                self.frame.extend([MARK, START]);
                At::Mark
            }
            At::Code | At::DataCode => after_code(byte),
        }
    }
}

const fn after_code(code: u8) -> At {
    match code {
        MARK => At::Code,
        0 | END => At::Between,
        0x01 | 0xD0..=0xD7 => At::Mark,
        code => At::LengthHigh(code),
    }
}

const fn after_segment(code: u8) -> At {
    match code {
        SCAN => At::Data,
        _ => At::Mark,
    }
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, ImageFormat, Luma};

    use super::*;

    fn picture(grey: u8) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        GrayImage::from_fn(80, 80, |x, y| {
            Luma([grey.wrapping_add(u8::try_from((x * y) % 251).expect("small"))])
        })
        .write_to(&mut bytes, ImageFormat::Jpeg)
        .expect("a picture");
        bytes.into_inner()
    }

    fn split(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut splitter = FrameSplitter::default();
        let mut found = Vec::new();
        for piece in pieces {
            splitter.push(piece, |frame| found.push(frame.to_vec()));
        }
        found
    }

    #[test]
    fn pictures_come_out_as_they_went_in_whatever_the_pieces() {
        let pictures = [picture(0), picture(90), picture(180)];
        let stream = pictures.concat();
        for size in [1, 7, 1000, stream.len()] {
            let pieces: Vec<&[u8]> = stream.chunks(size).collect();
            assert_eq!(split(&pieces), pictures, "pieces of {size}");
        }
    }

    #[test]
    fn a_cut_stream_costs_the_picture_at_hand() {
        let (first, second) = (picture(0), picture(90));
        let cut = &first[..first.len() / 2];
        // It begins in the middle of a picture.
        assert_eq!(
            split(&[&first[40..], &second]),
            *std::slice::from_ref(&second)
        );
        // It breaks off in one.
        assert_eq!(split(&[cut, &second]), *std::slice::from_ref(&second));
        assert_eq!(split(&[cut]), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn a_thumbnail_is_not_taken_for_the_picture() {
        let (outer, inner) = (picture(0), picture(90));
        let mut whole = outer[..2].to_vec();
        whole.extend([MARK, 0xE1]);
        let length = u16::try_from(inner.len() + 2).expect("short");
        whole.extend(length.to_be_bytes());
        whole.extend(&inner);
        whole.extend(&outer[2..]);
        assert_eq!(split(&[&whole]), [whole.clone()]);
    }

    #[test]
    fn what_is_no_picture_is_bounded() {
        let mut splitter = FrameSplitter::default();
        let mut count = 0;
        splitter.push(&[MARK, START, MARK, SCAN, 0, 2], |_| count += 1);
        let rubbish = vec![0_u8; 1024 * 1024];
        for _ in 0..10 {
            splitter.push(&rubbish, |_| count += 1);
            assert!(splitter.frame.len() <= FRAME_BYTES_MAX);
        }
        splitter.push(&picture(3), |_| count += 1);
        assert_eq!(count, 1, "and the next picture is found");
    }
}
