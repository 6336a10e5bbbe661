//! The rows around the answer: where this is, what came before, how things stand.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Modifier, Style};
use scanner_core::{Direction, Freshness, Status};

use super::acts::{Face, Mode, Past};
use super::news::News;
use super::page::{columns, put};
use super::risk;
use super::screen::Screen;
use super::view::{Palette, who};
use crate::ui::{conflict, duration, many, stop_watch};

/// With fewer rows there is only the answer.
const ROWS_MIN: u16 = 8;
const ALERT_ROWS_MAX: usize = 3;
const ALERTS_STAY_SECS: i64 = 4;
/// A gate that begins is alone for a moment.
const ALONE_SECS_MIN: u64 = 5;
/// From then on in a sentence as well.
const ALONE_TOLD_SECS: u64 = 60;
/// Good, doubtful, bad: as colours of letters on black.
const GOOD: u8 = 114;
const DOUBTFUL: u8 = 221;
const BAD: u8 = 210;

/// Draws the rows at the top and at the bottom; gives what is left in between.
pub(super) fn draw(screen: &Screen, buf: &mut Buffer, palette: Palette) -> Rect {
    let area = buf.area;
    if area.height < ROWS_MIN {
        return area;
    }
    let history = match area.height {
        ..16 => 0,
        16..22 => 2,
        22..30 => 3,
        _ => 5,
    };
    let alerts = in_turns(alerts(screen), screen.news());
    let alert_rows = u16::try_from(alerts.len()).unwrap_or(0);
    let foot = history + alert_rows + 3;
    let middle = Rect::new(area.x, 1, area.width, area.height.saturating_sub(foot + 1));
    let mut row = Row {
        buf,
        y: 0,
        palette,
        width: area.width,
    };
    header(screen, &mut row);
    row.y = middle.y + middle.height;
    let shown = usize::from(screen.shown().is_some());
    let mut past = screen.history().skip(shown);
    for _ in 0..history {
        row.clear();
        if let Some(past) = past.next() {
            row.left(&earlier(past, screen.news()), palette.bar());
        }
        row.y += 1;
    }
    for alert in &alerts {
        row.clear();
        let style = palette.of(16, DOUBTFUL).add_modifier(Modifier::BOLD);
        row.left(&format!("! {alert}"), style);
        row.y += 1;
    }
    counters(screen, &mut row);
    row.y += 1;
    facts(screen, &mut row);
    row.y += 1;
    prompt(screen, &mut row);
    middle
}

fn header(screen: &Screen, row: &mut Row<'_>) {
    row.clear();
    let strong = row.palette.bar().add_modifier(Modifier::BOLD);
    let way = match screen.direction() {
        Direction::In => "IN",
        Direction::Out => "OUT",
    };
    let Some(news) = screen.news() else {
        row.left("Gatehouse", strong);
        return;
    };
    let taken = row.right(&news.clock(news.status.clock.now), row.palette.bar());
    row.width -= taken;
    row.left(
        &format!("{} · {way} · {}", news.gate, news.status.event.title),
        strong,
    );
    row.width += taken;
}

fn earlier(past: &Past, news: Option<&News>) -> String {
    let Past { face, verdict } = past;
    let at = news.map_or_else(String::new, |news| news.clock(verdict.at));
    let who = who(verdict);
    let holder = verdict.holder.as_deref().unwrap_or_default();
    let why = match face {
        Face::Admit | Face::Out => "",
        Face::Refuse | Face::Attention => verdict.explanation.as_str(),
    };
    let told: Vec<&str> = [who.as_str(), holder, why]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    format!("{at}  {}  {}", face.mark(), told.join(" · "))
}

fn counters(screen: &Screen, row: &mut Row<'_>) {
    row.clear();
    let strong = row.palette.bar().add_modifier(Modifier::BOLD);
    let count = screen.news().map(|news| news.count).unwrap_or_default();
    row.left(
        &format!(
            "Admitted {}   Refused {}   Inside {}",
            count.admitted,
            screen.refused(),
            count.inside
        ),
        strong,
    );
    if screen.is_muted() {
        row.right("muted", row.palette.bar());
    }
}

