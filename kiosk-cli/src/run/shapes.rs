//! Large shapes and letters from half blocks, which every terminal and the bare console can show.
//! Shapes are distances to lines, so that they are right at any size.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Tick,
    Cross,
    Hand,
    /// The corners of a picture's frame: show it here.
    Frame,
    Out,
}

/// A line with round ends in a unit square: from, to, half its width.
type Stroke = (f32, f32, f32, f32, f32);

const TICK: &[Stroke] = &[
    (0.10, 0.55, 0.38, 0.82, 0.085),
    (0.38, 0.82, 0.90, 0.20, 0.085),
];
const CROSS: &[Stroke] = &[
    (0.14, 0.14, 0.86, 0.86, 0.085),
    (0.86, 0.14, 0.14, 0.86, 0.085),
];
const HAND: &[Stroke] = &[
    (0.34, 0.48, 0.31, 0.19, 0.045),
    (0.47, 0.44, 0.46, 0.08, 0.045),
    (0.60, 0.44, 0.61, 0.10, 0.045),
    (0.73, 0.50, 0.76, 0.22, 0.045),
    // The thumb.
    (0.36, 0.76, 0.13, 0.55, 0.055),
    // The palm.
    (0.42, 0.62, 0.42, 0.80, 0.13),
    (0.54, 0.60, 0.54, 0.82, 0.13),
    (0.65, 0.62, 0.63, 0.80, 0.13),
];
const FRAME: &[Stroke] = &[
    (0.08, 0.08, 0.30, 0.08, 0.03),
    (0.08, 0.08, 0.08, 0.30, 0.03),
    (0.70, 0.08, 0.92, 0.08, 0.03),
    (0.92, 0.08, 0.92, 0.30, 0.03),
    (0.08, 0.92, 0.30, 0.92, 0.03),
    (0.08, 0.70, 0.08, 0.92, 0.03),
    (0.70, 0.92, 0.92, 0.92, 0.03),
    (0.92, 0.70, 0.92, 0.92, 0.03),
    (0.26, 0.50, 0.74, 0.50, 0.03),
];
const OUT: &[Stroke] = &[
    (0.12, 0.50, 0.84, 0.50, 0.085),
    (0.56, 0.20, 0.86, 0.50, 0.085),
    (0.56, 0.80, 0.86, 0.50, 0.085),
];

impl Shape {
    const fn strokes(self) -> &'static [Stroke] {
        match self {
            Self::Tick => TICK,
            Self::Cross => CROSS,
            Self::Hand => HAND,
            Self::Frame => FRAME,
            Self::Out => OUT,
        }
    }

    fn covers(self, x: f32, y: f32) -> bool {
        self.strokes().iter().any(|(x0, y0, x1, y1, half)| {
            let (dx, dy) = (x1 - x0, y1 - y0);
            let along = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy);
            let along = along.clamp(0.0, 1.0);
            let (far_x, far_y) = (x - x0 - along * dx, y - y0 - along * dy);
            far_x * far_x + far_y * far_y <= half * half
        })
    }
}

/// As large as the area allows, in its middle. A cell is two pixels, one above the other.
pub(crate) fn shape(buf: &mut Buffer, area: Rect, shape: Shape, style: Style) {
    let side = area.width.min(area.height * 2);
    let (left, top) = ((area.width - side) / 2, (area.height * 2 - side) / 2);
    let inside = |x: u16, y: u16| {
        let at = |pixel: u16, from: u16| {
            let pixel = f32::from(pixel) - f32::from(from) + 0.5;
            pixel / f32::from(side.max(1))
        };
        shape.covers(at(x, left), at(y, top))
    };
    pixels(buf, area, style, inside);
}

const LETTER_WIDTH: u16 = 5;
const LETTER_HEIGHT: u16 = 6;
/// Rows of cells that a word takes.
pub(crate) const WORD_ROWS: u16 = LETTER_HEIGHT.div_ceil(2);

