//! Reads a page back in tests, from the bytes alone: its text through the map that lets readers
//! search and copy, its code from the squares.

use std::collections::BTreeMap;

use super::{At, Page};

/// What stands between two marks, from a place on.
fn between<'a>(bytes: &'a [u8], from: &str, to: &str) -> Option<&'a [u8]> {
    let find = |bytes: &[u8], mark: &str| {
        let windows = bytes.windows(mark.len());
        windows.clone().position(|window| window == mark.as_bytes())
    };
    let start = find(bytes, from)? + from.len();
    let length = find(&bytes[start..], to)?;
    Some(&bytes[start..start + length])
}

/// The page's drawing orders, which are not packed.
fn content(pdf: &[u8]) -> String {
    let object = between(pdf, "\n4 0 obj", "endobj").expect("the content");
    let stream = between(object, "stream\n", "endstream").expect("a stream");
    stream.iter().map(|byte| char::from(*byte)).collect()
}

/// From glyph numbers to characters.
fn characters(pdf: &[u8]) -> BTreeMap<u16, char> {
    let object = between(pdf, "\n9 0 obj", "endobj").expect("the map");
    let text = String::from_utf8_lossy(object);
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let hex = |part: &str| u32::from_str_radix(part.trim_matches(['<', '>']), 16).ok();
        let parts: Vec<&str> = line.split_whitespace().collect();
        if let [glyph, char] = parts[..]
            && let (Some(glyph), Some(char)) = (hex(glyph), hex(char))
            && line.starts_with('<')
            && let (Ok(glyph), Some(char)) = (u16::try_from(glyph), char::from_u32(char))
        {
            found.insert(glyph, char);
        }
    }
    found
}

/// The bytes of a shown string: `(…)` with escapes, or `<…>` in hex.
fn shown(order: &str) -> Vec<u8> {
    let order = order.trim().trim_end_matches("Tj").trim();
    if let Some(hex) = order.strip_prefix('<') {
        let hex = hex.trim_end_matches('>').to_ascii_uppercase();
        return data_encoding::HEXUPPER.decode(hex.as_bytes()).expect("hex");
    }
    let inner = order.trim_start_matches('(');
    let inner = inner.strip_suffix(')').unwrap_or(inner);
    let inner: Vec<u8> = inner
        .chars()
        .map(|char| u8::try_from(u32::from(char)).expect("a byte"))
        .collect();
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(byte) = inner.get(at) {
        let escaped = (*byte == b'\\').then(|| &inner[at + 1..]);
        let (byte, length) = match escaped {
            None => (*byte, 1),
            Some([a @ b'0'..=b'7', b, c, ..]) => {
                let octal = [a, b, c].map(|digit| digit - b'0');
                (octal.iter().fold(0, |sum, digit| sum * 8 + digit), 4)
            }
            Some([b'n', ..]) => (b'\n', 2),
            Some([b'r', ..]) => (b'\r', 2),
            Some([b't', ..]) => (b'\t', 2),
            Some([b'b', ..]) => (8, 2),
            Some([b'f', ..]) => (12, 2),
            Some([other, ..]) => (*other, 2),
            Some([]) => panic!("an escape of nothing"),
        };
        bytes.push(byte);
        at += length;
    }
    bytes
}

/// All lines of text, page by page, top to bottom as they were put.
pub(crate) fn lines(pdf: &[u8]) -> Vec<String> {
    pages(pdf).concat()
}

/// The lines of each page.
pub(crate) fn pages(pdf: &[u8]) -> Vec<Vec<String>> {
    let characters = characters(pdf);
    let first = content(pdf);
    let behind = (0..).map_while(|at| {
        let mark = format!("\n{} 0 obj", 12 + 2 * at);
        let stream = between(between(pdf, &mark, "endobj")?, "stream\n", "endstream")?;
        Some(stream.iter().map(|byte| char::from(*byte)).collect())
    });
    let contents = std::iter::once(first).chain(behind);
    contents
        .map(|content: String| lines_of(&content, &characters))
        .collect()
}

