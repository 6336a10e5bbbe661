//! The file that pages give: their glyphs, the embedded part of the font, and the objects of a PDF.

use std::collections::BTreeMap;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId};

use super::page::{FONT, POINTS_PER_MM, Page, Unprintable};

const FONT_NAME: &str = "GHPAGE+DejaVuSans";
/// Shown for what the font lacks.
const LACKING: char = '\u{FFFD}';

/// The glyphs that pages need, numbered anew.
pub(super) struct Glyphs {
    remapper: GlyphRemapper,
    by_char: BTreeMap<char, u16>,
    /// By their new numbers: old number and a character that they stand for.
    used: BTreeMap<u16, (u16, char)>,
}

impl Glyphs {
    pub(super) fn of<'a>(face: &Face<'_>, texts: impl Iterator<Item = &'a str>) -> Self {
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
    pub(super) fn encode(&self, text: &str) -> Vec<u8> {
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

/// Where page and content of the pages after the first are: behind all that pages share.
const MORE: i32 = 11;

fn refs(at: usize) -> Result<(Ref, Ref), Unprintable> {
    if at == 0 {
        return Ok((PAGE, CONTENT));
    }
    let behind = i32::try_from(at - 1).map_err(|_| Unprintable)?;
    let page = behind.checked_mul(2).and_then(|by| by.checked_add(MORE));
    let page = page.ok_or(Unprintable)?;
    Ok((Ref::new(page), Ref::new(page + 1)))
}

/// The first page gives its title.
pub(super) fn write(
    pages: &[Page],
    face: &Face<'_>,
    glyphs: &Glyphs,
    contents: &[Vec<u8>],
) -> Result<Vec<u8>, Unprintable> {
    let title = pages.first().map_or("", |page| page.title());
    let refs: Vec<(Ref, Ref)> = (0..pages.len()).map(refs).collect::<Result<_, _>>()?;
    let mut pdf = Pdf::new();
    pdf.catalog(CATALOG).pages(PAGES);
    let count = i32::try_from(pages.len()).map_err(|_| Unprintable)?;
    let kids = refs.iter().map(|(page, _)| *page);
    pdf.pages(PAGES).kids(kids).count(count);
    for ((page, content), (id, content_id)) in pages.iter().zip(contents).zip(&refs) {
        let mut this = pdf.page(*id);
        let (width, height) = page.size();
        let (width, height) = (width * POINTS_PER_MM, height * POINTS_PER_MM);
        this.media_box(Rect::new(0.0, 0.0, width, height));
        this.parent(PAGES).contents(*content_id);
        this.resources().fonts().pair(Name(b"F"), TYPE0);
        this.finish();
        pdf.stream(*content_id, content);
    }
    pdf.document_info(INFO)
        .title(TextStr(title))
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