/// Five bits a row, the leftmost highest.
const fn letter(c: char) -> [u8; LETTER_HEIGHT as usize] {
    match c {
        'A' => [0x0E, 0x1B, 0x1B, 0x1F, 0x1B, 0x1B],
        'B' => [0x1E, 0x1B, 0x1E, 0x1B, 0x1B, 0x1E],
        'C' => [0x0F, 0x1C, 0x18, 0x18, 0x1C, 0x0F],
        'D' => [0x1E, 0x1B, 0x1B, 0x1B, 0x1B, 0x1E],
        'E' => [0x1F, 0x18, 0x1E, 0x18, 0x18, 0x1F],
        'F' => [0x1F, 0x18, 0x1E, 0x18, 0x18, 0x18],
        'H' => [0x1B, 0x1B, 0x1F, 0x1B, 0x1B, 0x1B],
        'I' => [0x1F, 0x0E, 0x0E, 0x0E, 0x0E, 0x1F],
        'K' => [0x1B, 0x1B, 0x1E, 0x1E, 0x1B, 0x1B],
        'L' => [0x18, 0x18, 0x18, 0x18, 0x18, 0x1F],
        'M' => [0x11, 0x1B, 0x1F, 0x15, 0x11, 0x11],
        'N' => [0x19, 0x1D, 0x1F, 0x1B, 0x19, 0x19],
        'O' => [0x0E, 0x1B, 0x1B, 0x1B, 0x1B, 0x0E],
        'R' => [0x1E, 0x1B, 0x1B, 0x1E, 0x1B, 0x1B],
        'S' => [0x0F, 0x18, 0x0E, 0x03, 0x03, 0x1E],
        'T' => [0x1F, 0x0E, 0x0E, 0x0E, 0x0E, 0x0E],
        'U' => [0x1B, 0x1B, 0x1B, 0x1B, 0x1B, 0x0E],
        'W' => [0x11, 0x11, 0x15, 0x1F, 0x1B, 0x11],
        'Y' => [0x1B, 0x1B, 0x0E, 0x0E, 0x0E, 0x0E],
        _ => [0; LETTER_HEIGHT as usize],
    }
}

/// Columns that a word takes.
pub(crate) fn word_width(word: &str) -> u16 {
    let letters = u16::try_from(word.chars().count()).unwrap_or(u16::MAX);
    letters.saturating_mul(LETTER_WIDTH + 1).saturating_sub(1)
}

/// A word of capital letters at the top left of the area.
pub(crate) fn word(buf: &mut Buffer, area: Rect, word: &str, style: Style) {
    let rows: Vec<_> = word.chars().map(letter).collect();
    pixels(buf, area, style, |x, y| {
        let (at, bit) = (x / (LETTER_WIDTH + 1), x % (LETTER_WIDTH + 1));
        let row = rows
            .get(usize::from(at))
            .and_then(|rows| rows.get(usize::from(y)));
        bit < LETTER_WIDTH && row.is_some_and(|row| row >> (LETTER_WIDTH - 1 - bit) & 1 == 1)
    });
}

fn pixels(buf: &mut Buffer, area: Rect, style: Style, inside: impl Fn(u16, u16) -> bool) {
    let area = area.intersection(buf.area);
    for y in 0..area.height {
        for x in 0..area.width {
            let block = match (inside(x, y * 2), inside(x, y * 2 + 1)) {
                (true, true) => "█",
                (true, false) => "▀",
                (false, true) => "▄",
                (false, false) => continue,
            };
            if let Some(cell) = buf.cell_mut((area.x + x, area.y + y)) {
                cell.set_symbol(block).set_style(style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: u16, height: u16, draw: impl Fn(&mut Buffer, Rect)) -> String {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        draw(&mut buf, area);
        let rows = (0..height).map(|y| {
            let row: String = (0..width).map(|x| buf[(x, y)].symbol()).collect();
            row.trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn shapes_are_told_apart_without_colour() {
        // V8
        let all = [
            Shape::Tick,
            Shape::Cross,
            Shape::Hand,
            Shape::Frame,
            Shape::Out,
        ];
        let told = all.map(|of| drawn(22, 11, |buf, area| shape(buf, area, of, Style::new())));
        insta::assert_snapshot!("shapes", told.join("\n-\n"));
    }

    #[test]
    fn words_are_large_letters() {
        let told = ["ADMIT", "REFUSE", "CHECK", "READY", "OUT", "WAIT", "FIND"].map(|of| {
            drawn(word_width(of), WORD_ROWS, |buf, area| {
                word(buf, area, of, Style::new());
            })
        });
        insta::assert_snapshot!("words", told.join("\n-\n"));
    }

    #[test]
    fn every_word_of_a_page_has_all_its_letters() {
        for word in [
            "ADMIT", "ASK", "BACK", "CHECK", "DONE", "END", "ENROL", "KEYS", "LET IN", "OUT",
            "READY", "REFUSE", "UNLOCK", "WAIT",
        ] {
            let is_drawn = |c: char| letter(c) != [0; LETTER_HEIGHT as usize];
            assert!(
                word.split(' ').all(|part| part.chars().all(is_drawn)),
                "{word}"
            );
        }
    }

    #[test]
    fn no_area_is_too_small() {
        for (width, height) in [(0, 0), (1, 1), (3, 0), (0, 3), (80, 1)] {
            let told = drawn(width, height, |buf, area| {
                shape(buf, area, Shape::Hand, Style::new());
                word(buf, area, "ADMIT", Style::new());
            });
            assert!(told.lines().count() <= usize::from(height.max(1)));
        }
    }
}
