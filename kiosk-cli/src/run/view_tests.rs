//! The screen as staff sees it.

use jiff::tz::TimeZone;
use ratatui_core::layout::Rect;
use scanner_core::{
    ClockView, Conflict, ConflictingUse, CopiesView, DeviceLine, EventView, Freshness, Hit,
    MissedView, NamedId, Outcome, PeerView, QuestionKind, QuestionPolicy, Reason, SnapshotView,
    Status, UseCount,
};
use shared::api::gate::DeviceRole;
use shared::ids::{DeviceId, EventId, GateId};
use shared::time::Timestamp;

use super::*;
use crate::run::acts::{Answer, Event};
use crate::run::news::News;
use crate::run::screen::tests::{Played, verdict};
use crate::run::wedge::{Key, Stroke};

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

fn status() -> Status {
    Status {
        event: EventView {
            id: EventId::new(NOW, [1; 10]),
            title: "Quiet Night".to_owned(),
        },
        device: DeviceLine {
            id: DeviceId::new(NOW, [2; 10]),
            name: "Kiosk 1".to_owned(),
            role: DeviceRole::Kiosk,
            enrolled_at: NOW,
        },
        gate: NamedId {
            id: GateId::new(NOW, [3; 10]),
            name: "Cổng B".to_owned(),
        },
        snapshot: Some(SnapshotView {
            version: 4,
            created_at: NOW,
            age_secs: 185,
            freshness: Freshness::Fresh,
            serials: 20_000,
        }),
        entries: 120,
        entries_of_others: 80,
        pending: 0,
        contradicted: 0,
        unjudged: 0,
        other_gates: 3,
        peers: vec![PeerView {
            kind: "server",
            name: None,
            address: "http://hub.test".to_owned(),
            last_success_at: Some(NOW),
            last_attempt_at: Some(NOW),
            last_error: None,
            connected: true,
        }],
        copies: None,
        listening: None,
        missed: Vec::new(),
        conflicts: Vec::new(),
        conflicts_in_all: 0,
        notices: Vec::new(),
        overrides: scanner_core::Overrides::default(),
        tries: scanner_core::TriesView {
            wrong_codes: 0,
            wrong_pins: 0,
            codes_locked: false,
        },
        supervised: false,
        unconfirmed: None,
        clock: ClockView {
            now: NOW,
            offset_ms: Some(12),
            unsure: false,
            crowd_offset_ms: None,
        },
        evicted: false,
        cuts: Vec::new(),
        refused: Vec::new(),
    }
}

fn with(gate: &mut Played, status: Status) {
    with_alone(gate, status, 0);
}

fn with_alone(gate: &mut Played, status: Status, alone_secs: u64) {
    gate.on(Event::News(Box::new(News {
        gate: status.gate.name.clone(),
        status,
        count: UseCount {
            admitted: 118,
            inside: 196,
        },
        alone_secs,
        zone: TimeZone::get("Asia/Ho_Chi_Minh").expect("a zone"),
    })));
}

fn gate(direction: Direction) -> Played {
    let mut gate = Played::new(direction);
    with(&mut gate, status());
    gate
}

fn drawn(gate: &Played, width: u16, height: u16) -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    draw(&gate.screen, &mut buf, Palette { colour: true });
    buf
}

