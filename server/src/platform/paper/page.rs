//! One page: what stands on it, and how wide that is.

use std::sync::LazyLock;

use pdf_writer::types::TextRenderingMode;
use pdf_writer::{Content, Name, Str};
use ttf_parser::Face;
use unicode_normalization::UnicodeNormalization as _;

use super::file::{Glyphs, write};

/// `DejaVu` Sans: Latin with all that Vietnamese needs, Greek, Cyrillic and more.
pub(super) const FONT: &[u8] = include_bytes!("DejaVuSans.ttf");
static FACE: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(FONT, 0).ok());
pub(super) const POINTS_PER_MM: f32 = 72.0 / 25.4;
/// Characters of one line, and lines of one page.
const LINE_CHARS_MAX: usize = 300;
const ITEMS_MAX: usize = 2_000;
/// From one line to the next, in heights of the letters.
const LEADING: f32 = 1.35;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the page cannot be drawn")]
pub struct Unprintable;

/// Millimetres from the top left corner.
#[derive(Clone, Copy, Debug)]
pub struct At {
    pub x: f32,
    pub y: f32,
}

enum Item {
    Text {
        at: At,
        size: f32,
        text: String,
        strong: bool,
    },
    /// Left to right, at that height.
    Rule { at: At, width: f32 },
    /// Filled squares of a code.
    Square { at: At, side: f32 },
}

/// One page.
pub struct Page {
    title: String,
    width: f32,
    height: f32,
    items: Vec<Item>,
}

impl Page {
    /// In millimetres.
    pub fn new(title: &str, width: f32, height: f32) -> Self {
        Self {
            title: clean(title),
            width,
            height,
            items: Vec::new(),
        }
    }

    /// A line of text, `size` in points; `at` is where its base line starts.
    pub fn text(&mut self, at: At, size: f32, text: &str) {
        self.put_text(at, size, clean(text), false);
    }

    /// As [`text`](Self::text), in heavy letters.
    pub fn strong(&mut self, at: At, size: f32, text: &str) {
        self.put_text(at, size, clean(text), true);
    }

    /// A line of text that ends at `at`; smaller where it would be wider than `width`.
    pub fn right(&mut self, at: At, size: f32, width: f32, text: &str) {
        let text = clean(text);
        let has = measure(&text, size);
        let size = if has > width {
            size * width / has
        } else {
            size
        };
        let at = At {
            x: at.x - measure(&text, size),
            y: at.y,
        };
        self.put_text(at, size, text, false);
    }

    /// Text in lines of at most `width` millimetres, broken at spaces; gives the height below it.
    pub fn within(&mut self, at: At, size: f32, width: f32, text: &str) -> f32 {
        let mut y = at.y;
        for line in lines_within(text, size, width) {
            self.put_text(At { x: at.x, y }, size, line, false);
            y += step(size);
        }
        y
    }

    fn put_text(&mut self, at: At, size: f32, text: String, strong: bool) {
        self.put(Item::Text {
            at,
            size,
            text,
            strong,
        });
    }

    /// Text in lines of at most `chars` characters, broken at spaces; gives the height below it.
    pub fn paragraph(&mut self, at: At, size: f32, chars: usize, text: &str) -> f32 {
        let step = step(size);
        let mut y = at.y;
        for line in broken(&clean(text), chars) {
            self.text(At { x: at.x, y }, size, &line);
            y += step;
        }
        y
    }

    pub fn rule(&mut self, at: At, width: f32) {
        self.put(Item::Rule { at, width });
    }

    /// A code of `modules` by `modules` squares, dark where `is_dark` says so.
    pub fn code(
        &mut self,
        at: At,
        side: f32,
        modules: usize,
        is_dark: impl Fn(usize, usize) -> bool,
    ) {
        let step = side / small(modules.max(1));
        for row in 0..modules {
            for column in 0..modules {
                if is_dark(column, row) {
                    let at = At {
                        x: at.x + step * small(column),
                        y: at.y + step * small(row),
                    };
                    self.items.push(Item::Square { at, side: step });
                }
            }
        }
    }

    fn put(&mut self, item: Item) {
        if self.items.len() < ITEMS_MAX {
            self.items.push(item);
        }
    }

    /// The file of this page alone.
    pub fn pdf(&self) -> Result<Vec<u8>, Unprintable> {
        pdf_of(std::slice::from_ref(self))
    }

