//! The screen as cells. Pure: draws into a buffer, and the terminal shows it.
//!
//! Invariants: the whole screen is the answer, by colour, shape and words, and each alone would do;
//! what staff must always see has its own rows, whatever the answer is; no size is too small.

use ratatui_core::buffer::Buffer;
use ratatui_core::style::{Color, Modifier, Style};
use scanner_core::{Direction, Reason, Verdict};

use super::acts::{Face, Mode, Shown};
use super::page::{Lines, Page};
use super::screen::Screen;
use super::shapes::Shape;
use super::{bars, pages, waiting};

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
        Mode::Help => pages::help(&mut page),
        Mode::Quit => pages::quit(&mut page),
        Mode::Search(finding) => pages::search(&mut page, screen, finding),
        Mode::Question(questioning) => pages::question(&mut page, screen, questioning),
        Mode::Supervise(of) => pages::supervise(&mut page, screen, of),
        Mode::Done(done) => pages::done(&mut page, done),
        Mode::Devices => pages::devices(&mut page, screen),
        Mode::Gate => match screen.shown() {
            Some(shown) => answer(&mut page, screen, shown),
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

/// Guest first, then why. All of it, however little room that leaves for the shape.
fn answer(page: &mut Page<'_>, screen: &Screen, shown: &Shown) {
    let Shown {
        face, answer, note, ..
    } = shown;
    let verdict = &answer.verdict;
    let plain = page.style;
    let strong = plain.add_modifier(Modifier::BOLD);
    let mut lines = Lines::default();
    lines.text(who(verdict), strong);
    lines.text(verdict.holder.clone().unwrap_or_default(), strong);
    lines.gap();
    lines.text(verdict.explanation.clone(), plain);
    pages::notes_and_questions(&mut lines, page, answer);
    if let Some(error) = &answer.error {
        lines.text(format!("({error})"), plain);
    }
    if let Some(note) = note {
        lines.gap();
        lines.text(note.clone(), strong.add_modifier(Modifier::REVERSED));
    }
    lines.gap();
    for (key, does) in keys(screen, shown) {
        lines.text(format!("{key} {does}"), strong);
    }
    page.fill(face.shape(), face.word(), &lines);
}

/// What staff can do about an answer.
fn keys(screen: &Screen, shown: &Shown) -> Vec<(&'static str, &'static str)> {
    let verdict = &shown.answer.verdict;
    let mut keys = Vec::new();
    match shown.face {
        Face::Admit | Face::Out => return keys,
        Face::Refuse => {}
        Face::Attention if shown.answer.questions.is_empty() => {
            keys.extend([("F5", "it is in order: admit"), ("Esc", "it is not")]);
        }
        Face::Attention => keys.extend([("F5", "ask the guest"), ("Esc", "back")]),
    }
    let supervised = screen.news().is_some_and(|news| news.status.supervised);
    let mut all = verdict.also.iter().chain([&verdict.reason]);
    if !supervised {
        return keys;
    }
    if verdict.reason == Reason::RateLimited {
        keys.push(("F9", "supervisor: allow typed codes again"));
    } else if shown.face == Face::Refuse
        && verdict.serial.is_some()
        && all.all(|reason| reason.may_be_forced())
    {
        keys.push(("F6", "supervisor: let in all the same"));
    }
    keys
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

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