/// Parts of a line, each as good as its colour says.
fn facts(screen: &Screen, row: &mut Row<'_>) {
    row.clear();
    let Some(News {
        status, alone_secs, ..
    }) = screen.news()
    else {
        return;
    };
    let mut at = 1;
    let alone = alone(status, *alone_secs);
    // One who is alone has no peers: the row has room for what else there is.
    let peers = peers(status).filter(|_| alone.is_none());
    for (text, colour) in [
        Some(line(status)),
        alone,
        clock(status),
        peers,
        Some(pending(status)),
        Some(snapshot(status)),
    ]
    .into_iter()
    .flatten()
    {
        let style = row.palette.of(16, colour);
        put(
            row.buf,
            (at, row.y),
            row.width.saturating_sub(at),
            &text,
            style,
        );
        at += columns(&text) + 3;
    }
}

fn line(status: &Status) -> (String, u8) {
    if status
        .peers
        .iter()
        .any(|of| of.kind == "server" && of.connected)
    {
        ("● online".to_owned(), GOOD)
    } else {
        ("○ OFFLINE".to_owned(), DOUBTFUL)
    }
}

/// Nobody else is heard: what is let in here is known here only, and so elsewhere.
fn alone(status: &Status, secs: u64) -> Option<(String, u8)> {
    (secs >= ALONE_SECS_MIN).then(|| {
        let risk = risk::of_copies(secs, status.other_gates);
        let time = stop_watch(secs);
        (format!("ALONE for {time}, risk {risk} %"), BAD)
    })
}

fn pending(status: &Status) -> (String, u8) {
    let colour = if status.pending == 0 { GOOD } else { DOUBTFUL };
    (format!("{} to send", status.pending), colour)
}

fn peers(status: &Status) -> Option<(String, u8)> {
    let others = || status.peers.iter().filter(|of| of.kind != "server");
    let connected = others().filter(|of| of.connected).count();
    let copies = status.copies.as_ref()?;
    let peers = many(connected as u64, "peer");
    if connected == 0 {
        return Some((peers, DOUBTFUL));
    }
    Some(match (copies.uncopied, copies.devices) {
        (0, 0) => (peers, GOOD),
        (0, devices) => {
            let told = format!("{peers}, copied to {}", many(devices.into(), "peer"));
            (told, GOOD)
        }
        (only, _) => (format!("{peers}, {only} only here"), DOUBTFUL),
    })
}

fn snapshot(status: &Status) -> (String, u8) {
    let Some(of) = &status.snapshot else {
        return ("no ticket list".to_owned(), BAD);
    };
    let (word, colour) = match of.freshness {
        Freshness::Fresh => ("fresh", GOOD),
        Freshness::Amber => ("getting old", DOUBTFUL),
        Freshness::Red => ("TOO OLD", BAD),
    };
    (
        format!("list {} old, {word}", duration(of.age_secs)),
        colour,
    )
}

fn clock(status: &Status) -> Option<(String, u8)> {
    let unsure = status.clock.unsure || status.clock.crowd_offset_ms.is_some();
    unsure.then(|| ("CLOCK UNSURE".to_owned(), BAD))
}

/// Nobody can be admitted, whatever is shown.
pub(super) fn trouble_of_device(screen: &Screen) -> Option<String> {
    let status = &screen.news()?.status;
    if status.evicted {
        return Some("This device was evicted: it admits nobody.".to_owned());
    }
    if let (Some(digits), None) = (&status.unconfirmed, &status.snapshot) {
        return Some(format!(
            "The organizer must confirm this device. Its six digits: {digits}."
        ));
    }
    match status.snapshot.as_ref().map(|of| of.freshness) {
        None => Some("No ticket list yet: connect this device and wait.".to_owned()),
        Some(Freshness::Red) => {
            Some("The ticket list is too old: connect this device and wait.".to_owned())
        }
        Some(Freshness::Fresh | Freshness::Amber) => None,
    }
}