    pub(super) fn title(&self) -> &str {
        &self.title
    }

    pub(super) const fn size(&self) -> (f32, f32) {
        (self.width, self.height)
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter_map(|item| match item {
            Item::Text { text, .. } => Some(text.as_str()),
            Item::Rule { .. } | Item::Square { .. } => None,
        })
    }

    fn content(&self, glyphs: &Glyphs) -> Vec<u8> {
        let mut content = Content::new();
        let x = |at: &At| at.x * POINTS_PER_MM;
        let y = |at: &At| (self.height - at.y) * POINTS_PER_MM;
        for item in &self.items {
            match item {
                Item::Text {
                    at,
                    size,
                    text,
                    strong,
                } => {
                    if *strong {
                        content.set_line_width(size * 0.04);
                        content.set_text_rendering_mode(TextRenderingMode::FillStroke);
                    }
                    content.begin_text();
                    content.set_font(Name(b"F"), *size);
                    content.next_line(x(at), y(at));
                    content.show(Str(&glyphs.encode(text)));
                    content.end_text();
                    if *strong {
                        content.set_text_rendering_mode(TextRenderingMode::Fill);
                    }
                }
                Item::Rule { at, width } => {
                    content.set_line_width(0.5);
                    content.move_to(x(at), y(at));
                    content.line_to(x(at) + width * POINTS_PER_MM, y(at));
                    content.stroke();
                }
                Item::Square { at, side } => {
                    let side = side * POINTS_PER_MM;
                    content.rect(x(at), y(at) - side, side, side);
                }
            }
        }
        // All squares at once: no seams between them.
        if self
            .items
            .iter()
            .any(|item| matches!(item, Item::Square { .. }))
        {
            content.fill_nonzero();
        }
        content.finish().into_vec()
    }
}

/// Pages after each other, in one file. The first gives the title.
pub fn pdf_of(pages: &[Page]) -> Result<Vec<u8>, Unprintable> {
    let face = FACE.as_ref().ok_or(Unprintable)?;
    let glyphs = Glyphs::of(face, pages.iter().flat_map(Page::texts));
    let contents: Vec<_> = pages.iter().map(|page| page.content(&glyphs)).collect();
    write(pages, face, &glyphs, &contents)
}

/// How far the next line is below one of that size, in millimetres.
pub fn step(size: f32) -> f32 {
    size / POINTS_PER_MM * LEADING
}

/// How wide a line is, in millimetres.
fn measure(text: &str, size: f32) -> f32 {
    let Some(face) = FACE.as_ref() else {
        return 0.0;
    };
    let units = text.chars().map(|char| {
        let glyph = face
            .glyph_index(char)
            .or_else(|| face.glyph_index('\u{FFFD}'));
        let advance = glyph.and_then(|glyph| face.glyph_hor_advance(glyph));
        u64::from(advance.unwrap_or(0))
    });
    let units = small(usize::try_from(units.sum::<u64>() / 16).unwrap_or(usize::MAX)) * 16.0;
    units / f32::from(face.units_per_em()) * size / POINTS_PER_MM
}

/// The lines that text gives in a column of that width; a word that is wider is cut.
pub fn lines_within(text: &str, size: f32, width: f32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in clean(text).split_whitespace() {
        let gap = if line.is_empty() { "" } else { " " };
        let longer = format!("{line}{gap}{word}");
        if measure(&longer, size) <= width {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for char in word.chars() {
            line.push(char);
            if measure(&line, size) > width && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, char.to_string()));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Composed, without what steers, and bounded.
fn clean(text: &str) -> String {
    let composed = text.nfc().filter(|char| !char.is_control());
    composed.take(LINE_CHARS_MAX * 10).collect()
}

/// Lines of at most `chars` characters; a word that is longer is cut.
fn broken(text: &str, chars: usize) -> Vec<String> {
    let chars = chars.clamp(1, LINE_CHARS_MAX);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        loop {
            let used = line.chars().count();
            let gap = usize::from(used > 0);
            if used + gap + word.len() <= chars {
                if gap > 0 {
                    line.push(' ');
                }
                line.extend(&word);
                break;
            }
            if used > 0 {
                lines.push(std::mem::take(&mut line));
                continue;
            }
            let rest = word.split_off(chars);
            lines.push(word.into_iter().collect());
            word = rest;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Counts of a page are small.
fn small(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}
