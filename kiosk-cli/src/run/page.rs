//! A part of the screen, written from top to bottom: shape, word, lines.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Modifier, Style};
use ratatui_core::text::Line;

use super::shapes::{self, Shape, WORD_ROWS};
use crate::ui::wrap;

/// Smaller terminals get the word and the sentence.
pub(super) const ROOMY: (u16, u16) = (44, 16);
const SHAPE_ROWS_MAX: u16 = 15;

pub(super) struct Page<'a> {
    buf: &'a mut Buffer,
    area: Rect,
    y: u16,
    pub(super) style: Style,
    left: u16,
}

/// What a page says below its word.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<(String, Style)>);

impl Lines {
    /// Nothing when there is nothing to say.
    pub(super) fn text(&mut self, text: String, style: Style) {
        if !text.is_empty() {
            self.0.push((text, style));
        }
    }

    pub(super) fn gap(&mut self) {
        if self.0.last().is_some_and(|(text, _)| !text.is_empty()) {
            self.0.push((String::new(), Style::new()));
        }
    }

    pub(super) fn rows(&self, width: usize) -> usize {
        let rows = self
            .0
            .iter()
            .map(|(text, _)| wrap(text, width).len().max(1));
        rows.sum()
    }

    fn rows_without_gaps(&self, width: usize) -> usize {
        self.0.iter().map(|(text, _)| wrap(text, width).len()).sum()
    }
}

/// How much of a page its shape and word take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    Large,
    /// A large shape, the word as a line.
    Shape,
    /// The word as a line, and all columns for the rest.
    Line,
}

impl<'a> Page<'a> {
    pub(super) fn new(buf: &'a mut Buffer, area: Rect, style: Style) -> Self {
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
    pub(super) fn head(&mut self, shape: Shape, word: &str) {
        self.head_as(self.largest(word), shape, word);
    }

    /// The same with all that is to be said, in the largest form that leaves room for it. When none
    /// does, an ellipsis tells that something is missing.
    pub(super) fn fill(&mut self, shape: Shape, word: &str, lines: &Lines) {
        let smaller = [Head::Large, Head::Shape, Head::Line].into_iter();
        let possible = smaller.skip_while(|head| *head != self.largest(word));
        let fits = |head: &Head| {
            let (columns, rows) = self.room_under(*head, word);
            lines.rows(columns) <= rows
        };
        let head = possible.into_iter().find(fits).unwrap_or(Head::Line);
        self.head_as(head, shape, word);
        self.lines(lines);
    }

    pub(super) fn lines(&mut self, lines: &Lines) {
        let (columns, rows) = (usize::from(self.width()), usize::from(self.rows_left()));
        let has_gaps = lines.rows(columns) <= rows;
        let is_cut = lines.rows_without_gaps(columns) > rows;
        for (text, style) in &lines.0 {
            if text.is_empty() {
                self.y += u16::from(has_gaps);
            }
            self.text(text, *style);
        }
        if is_cut && rows > 1 {
            let x = (self.area.x + self.area.width).saturating_sub(2);
            put(self.buf, (x, self.y.saturating_sub(1)), 2, " …", self.style);
        }
    }

    fn largest(&self, word: &str) -> Head {
        if self.area.width < ROOMY.0 || self.rows_left() < 6 {
            return Head::Line;
        }
        let columns = self.width().saturating_sub(self.side() * 2 + 3);
        if shapes::word_width(word) <= columns && self.rows_left() >= 10 {
            Head::Large
        } else {
            Head::Shape
        }
    }

    fn side(&self) -> u16 {
        let rows = self.rows_left().saturating_sub(1);
        rows.min(SHAPE_ROWS_MAX).min(self.area.width / 5)
    }

    /// Columns and rows for what follows.
    fn room_under(&self, head: Head, word: &str) -> (usize, usize) {
        let (columns, rows) = match head {
            Head::Large => (self.side() * 2 + 3, WORD_ROWS + 1),
            Head::Shape => (self.side() * 2 + 3, 1),
            Head::Line => (0, u16::from(!word.is_empty())),
        };
        (
            usize::from(self.width().saturating_sub(columns)),
            usize::from(self.rows_left().saturating_sub(rows)),
        )
    }

    fn head_as(&mut self, head: Head, shape: Shape, word: &str) {
        let strong = self.style.add_modifier(Modifier::BOLD);
        if head != Head::Line {
            let side = self.side();
            let place = Rect::new(self.left, self.y, side * 2, side);
            shapes::shape(self.buf, place, shape, self.style);
            self.left += side * 2 + 3;
        }
        if head == Head::Large {
            let place = Rect::new(self.left, self.y, self.width(), WORD_ROWS);
            shapes::word(self.buf, place, word, self.style);
            self.y += WORD_ROWS + 1;
        } else {
            self.line(word, strong);
        }
    }

    pub(super) fn width(&self) -> u16 {
        (self.area.x + self.area.width).saturating_sub(self.left + 1)
    }

    pub(super) fn rows_left(&self) -> u16 {
        (self.area.y + self.area.height).saturating_sub(self.y)
    }

    pub(super) fn gap(&mut self) {
        if self.area.height >= ROOMY.1 - 6 {
            self.y += 1;
        }
    }

    pub(super) fn text(&mut self, text: &str, style: Style) {
        for line in wrap(text, usize::from(self.width())) {
            self.line(&line, style);
        }
    }

    pub(super) fn line(&mut self, line: &str, style: Style) {
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
