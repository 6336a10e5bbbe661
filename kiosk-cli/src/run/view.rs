//! The screen as cells. Pure: draws into a buffer, and the terminal shows it.
//!
//! Invariants: the whole screen is the answer, by colour, shape and words, and each alone would do;
//! what staff must always see has its own rows, whatever the answer is; no size is too small.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier, Style};
use ratatui_core::text::Line;
use scanner_core::{Direction, QuestionKind, Verdict};

use super::acts::{Face, Finding, Mode, Questioning, SKIP, Shown};
use super::screen::Screen;
use super::shapes::{self, Shape, WORD_ROWS};
use super::{bars, waiting};
use crate::ui::wrap;

/// Smaller terminals get the word and the sentence.
const ROOMY: (u16, u16) = (44, 16);
const SHAPE_ROWS_MAX: u16 = 15;

/// Colours, unless the terminal's owner wants none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    pub(crate) colour: bool,
}

impl Palette {
    pub(super) fn of(self, back: u8, ink: u8) -> Style {
        if self.colour {
            Style::new()
                .bg(Color::Indexed(back))
                .fg(Color::Indexed(ink))
        } else {
            Style::new()
        }
    }

    /// Dark enough for white letters to stand out in sunlight, and not the same to any eye.
    fn face(self, face: Face) -> Style {
        match face {
            Face::Admit | Face::Out => self.of(28, 231),
            Face::Refuse => self.of(124, 231),
            Face::Attention => self.of(214, 16),
        }
    }

    fn idle(self) -> Style {
        self.of(236, 255)
    }
    pub(super) fn bar(self) -> Style {
        self.of(16, 252)
    }
}

impl Face {
    /// Glyphs that the bare console has as well.
    pub(super) const fn mark(self) -> &'static str {
        match self {
            Self::Admit => "√",
            Self::Out => "→",
            Self::Refuse => "×",
            Self::Attention => "▲",
        }
    }
    const fn shape(self) -> Shape {
        match self {
            Self::Admit => Shape::Tick,
            Self::Out => Shape::Out,
            Self::Refuse => Shape::Cross,
            Self::Attention => Shape::Hand,
        }
    }
    const fn word(self) -> &'static str {
        match self {
            Self::Admit => "ADMIT",
            Self::Out => "OUT",
            Self::Refuse => "REFUSE",
            Self::Attention => "CHECK",
        }
    }
}

pub(crate) fn draw(screen: &Screen, buf: &mut Buffer, palette: Palette) {
    let area = buf.area;
    let style = match (screen.mode(), screen.shown()) {
        (Mode::Gate, Some(shown)) => palette.face(shown.face),
        (Mode::Gate, None) if bars::trouble_of_device(screen).is_some() => palette.of(94, 231),
        _ => palette.idle(),
    };
    buf.set_style(area, style);
    let middle = bars::draw(screen, buf, palette);
    let mut page = Page::new(buf, middle, style);
    match screen.mode() {
        Mode::Help => help(&mut page),
        Mode::Quit => quit(&mut page),
        Mode::Search(finding) => search(&mut page, screen, finding),
        Mode::Question(questioning) => question(&mut page, screen, questioning),
        Mode::Gate => match screen.shown() {
            Some(shown) => answer(&mut page, shown),
            None => idle(&mut page, screen),
        },
    }
}

/// A page before there is a gate.
pub(super) fn note(buf: &mut Buffer, palette: Palette, note: &waiting::Page, typed: &str) {
    let area = buf.area;
    let style = palette.idle();
    buf.set_style(area, style);
    let mut page = Page::new(buf, area, style);
    page.head(Shape::Frame, note.word);
    let strong = style.add_modifier(Modifier::BOLD);
    for line in &note.lines {
        page.text(line, style);
        page.gap();
    }
    if let Some(attention) = &note.attention {
        page.text(attention, strong.add_modifier(Modifier::REVERSED));
        page.gap();
    }
    if !typed.is_empty() {
        page.text(&format!("{typed}_"), strong);
    }
}

