//! One page: what stands on it, and the file that it gives.

use std::collections::BTreeMap;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId};
use unicode_normalization::UnicodeNormalization as _;

/// `DejaVu` Sans: Latin with all that Vietnamese needs, Greek, Cyrillic and more.
const FONT: &[u8] = include_bytes!("DejaVuSans.ttf");
const FONT_NAME: &str = "GHPAGE+DejaVuSans";
/// Shown for what the font lacks.
const LACKING: char = '\u{FFFD}';
const POINTS_PER_MM: f32 = 72.0 / 25.4;
/// Characters of one line, and lines of one page.
const LINE_CHARS_MAX: usize = 300;
const ITEMS_MAX: usize = 2_000;

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
    },
    /// Left to right, at that height.
    Rule {
        at: At,
        width: f32,
    },
    /// Filled squares of a code.
    Square {
        at: At,
        side: f32,
    },
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
        let text = clean(text);
        self.put(Item::Text { at, size, text });
    }

    /// Text in lines of at most `chars` characters, broken at spaces; gives the height below it.
    pub fn paragraph(&mut self, at: At, size: f32, chars: usize, text: &str) -> f32 {
        let step = size / POINTS_PER_MM * 1.35;
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

    /// The file.
    pub fn pdf(&self) -> Result<Vec<u8>, Unprintable> {
        let face = Face::parse(FONT, 0).map_err(|_| Unprintable)?;
        let glyphs = Glyphs::of(&face, self.texts());
        let content = self.content(&glyphs);
        write(self, &face, &glyphs, &content)
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
                Item::Text { at, size, text } => {
                    content.begin_text();
                    content.set_font(Name(b"F"), *size);
                    content.next_line(x(at), y(at));
                    content.show(Str(&glyphs.encode(text)));
                    content.end_text();
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

/// The glyphs that a page needs, numbered anew.
struct Glyphs {
    remapper: GlyphRemapper,
    by_char: BTreeMap<char, u16>,
    /// By their new numbers: old number and a character that they stand for.
    used: BTreeMap<u16, (u16, char)>,
}

impl Glyphs {
    fn of<'a>(face: &Face<'_>, texts: impl Iterator<Item = &'a str>) -> Self {
        let mut glyphs = Self {
            remapper: GlyphRemapper::new(),
            by_char: BTreeMap::new(),
            used: BTreeMap::new(),
        };
        for char in texts.flat_map(str::chars).chain([LACKING]) {
            let (glyph, shown) = match face.glyph_index(char) {
                Some(glyph) => (Some(glyph), char),
                None => (face.glyph_index(LACKING), LACKING),
            };
            let old = glyph.map_or(0, |glyph| glyph.0);
            let new = glyphs.remapper.remap(old);
            glyphs.by_char.insert(char, new);
            glyphs.used.entry(new).or_insert((old, shown));
        }
        glyphs
    }

    /// Two bytes a character.
    fn encode(&self, text: &str) -> Vec<u8> {
        let numbers = text
            .chars()
            .map(|char| self.by_char.get(&char).copied().unwrap_or(0));
        numbers.flat_map(u16::to_be_bytes).collect()
    }
}

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const CONTENT: Ref = Ref::new(4);
const TYPE0: Ref = Ref::new(5);
const CID: Ref = Ref::new(6);
const DESCRIPTOR: Ref = Ref::new(7);
const FILE: Ref = Ref::new(8);
const CMAP: Ref = Ref::new(9);
const INFO: Ref = Ref::new(10);
const IDENTITY: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

fn write(
    page: &Page,
    face: &Face<'_>,
    glyphs: &Glyphs,
    content: &[u8],
) -> Result<Vec<u8>, Unprintable> {
    let mut pdf = Pdf::new();
    pdf.catalog(CATALOG).pages(PAGES);
    pdf.pages(PAGES).kids([PAGE]).count(1);
    let mut this = pdf.page(PAGE);
    let (width, height) = (page.width * POINTS_PER_MM, page.height * POINTS_PER_MM);
    this.media_box(Rect::new(0.0, 0.0, width, height));
    this.parent(PAGES).contents(CONTENT);
    this.resources().fonts().pair(Name(b"F"), TYPE0);
    this.finish();
    pdf.stream(CONTENT, content);
    pdf.document_info(INFO)
        .title(TextStr(&page.title))
        .producer(TextStr("Gatehouse"));
    font(&mut pdf, face, glyphs)?;
    Ok(pdf.finish())
}

fn font(pdf: &mut Pdf, face: &Face<'_>, glyphs: &Glyphs) -> Result<(), Unprintable> {
    let subset = subsetter::subset(FONT, 0, &glyphs.remapper).map_err(|_| Unprintable)?;
    let scale = 1000.0 / f32::from(face.units_per_em());
    pdf.type0_font(TYPE0)
        .base_font(Name(FONT_NAME.as_bytes()))
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(CID)
        .to_unicode(CMAP);
    let mut cid = pdf.cid_font(CID);
    cid.subtype(CidFontType::Type2);
    cid.base_font(Name(FONT_NAME.as_bytes()));
    cid.system_info(IDENTITY);
    cid.font_descriptor(DESCRIPTOR);
    cid.cid_to_gid_map_predefined(Name(b"Identity"));
    let advance = |old: &u16| face.glyph_hor_advance(GlyphId(*old)).unwrap_or(0);
    let mut widths = cid.widths();
    for (new, (old, _)) in &glyphs.used {
        widths.consecutive(*new, [f32::from(advance(old)) * scale]);
    }
    widths.finish();
    cid.finish();
    let bounds = face.global_bounding_box();
    let at = |value: i16| f32::from(value) * scale;
    let mut descriptor = pdf.font_descriptor(DESCRIPTOR);
    descriptor
        .name(Name(FONT_NAME.as_bytes()))
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(
            at(bounds.x_min),
            at(bounds.y_min),
            at(bounds.x_max),
            at(bounds.y_max),
        ))
        .italic_angle(0.0)
        .ascent(at(face.ascender()))
        .descent(at(face.descender()))
        .cap_height(at(face.capital_height().unwrap_or(face.ascender())))
        .stem_v(80.0)
        .font_file2(FILE);
    descriptor.finish();
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(&subset, 6);
    let mut file = pdf.stream(FILE, &packed);
    file.filter(pdf_writer::Filter::FlateDecode);
    let length = i32::try_from(subset.len()).map_err(|_| Unprintable)?;
    file.pair(Name(b"Length1"), length);
    file.finish();
    // So that what is printed can be found and copied.
    let mut cmap = UnicodeCmap::new(Name(b"Custom"), IDENTITY);
    for (new, (_, char)) in &glyphs.used {
        cmap.pair(*new, *char);
    }
    pdf.cmap(CMAP, &cmap.finish());
    Ok(())
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