fn text(buf: &Buffer) -> String {
    let rows = (0..buf.area.height).map(|y| {
        let row: String = (0..buf.area.width).map(|x| buf[(x, y)].symbol()).collect();
        row.trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

fn shown(gate: &Played) -> String {
    text(&drawn(gate, 80, 24))
}

#[test]
fn ready_admit_refuse_and_attention_fill_the_screen() {
    // V8
    let mut gate = gate(Direction::In);
    insta::assert_snapshot!("ready", shown(&gate));
    gate.admit(7);
    insta::assert_snapshot!("admit", shown(&gate));
    gate.wedge("9");
    gate.answer(verdict(Outcome::Refuse, Reason::AlreadyUsed, 9));
    insta::assert_snapshot!("refuse", shown(&gate));
    gate.wedge("8");
    gate.answer(verdict(Outcome::Attention, Reason::NeedsId, 8));
    insta::assert_snapshot!("attention", shown(&gate));
}

#[test]
fn help_search_and_end_have_pages() {
    let mut gate = gate(Direction::Out);
    gate.press(Key::Function(1));
    insta::assert_snapshot!("help", shown(&gate));
    gate.press(Key::Function(2));
    gate.keys("ngu", 200_000);
    insta::assert_snapshot!("search", shown(&gate));
    gate.press(Key::Escape);
    gate.press(Key::Quit);
    insta::assert_snapshot!("end", shown(&gate));
}

#[test]
fn each_answer_has_its_colour_over_the_whole_middle() {
    let mut gate = gate(Direction::In);
    gate.admit(7);
    let colours = |gate: &Played| {
        let buf = drawn(gate, 80, 24);
        let middle = (1..17).flat_map(|y| (0..80).map(move |x| (x, y)));
        let mut backs: Vec<_> = middle.map(|at| buf[at].bg).collect();
        backs.dedup();
        backs
    };
    assert_eq!(colours(&gate), [Color::Indexed(28)]);
    gate.wedge("9");
    gate.answer(verdict(Outcome::Refuse, Reason::AlreadyUsed, 9));
    assert_eq!(colours(&gate), [Color::Indexed(124)]);
    gate.wedge("8");
    gate.answer(verdict(Outcome::Attention, Reason::NeedsId, 8));
    assert_eq!(colours(&gate), [Color::Indexed(214)]);
}

#[test]
fn without_colour_shape_and_words_remain() {
    let mut gate = gate(Direction::In);
    gate.admit(7);
    let mut buf = Buffer::empty(Rect::new(0, 0, 80, 24));
    draw(&gate.screen, &mut buf, Palette { colour: false });
    assert!(buf.content().iter().all(|cell| cell.bg == Color::Reset));
    assert_eq!(text(&buf), shown(&gate));
}

#[test]
fn trouble_is_always_in_sight() {
    // V3, V6, V10
    let mut gate = gate(Direction::In);
    let mut bad = status();
    bad.peers[0].connected = false;
    bad.pending = 17;
    bad.clock.unsure = true;
    bad.contradicted = 2;
    if let Some(of) = &mut bad.snapshot {
        of.age_secs = 1200;
        of.freshness = Freshness::Amber;
    }
    with(&mut gate, bad.clone());
    gate.on(Event::Trouble(
        "the printer's command failed (exit code 1)".to_owned(),
    ));
    gate.admit(7);
    let told = shown(&gate);
    for words in [
        "○ OFFLINE",
        "17 to send",
        "list 20 min old, getting old",
        "CLOCK UNSURE",
        "this clock is wrong: set it",
        "2 entries of other devices claim",
        "the printer's command failed (exit code 1)",
        "Admitted 118   Refused 0   Inside 196",
        "Cổng B · IN · Quiet Night",
    ] {
        assert!(told.contains(words), "{words}:\n{told}");
    }
    // A device that admits nobody does not look ready.
    bad.evicted = true;
    with(&mut gate, bad);
    gate.pass(60_000_000);
    let told = shown(&gate);
    assert!(told.contains("This device was evicted"), "{told}");
    assert!(!told.contains("Scan a ticket"), "{told}");
}

fn peer(name: &str) -> PeerView {
    PeerView {
        kind: "device",
        name: Some(name.to_owned()),
        address: "192.168.7.12:7411".to_owned(),
        last_success_at: Some(NOW),
        last_attempt_at: Some(NOW),
        last_error: None,
        connected: true,
    }
}

#[test]
fn peers_copies_and_being_alone_are_told_in_words() {
    // V5
    let mut gate = gate(Direction::In);
    let mut linked = status();
    linked.peers.extend([peer("Kiosk 2"), peer("Kiosk 3")]);
    linked.copies = Some(CopiesView {
        devices: 2,
        uncopied: 0,
    });
    with(&mut gate, linked.clone());
    let told = shown(&gate);
    assert!(told.contains("2 peers, copied to 2 peers"), "{told}");
    assert!(told.contains("fresh"), "all of it on one row:\n{told}");
    linked.copies = Some(CopiesView {
        devices: 0,
        uncopied: 4,
    });
    with(&mut gate, linked.clone());
    let told = shown(&gate);
    assert!(told.contains("2 peers, 4 only here"), "{told}");
    linked.peers.truncate(1);
    linked.peers[0].connected = false;
    with_alone(&mut gate, linked, 754);
    let told = shown(&gate);
    for words in [
        "fresh",
        "ALONE for 12:34, risk 54 %",
        "54 % of copies that pass here may have passed at another gate",
    ] {
        assert!(told.contains(words), "{words}:\n{told}");
    }
}

fn conflicting(serial: u32, mine: bool) -> Conflict {
    let use_ = |device: &str, gate: &str, secs| ConflictingUse {
        device_id: DeviceId::new(NOW, [8; 10]),
        device: Some(device.to_owned()),
        gate: Some(gate.to_owned()),
        at: NOW.plus_secs(secs),
        duplicate: secs > 0,
        quarantined: false,
    };
    Conflict {
        serial,
        mine,
        admissions: vec![use_("Kiosk 1", "Gate A", 0), use_("Kiosk 2", "Gate B", 65)],
    }
}

#[test]
fn what_passed_twice_is_told_where_it_happened_and_each_alert_has_its_turn() {
    // V2 S24
    let mut gate = gate(Direction::In);
    let mut split = status();
    split.conflicts = vec![conflicting(7, true), conflicting(8, false)];
    with(&mut gate, split.clone());
    let told = shown(&gate);
    let words = "ticket 0007 let in 2 times: Gate A at 21:13:20, Gate B at 21:14:25";
    assert!(told.contains(words), "{told}");
    assert!(!told.contains("0008"), "not this device's:\n{told}");
    split.conflicts = (1..=5).map(|serial| conflicting(serial, true)).collect();
    let mut seen = std::collections::BTreeSet::new();
    for secs in 0..8 {
        split.clock.now = NOW.plus_secs(secs);
        with(&mut gate, split.clone());
        let told = shown(&gate);
        let numbered = (1..=5).filter(|serial| told.contains(&format!("{serial}/5 ticket")));
        seen.extend(numbered);
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}

#[test]
fn a_pin_is_dots_and_the_page_says_what_speaks_against_it() {
    // V11
    let mut gate = gate(Direction::In);
    let mut supervised = status();
    supervised.supervised = true;
    with(&mut gate, supervised);
    let mut late = verdict(Outcome::Refuse, Reason::AlreadyUsed, 9);
    late.also = vec![Reason::WrongGate];
    gate.wedge("9");
    gate.answer(late);
    assert!(shown(&gate).contains("F6 supervisor"), "{}", shown(&gate));
    gate.press(Key::Function(6));
    gate.keys("482913", 150_000);
    let told = shown(&gate);
    assert!(!told.contains("48"), "{told}");
    insta::assert_snapshot!("supervise", told);
    for (width, height) in [(200, 60), (60, 20), (40, 12)] {
        let told = text(&drawn(&gate, width, height));
        assert!(told.contains("PIN: ******_"), "{width}x{height}:\n{told}");
    }
}

fn question(text: &str) -> QuestionPolicy {
    QuestionPolicy {
        id: "q".to_owned(),
        text: text.to_owned(),
        classes: None,
        kind: QuestionKind::Choice,
        required: true,
        options: vec![
            ("v".to_owned(), "Vegetarian".to_owned()),
            ("f".to_owned(), "Fish".to_owned()),
        ],
    }
}

fn with_notes(serial: u32) -> Answer {
    let long = "Comes with a guide dog and needs the ramp at the side of the river, which is opened \
                by whoever has the key of the boat house; call Linh before the doors close. ";
    Answer {
        verdict: verdict(Outcome::Attention, Reason::NeedsAnswer, serial),
        error: None,
        notes: vec![
            long.repeat(3) + "End of note.",
            "Wristband: blue.".to_owned(),
        ],
        questions: vec![question("Which meal shall be served at the table?")],
    }
}

#[test]
fn notes_and_questions_are_shown_to_their_end() {
    // V12 S58
    let mut gate = gate(Direction::In);
    gate.wedge("8");
    gate.on(Event::Answered(Box::new(with_notes(8))));
    let told = shown(&gate);
    for words in [
        "End of note.",
        "Wristband: blue.",
        "at the table?",
        "Vegetarian / Fish",
        "F5",
    ] {
        assert!(told.contains(words), "{words}:\n{told}");
    }
    // Found by name it is the same.
    gate.press(Key::Function(2));
    gate.keys("ngu", 200_000);
    gate.on(Event::Stroke(Stroke::End));
    let hit = Hit {
        serial: 8,
        generation: 1,
        status: "active",
        class: Some("VIP".to_owned()),
        seat: None,
        holder: Some("Nguyễn Thị Ánh".to_owned()),
        inside: false,
        earlier: None,
        explanation: None,
    };
    gate.on(Event::Found(Ok(vec![hit])));
    gate.on(Event::Considered(8, Ok(Box::new(with_notes(8)))));
    insta::assert_snapshot!("found", shown(&gate));
    // Where it cannot be shown whole, that is told.
    let told = text(&drawn(&gate, 40, 12));
    assert!(told.contains('…'), "{told}");
}

#[test]
fn a_device_that_waits_for_its_confirmation_shows_its_digits() {
    // V6
    let mut gate = gate(Direction::In);
    let mut waiting = status();
    waiting.unconfirmed = Some("048213".to_owned());
    waiting.snapshot = None;
    with(&mut gate, waiting);
    let told = shown(&gate);
    assert!(
        told.contains("048213") && !told.contains("Scan a ticket"),
        "{told}"
    );
}

#[test]
fn the_other_devices_have_a_page() {
    // V5
    let mut gate = gate(Direction::In);
    let mut linked = status();
    linked.peers.push(peer("Kiosk 2"));
    linked.copies = Some(CopiesView {
        devices: 1,
        uncopied: 0,
    });
    linked.listening = Some("0.0.0.0:7411".to_owned());
    linked.missed = vec![MissedView {
        address: "192.168.7.13:7411".to_owned(),
        why: "nobody answers".to_owned(),
        at: NOW,
    }];
    with(&mut gate, linked);
    gate.press(Key::Function(4));
    insta::assert_snapshot!("devices", shown(&gate));
}

#[test]
fn every_size_of_screen_says_what_to_do() {
    let mut gate = gate(Direction::In);
    gate.wedge("9");
    gate.answer(verdict(Outcome::Refuse, Reason::AlreadyUsed, 9));
    for (width, height) in [(200, 60), (100, 37), (60, 20), (40, 12), (24, 6), (12, 4)] {
        let told = text(&drawn(&gate, width, height));
        let flat: String = told.split_whitespace().collect();
        let large = told.contains('█');
        assert!(
            large || flat.contains("REFUSE"),
            "{width}x{height}:\n{told}"
        );
        assert!(
            (width, height) == (12, 4) || flat.contains("Used"),
            "{width}x{height}:\n{told}"
        );
    }
    for (width, height) in [(1, 1), (2, 9), (9, 2)] {
        assert!(text(&drawn(&gate, width, height)).len() < 64);
    }
}

#[test]
fn what_a_name_holds_cannot_steer_the_terminal() {
    let mut gate = gate(Direction::In);
    let mut evil = verdict(Outcome::Admit, Reason::Ok, 7);
    evil.holder = Some("Anna\u{1b}[2J\u{7}\u{202e}".to_owned());
    gate.wedge("7");
    gate.answer(evil);
    let buf = drawn(&gate, 80, 24);
    let controls = |cell: &ratatui_core::buffer::Cell| cell.symbol().chars().any(char::is_control);
    assert!(!buf.content().iter().any(controls));
    assert!(text(&buf).contains("Anna"), "{}", text(&buf));
}