/// Guest first, then why.
fn answer(page: &mut Page<'_>, shown: &Shown) {
    let Shown {
        face, answer, note, ..
    } = shown;
    page.head(face.shape(), face.word());
    let verdict = &answer.verdict;
    let strong = page.style.add_modifier(Modifier::BOLD);
    page.text(&who(verdict), strong);
    if let Some(holder) = &verdict.holder {
        page.text(holder, strong);
    }
    page.gap();
    page.text(&verdict.explanation, page.style);
    for note in &answer.notes {
        page.text(note, strong);
    }
    if let Some(error) = &answer.error {
        page.text(&format!("({error})"), page.style);
    }
    if let Some(note) = note {
        page.gap();
        page.text(note, strong.add_modifier(Modifier::REVERSED));
    }
    if *face == Face::Attention {
        page.gap();
        let done = if answer.questions.is_empty() {
            "F5   it is in order: admit"
        } else {
            "F5   ask the guest"
        };
        page.line(done, strong);
        page.line("Esc  it is not", page.style);
    }
}

pub(super) fn who(verdict: &Verdict) -> String {
    let of = [&verdict.class, &verdict.seat];
    let of: Vec<&str> = of.into_iter().flatten().map(String::as_str).collect();
    of.join(" · ")
}

fn idle(page: &mut Page<'_>, screen: &Screen) {
    let strong = page.style.add_modifier(Modifier::BOLD);
    if screen.waiting() > 0 {
        page.head(Shape::Frame, "WAIT");
        let more = match screen.waiting() {
            1 => "Checking.".to_owned(),
            all => format!("Checking; {} more wait.", all - 1),
        };
        page.text(&more, strong);
    } else if let Some(why) = bars::trouble_of_device(screen) {
        page.head(Shape::Cross, "WAIT");
        page.text(&why, strong);
    } else if screen.news().is_none() {
        page.head(Shape::Frame, "WAIT");
        page.text("One moment.", strong);
    } else {
        page.head(Shape::Frame, "READY");
        let asked = match screen.direction() {
            Direction::In => "Scan a ticket.",
            Direction::Out => "Scan the ticket of a guest who leaves.",
        };
        page.text(asked, strong);
    }
}

fn help(page: &mut Page<'_>) {
    page.head(Shape::Frame, "KEYS");
    for line in [
        "Scan, or type a code and Enter.",
        "F2 or /   find a guest",
        "F3        sound on or off",
        "F5        a check is done: admit",
        "F8        exchange with the server now",
        "F10       end",
        "Esc       back",
    ] {
        page.line(line, page.style);
    }
}

fn quit(page: &mut Page<'_>) {
    page.head(Shape::Hand, "END");
    let strong = page.style.add_modifier(Modifier::BOLD);
    page.text(
        "End this gate? Nobody is admitted here until it runs again.",
        strong,
    );
    page.gap();
    page.line("y    end", page.style);
    page.line("Esc  go on", page.style);
}

fn question(page: &mut Page<'_>, screen: &Screen, questioning: &Questioning) {
    let Some(question) = questioning.question() else {
        return;
    };
    page.head(Shape::Hand, "ASK");
    let strong = page.style.add_modifier(Modifier::BOLD);
    page.text(&question.text, strong);
    page.gap();
    for (number, (_, text)) in (1..).zip(&question.options) {
        page.line(&format!("{number}  {text}"), page.style);
    }
    let how = match question.kind {
        QuestionKind::YesNo => "y or n",
        QuestionKind::Choice => "a number",
        QuestionKind::Choices => "numbers, with commas",
        QuestionKind::Date => "a date, as 2026-11-26",
        QuestionKind::Time => "a time, as 18:30",
        QuestionKind::DateTime => "a date and a time, as 2026-11-26T18:30",
        QuestionKind::Text | QuestionKind::Number | QuestionKind::Email => "the answer",
    };
    let skip = if question.required {
        String::new()
    } else {
        format!(", {SKIP} for none")
    };
    page.text(
        &format!("Type {how}{skip}, then Enter. Esc: back."),
        page.style,
    );
    page.gap();
    page.text(&format!("{}_", screen.wedge().text()), strong);
}

