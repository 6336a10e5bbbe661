//! The pages that staff opens: keys, the end, questions to a guest, a search, a supervisor, devices.

use ratatui_core::style::Modifier;
use scanner_core::{Outcome, QuestionKind};

use super::acts::{Answer, Done, Finding, Questioning, SKIP};
use super::page::{Lines, Page};
use super::screen::Screen;
use super::shapes::Shape;
use super::supervise::{Act, Supervising};
use crate::ui::many;

/// Of a search, however much there is to say about one of them.
const HITS_ROWS_MIN: usize = 3;
/// How long a PIN is is nobody's business beyond this.
const DOTS_MAX: usize = 12;

pub(super) fn help(page: &mut Page<'_>) {
    page.head(Shape::Frame, "KEYS");
    for line in [
        "Scan, or type a code and Enter.",
        "F2 or /   find a guest",
        "F3        sound on or off",
        "F4        the other devices",
        "F5        a check is done: admit",
        "F6        supervisor: let this one in",
        "F7        supervisor: take it back",
        "F8        exchange with the server now",
        "F9        supervisor: typed codes again",
        "F10       end",
        "Esc       back",
    ] {
        page.line(line, page.style);
    }
}

pub(super) fn quit(page: &mut Page<'_>) {
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

pub(super) fn question(page: &mut Page<'_>, screen: &Screen, questioning: &Questioning) {
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

pub(super) fn search(page: &mut Page<'_>, screen: &Screen, finding: &Finding) {
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
    let about = about_chosen(page, finding);
    let about_rows = about.rows(usize::from(page.width()));
    let rows = usize::from(page.rows_left());
    let rows = rows.saturating_sub(about_rows + 1).max(HITS_ROWS_MIN);
    // The chosen one stays in sight.
    let from = (finding.at + 1).saturating_sub(rows);
    for (at, hit) in finding.hits.iter().enumerate().skip(from).take(rows) {
        let of = [&hit.holder, &hit.class, &hit.seat];
        let of: Vec<&str> = of.into_iter().flatten().map(String::as_str).collect();
        let place = if hit.inside { ", inside" } else { "" };
        let line = format!(
            "{:04}  {}  {}{place}",
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
    page.gap();
    page.lines(&about);
}

/// All that staff should know about the chosen guest before a supervisor is asked.
fn about_chosen(page: &Page<'_>, finding: &Finding) -> Lines {
    let (plain, strong) = (page.style, page.style.add_modifier(Modifier::BOLD));
    let mut lines = Lines::default();
    let answer = match finding.about_chosen() {
        None => return lines,
        Some(Err(why)) => {
            lines.text(why.clone(), plain);
            return lines;
        }
        Some(Ok(answer)) => answer,
    };
    let verdict = &answer.verdict;
    let word = match verdict.verdict {
        Outcome::Admit => "With the code in hand this ticket would be let in.".to_owned(),
        Outcome::Refuse => format!("The gate would refuse: {}", verdict.explanation),
        Outcome::Attention => format!("The gate would say: {}", verdict.explanation),
    };
    lines.text(word, strong);
    notes_and_questions(&mut lines, page, answer);
    if verdict.serial.is_some() {
        lines.text(
            "F6 supervisor: let in · F7 supervisor: take back".to_owned(),
            plain,
        );
    }
    lines
}

/// In full: a note that is cut may be cut where it matters.
pub(super) fn notes_and_questions(lines: &mut Lines, page: &Page<'_>, answer: &Answer) {
    let strong = page.style.add_modifier(Modifier::BOLD);
    for question in &answer.questions {
        // The sentence about the verdict may have asked it already.
        if !answer.verdict.explanation.contains(&question.text) {
            lines.text(format!("? {}", question.text), strong);
        }
        let options: Vec<&str> = question
            .options
            .iter()
            .map(|(_, text)| text.as_str())
            .collect();
        lines.text(options.join(" / "), page.style);
    }
    for note in &answer.notes {
        lines.text(format!("! {note}"), strong);
    }
}

pub(super) fn supervise(page: &mut Page<'_>, screen: &Screen, of: &Supervising) {
    let (plain, strong) = (page.style, page.style.add_modifier(Modifier::BOLD));
    let (word, enter) = match of.act {
        Act::LetIn => ("LET IN", "let in"),
        Act::TakeBack => ("BACK", "take the last entry or exit back"),
        Act::Unlock => ("UNLOCK", "allow typed codes again"),
    };
    let mut lines = Lines::default();
    if let Some(guest) = &of.guest {
        for line in &guest.lines {
            lines.text(line.clone(), strong);
        }
        lines.gap();
        for against in &guest.against {
            lines.text(against.clone(), plain);
        }
        lines.gap();
    }
    if let Some(told) = &of.told {
        lines.text(told.clone(), strong.add_modifier(Modifier::REVERSED));
        lines.gap();
    }
    if of.is_sent {
        lines.text("The PIN is being checked.".to_owned(), strong);
    } else {
        let dots = "*".repeat(screen.wedge().length().min(DOTS_MAX));
        lines.text(format!("Supervisor's PIN: {dots}_"), strong);
        lines.text(format!("Enter: {enter}. Esc: back."), plain);
    }
    page.fill(Shape::Hand, word, &lines);
}

pub(super) fn done(page: &mut Page<'_>, done: &Done) {
    let strong = page.style.add_modifier(Modifier::BOLD);
    let mut lines = Lines::default();
    for line in &done.lines {
        lines.text(line.clone(), strong);
    }
    lines.gap();
    lines.text("Scan the next ticket, or Esc.".to_owned(), page.style);
    page.fill(Shape::Frame, done.word, &lines);
}

/// Who is there, who is not, and where this device can be called.
pub(super) fn devices(page: &mut Page<'_>, screen: &Screen) {
    let (plain, strong) = (page.style, page.style.add_modifier(Modifier::BOLD));
    page.line("DEVICES", strong);
    let Some(status) = screen.news().map(|news| &news.status) else {
        return;
    };
    let mut lines = Lines::default();
    lines.gap();
    match (&status.listening, &status.copies) {
        (_, None) => lines.text("This device talks with no others.".to_owned(), plain),
        (None, Some(_)) => {
            lines.text(
                "This device calls others and takes no calls.".to_owned(),
                plain,
            );
        }
        (Some(at), Some(_)) => {
            lines.text(format!("Others can call this device at {at}."), plain);
        }
    }
    let linked = status.peers.iter().filter(|peer| peer.kind == "device");
    for peer in linked {
        let name = peer.name.as_deref().unwrap_or("a device");
        lines.text(format!("√ {name} ({})", peer.address), strong);
    }
    if let Some(copies) = &status.copies {
        let told = format!(
            "This device's log is copied to {}; {} of its entries are here only.",
            many(copies.devices.into(), "device"),
            copies.uncopied
        );
        lines.text(told, plain);
    }
    for missed in status.missed.iter().rev() {
        lines.text(format!("× {}: {}", missed.address, missed.why), plain);
    }
    for peer in status.peers.iter().filter(|peer| peer.kind == "server") {
        let state = match (&peer.last_error, peer.connected) {
            (Some(error), _) => error.as_str(),
            (None, true) => "connected",
            (None, false) => "not heard lately",
        };
        lines.text(format!("Server {}: {state}", peer.address), plain);
    }
    page.lines(&lines);
}