/// All that fit at once; of more, each for some seconds.
fn in_turns(alerts: Vec<String>, news: Option<&News>) -> Vec<String> {
    if alerts.len() <= ALERT_ROWS_MAX {
        return alerts;
    }
    let turns = alerts.len().div_ceil(ALERT_ROWS_MAX);
    let secs = news.map_or(0, |news| news.status.clock.now.as_millis() / 1000);
    let turn = usize::try_from(secs / ALERTS_STAY_SECS).unwrap_or(0) % turns;
    let from = turn * ALERT_ROWS_MAX;
    let all = alerts.len();
    let numbered = (1..).zip(alerts).skip(from).take(ALERT_ROWS_MAX);
    numbered
        .map(|(at, alert)| format!("{at}/{all} {alert}"))
        .collect()
}

fn alerts(screen: &Screen) -> Vec<String> {
    let mut alerts: Vec<String> = screen.troubles().map(str::to_owned).collect();
    let Some(news) = screen.news() else {
        return alerts;
    };
    let status = &news.status;
    if status.evicted {
        alerts.push("this device was evicted: it admits nobody".to_owned());
    }
    if let (Some(digits), Some(_)) = (&status.unconfirmed, &status.snapshot) {
        alerts.push(format!(
            "the organizer must confirm this device: its six digits are {digits}"
        ));
    }
    let own = status.conflicts.iter().filter(|of| of.mine);
    alerts.extend(own.map(|of| conflict(of, |at| news.clock(at))));
    alerts.extend(status.notices.iter().map(|of| of.text.clone()));
    if news.alone_secs >= ALONE_TOLD_SECS {
        let risk = risk::of_copies(news.alone_secs, status.other_gates);
        alerts.push(format!(
            "alone: {risk} % of copies that pass here may have passed at another gate"
        ));
    }
    alerts.extend(status.cuts.iter().map(ToString::to_string));
    if status.contradicted > 0 {
        alerts.push(format!(
            "{} entries of other devices claim scans that this device's list does not bear out",
            status.contradicted
        ));
    }
    if let Some(offset) = status.clock.crowd_offset_ms {
        alerts.push(format!(
            "this clock is {} s behind the guests' phones: set it",
            offset / 1000
        ));
    } else if status.clock.unsure {
        alerts.push("this clock is wrong: set it".to_owned());
    }
    let refused = status.refused.iter();
    alerts.extend(refused.map(|why| format!("the server refuses {why}")));
    alerts
}

fn prompt(screen: &Screen, row: &mut Row<'_>) {
    row.clear();
    let wedge = screen.wedge();
    let bar = row.palette.bar();
    match screen.mode() {
        _ if wedge.is_reading() => row.left("Reading…", bar),
        Mode::Gate | Mode::Help | Mode::Done(_) | Mode::Devices if !wedge.text().is_empty() => {
            row.left(&format!("Code: {}_", wedge.text()), bar);
        }
        Mode::Search(_) => row.left("Enter find · ↑ ↓ choose · Esc back", bar),
        Mode::Question(_) => row.left("Enter next · Esc back", bar),
        Mode::Supervise(_) => row.left("PIN and Enter · Esc back", bar),
        Mode::Gate | Mode::Help | Mode::Quit | Mode::Done(_) | Mode::Devices => {
            row.left("F1 help · / find a guest · F3 sound · F10 end", bar);
        }
    }
}

struct Row<'a> {
    buf: &'a mut Buffer,
    y: u16,
    palette: Palette,
    width: u16,
}

impl Row<'_> {
    fn clear(&mut self) {
        let area = Rect::new(0, self.y, self.width, 1).intersection(self.buf.area);
        self.buf.set_style(area, self.palette.bar());
    }
    fn left(&mut self, text: &str, style: Style) {
        put(
            self.buf,
            (1, self.y),
            self.width.saturating_sub(2),
            text,
            style,
        );
    }
    /// Gives the columns that it took.
    fn right(&mut self, text: &str, style: Style) -> u16 {
        let taken = (columns(text) + 2).min(self.width);
        put(
            self.buf,
            (self.width - taken + 1, self.y),
            taken,
            text,
            style,
        );
        taken
    }
}