fn lines_of(content: &str, characters: &BTreeMap<u16, char>) -> Vec<String> {
    let texts = content.split("BT\n").skip(1);
    let line = |text: &str| {
        let text = text.split("\nET").next().expect("an end");
        // Font, place, text.
        let order = text.splitn(3, '\n').nth(2).expect("a shown text");
        let bytes = shown(order);
        let glyphs = bytes
            .chunks(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        glyphs.map(|glyph| characters[&glyph]).collect()
    };
    texts.map(line).collect()
}

/// The page's squares as a picture, ten dots a millimetre.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place on a page is neither far nor negative"
)]
pub(crate) fn picture(pdf: &[u8]) -> image::GrayImage {
    const DOTS_PER_POINT: f32 = 254.0 / 72.0;
    let mut squares = Vec::new();
    for order in content(pdf).lines().filter(|order| order.ends_with(" re")) {
        let numbers = order.split(' ').filter_map(|part| part.parse::<f32>().ok());
        squares.push(
            numbers
                .map(|number| number * DOTS_PER_POINT)
                .collect::<Vec<f32>>(),
        );
    }
    let mut picture = image::GrayImage::from_pixel(2_200, 3_100, image::Luma([255]));
    for square in squares {
        let [x, y, width, height] = square[..] else {
            panic!("a square has four numbers: {square:?}");
        };
        let dots = |from: f32, size: f32| from.round() as u32..(from + size).round() as u32;
        for column in dots(x, width) {
            for row in dots(y, height) {
                picture.put_pixel(column, 3_099 - row, image::Luma([0]));
            }
        }
    }
    picture
}

#[test]
fn vietnamese_is_set_whole_and_can_be_read_back() {
    // T11: composed and decomposed, every tone; what the font lacks says so
    let mut page = Page::new("Vé", 148.0, 210.0);
    let words = "Nguyễn Thị Ngọc Ánh, Đặng Hữu Phước: ẵ ễ ữ ợ ỷ Ằ Ở Ỹ (10) \\ €";
    page.text(At { x: 10.0, y: 20.0 }, 12.0, words);
    page.text(At { x: 10.0, y: 30.0 }, 12.0, "e\u{302}\u{303}");
    page.text(At { x: 10.0, y: 40.0 }, 12.0, "漢字 A\u{202E}\n");
    let pdf = page.pdf().expect("a page");
    assert!(pdf.starts_with(b"%PDF-"));
    let lines = lines(&pdf);
    assert_eq!(lines[..2], [words, "ễ"]);
    assert!(lines[2].starts_with("\u{FFFD}\u{FFFD} A"), "{lines:?}");
    assert_eq!(page.pdf().expect("again"), pdf, "the same bytes");
    assert!(
        pdf.len() < 60_000,
        "only the glyphs that are used: {}",
        pdf.len()
    );
}

#[test]
fn a_paragraph_is_broken_at_spaces_and_a_long_word_is_cut() {
    // T11
    let mut page = Page::new("x", 148.0, 210.0);
    let below = page.paragraph(
        At { x: 1.0, y: 10.0 },
        10.0,
        10,
        "one two three abcdefghijklm",
    );
    let pdf = page.pdf().expect("a page");
    assert_eq!(lines(&pdf), ["one two", "three", "abcdefghij", "klm"]);
    assert!(below > 25.0);
}

#[test]
fn pages_follow_each_other_and_text_stays_in_its_column() {
    // P8
    let names = "Nguyễn Thị Ngọc Ánh Đặng Hữu Phước ".repeat(4) + &"W".repeat(90);
    let broken = super::lines_within(&names, 9.0, 60.0);
    assert_eq!(broken.concat().replace(' ', ""), names.replace(' ', ""));
    let page = |text: &str| {
        let mut page = Page::new("Two", 210.0, 297.0);
        page.strong(At { x: 20.0, y: 20.0 }, 12.0, text);
        page.right(At { x: 100.0, y: 30.0 }, 9.0, 30.0, &"9".repeat(60));
        page
    };
    let pdf = super::pdf_of(&[page("first"), page("second"), page("third")]).expect("a file");
    let pages = pages(&pdf);
    let firsts: Vec<&str> = pages.iter().map(|lines| lines[0].as_str()).collect();
    assert_eq!(firsts, ["first", "second", "third"]);
    // What ends at 100 mm and is too wide for 30 begins at 70, in smaller letters.
    let place = content(&pdf);
    let place = place.split("BT\n").nth(2).expect("the figures");
    let x = place
        .lines()
        .nth(1)
        .and_then(|order| order.split(' ').next());
    let x: f32 = x.and_then(|x| x.parse().ok()).expect("a place");
    assert!((x * 25.4 / 72.0 - 70.0).abs() < 0.5, "{x}");
}