fn search(page: &mut Page<'_>, screen: &Screen, finding: &Finding) {
    let strong = page.style.add_modifier(Modifier::BOLD);
    page.text(&format!("Find a guest: {}_", screen.wedge().text()), strong);
    page.gap();
    if let Some(failed) = &finding.failed {
        page.text(failed, page.style);
    } else if finding.asked.is_none() {
        page.text("A name or a serial, then Enter. Esc: back.", page.style);
    } else if let (Some(asked), true) = (&finding.asked, finding.hits.is_empty()) {
        page.text(&format!("{asked}: nothing found."), page.style);
    }
    // The chosen one stays in sight.
    let rows = usize::from(page.rows_left());
    let from = (finding.at + 1).saturating_sub(rows);
    for (at, hit) in finding.hits.iter().enumerate().skip(from).take(rows) {
        let of = [&hit.holder, &hit.class, &hit.seat];
        let of: Vec<&str> = of.into_iter().flatten().map(String::as_str).collect();
        let place = if hit.inside { ", inside" } else { "" };
        let used = hit.explanation.as_deref().unwrap_or_default();
        let line = format!(
            "{:04}  {}  {}{place}  {used}",
            hit.serial,
            of.join(" · "),
            hit.status
        );
        let style = if at == finding.at {
            strong.add_modifier(Modifier::REVERSED)
        } else {
            page.style
        };
        page.line(&line, style);
    }
}

/// A part of the screen that is written from top to bottom.
struct Page<'a> {
    buf: &'a mut Buffer,
    area: Rect,
    y: u16,
    style: Style,
    left: u16,
}

impl<'a> Page<'a> {
    fn new(buf: &'a mut Buffer, area: Rect, style: Style) -> Self {
        let margin = u16::from(area.width >= ROOMY.0) * 2;
        let top = u16::from(area.height >= ROOMY.1 - 4);
        Self {
            buf,
            area,
            y: area.y + top,
            style,
            left: area.x + margin,
        }
    }

    /// Shape at the left, word at the right of it, and what follows below the word.
    fn head(&mut self, shape: Shape, word: &str) {
        let strong = self.style.add_modifier(Modifier::BOLD);
        let rows = self.rows_left();
        if self.area.width < ROOMY.0 || rows < 6 {
            self.line(word, strong);
            return;
        }
        let side = rows
            .saturating_sub(1)
            .min(SHAPE_ROWS_MAX)
            .min(self.area.width / 5);
        let place = Rect::new(self.left, self.y, side * 2, side);
        shapes::shape(self.buf, place, shape, self.style);
        self.left += side * 2 + 3;
        let large = shapes::word_width(word) <= self.width() && rows >= 10;
        if large {
            let place = Rect::new(self.left, self.y, self.width(), WORD_ROWS);
            shapes::word(self.buf, place, word, self.style);
            self.y += WORD_ROWS + 1;
        } else {
            self.line(word, strong);
        }
    }

    fn width(&self) -> u16 {
        (self.area.x + self.area.width).saturating_sub(self.left + 1)
    }

    fn rows_left(&self) -> u16 {
        (self.area.y + self.area.height).saturating_sub(self.y)
    }

    fn gap(&mut self) {
        if self.area.height >= ROOMY.1 - 6 {
            self.y += 1;
        }
    }

    fn text(&mut self, text: &str, style: Style) {
        for line in wrap(text, usize::from(self.width())) {
            self.line(&line, style);
        }
    }

    fn line(&mut self, line: &str, style: Style) {
        if self.rows_left() > 0 {
            put(self.buf, (self.left, self.y), self.width() + 1, line, style);
            self.y += 1;
        }
    }
}

/// One line within `width` columns.
pub(super) fn put(buf: &mut Buffer, (x, y): (u16, u16), width: u16, text: &str, style: Style) {
    if buf.area.contains((x, y).into()) {
        buf.set_stringn(x, y, text, usize::from(width), style);
    }
}

pub(super) fn columns(text: &str) -> u16 {
    u16::try_from(Line::from(text).width()).unwrap_or(u16::MAX)
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
