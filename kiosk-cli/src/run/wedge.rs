//! What a barcode reader typed, and what a person typed, told apart by speed. Pure: keys with their
//! times in, readings and commands out.
//!
//! Invariants: keys belong together unless a pause says otherwise, and a text is never repaired; a
//! reading counts wherever the focus is; a key that is part of a burst is never a command, because
//! what a barcode holds is not for its printer to decide; memory is bounded however long a code is.

use shared::limits::TICKET_TEXT_BYTES_MAX;
use zeroize::{Zeroize as _, Zeroizing};

use super::supervise::Secret;

/// Keys that follow each other this fast come from a machine, when there are many.
const MACHINE_GAP_MICROS: u64 = 60_000;
/// No hand types this many keys that fast; the shortest ticket is longer.
const CODE_KEYS_MIN: usize = 40;
/// Nor this many in a row. The shortest number of a chip, four bytes in hex, is as long: a wristband
/// is no answer to the question that is open.
const NUMBER_KEYS_MIN: usize = 8;
/// So many keys at a machine's speed are the beginning of a reading.
const READING_KEYS_MIN: usize = 3;
/// A reader's burst is over after this pause, with or without an end.
const SPLIT_MICROS: u64 = 300_000;
/// A command is a key with nothing this close to it.
const LONE_MICROS: u64 = 60_000;
/// What somebody began to type and left.
const STALE_MICROS: u64 = 20_000_000;
/// More than any PIN.
const SECRET_BYTES: usize = 128;
/// Lines that one paste may hold.
const PASTE_LINES_MAX: usize = 256;

/// A key of the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stroke {
    Char(char),
    /// CR, LF or Tab.
    End,
    Erase,
    Command(Key),
    /// A terminal says that this was pasted.
    Paste(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Escape,
    Up,
    Down,
    Function(u8),
    /// Ctrl-C and its kind.
    Quit,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A reading at a machine's speed: a scan, wherever the focus is.
    Code(String),
    /// A line for whoever has the focus.
    Line(String),
    /// A line that a hand typed while a PIN was asked for.
    Secret(Secret),
    /// A line that came then too fast for a hand, and is too short for a ticket.
    NotByHand,
    /// Endless or far too long: no code is.
    TooLong,
    Command(Key),
    /// The only character of the line, with nothing close to it.
    Lone(char),
}

#[derive(Debug, Default)]
pub(crate) struct Wedge {
    text: String,
    too_long: bool,
    /// Where the burst at the end of `text` begins.
    burst_at: usize,
    burst_keys: usize,
    /// The burst came after a pause, so that what is before it does not belong to it.
    after_pause: bool,
    last_at: Option<u64>,
    waiting: Option<(Typed, u64)>,
    /// A PIN is asked for.
    secret: bool,
    /// Pauses in the line that only a hand makes, and all others.
    by_hand: usize,
    by_machine: usize,
    /// Keys that came in one piece, which a person may have chosen.
    pasted: usize,
}

impl Wedge {
    /// What has been typed so far.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Keys at a machine's speed are coming in.
    pub(crate) fn is_reading(&self) -> bool {
        self.burst_keys >= CODE_KEYS_MIN || self.too_long
    }

    /// Whether what comes now is a PIN. What a hand typed before is for nobody; a reading that is
    /// under way goes on.
    pub(crate) fn ask_for(&mut self, secret: bool, at: u64) {
        self.secret = secret;
        let last = self.last_at.unwrap_or(0);
        if self.burst_keys < READING_KEYS_MIN || at.saturating_sub(last) >= LONE_MICROS {
            self.clear();
            // A text that grows leaves its beginnings behind.
            self.text.reserve(if secret { SECRET_BYTES } else { 0 });
            return;
        }
        let typed = Zeroizing::new(std::mem::take(&mut self.text));
        typed[self.burst_at..].clone_into(&mut self.text);
        self.burst_at = 0;
    }

    /// For staff to see how much of a PIN there is.
    pub(crate) fn length(&self) -> usize {
        self.text.chars().count()
    }

    pub(crate) fn clear(&mut self) {
        self.text.zeroize();
        (self.by_hand, self.by_machine) = (0, 0);
        self.too_long = false;
        self.burst_at = 0;
        self.burst_keys = 0;
        self.after_pause = false;
        self.pasted = 0;
    }

    pub(crate) fn stroke(&mut self, stroke: Stroke, at: u64) -> Vec<Typed> {
        let mut typed = self.tick(at);
        let gap = self.last_at.map(|last| at.saturating_sub(last));
        self.last_at = Some(at);
        // Whatever waited was not alone.
        self.waiting = None;
        let alone = gap.is_none_or(|gap| gap >= LONE_MICROS);
        if !self.text.is_empty() {
            if gap.is_none_or(|gap| gap >= MACHINE_GAP_MICROS) {
                self.by_hand += 1;
            } else {
                self.by_machine += 1;
            }
        }
        match stroke {
            Stroke::Char(c) => self.push(c, gap, at),
            Stroke::End => typed.extend(self.end()),
            Stroke::Erase => {
                self.text.pop();
                self.burst_keys = 0;
                self.burst_at = self.text.len();
            }
            Stroke::Command(key) if alone => self.waiting = Some((Typed::Command(key), at)),
            Stroke::Command(_) => {}
            Stroke::Paste(text) => typed.extend(self.paste(&text)),
        }
        typed
    }

    fn push(&mut self, c: char, gap: Option<u64>, at: u64) {
        if c.is_control() {
            return;
        }
        if gap.is_none_or(|gap| gap > MACHINE_GAP_MICROS) {
            self.burst_at = self.text.len();
            self.burst_keys = 0;
            self.after_pause = gap.is_none_or(|gap| gap >= SPLIT_MICROS);
        }
        if self.text.len() + c.len_utf8() > TICKET_TEXT_BYTES_MAX {
            self.too_long = true;
            return;
        }
        let alone = self.text.is_empty() && gap.is_none_or(|gap| gap >= LONE_MICROS);
        self.text.push(c);
        self.burst_keys += 1;
        if alone && !self.secret {
            self.waiting = Some((Typed::Lone(c), at));
        }
    }

    /// The line is whole. Readers that send two ends for one code leave nothing to give.
    fn end(&mut self) -> Option<Typed> {
        let typed = if self.too_long {
            Some(Typed::TooLong)
        } else if self.burst_keys >= CODE_KEYS_MIN {
            // Somebody had begun to type; the reading is a text of its own.
            let alone = self.after_pause || self.secret;
            let from = if alone { self.burst_at } else { 0 };
            Some(Typed::Code(self.text[from..].to_owned()))
        } else if self.secret && !self.text.is_empty() {
            let typed = Zeroizing::new(std::mem::take(&mut self.text));
            Some(if self.by_hand > self.by_machine {
                Typed::Secret(Secret::new(typed))
            } else {
                Typed::NotByHand
            })
        } else if self.is_number() {
            let apart = self.after_pause && self.burst_keys >= NUMBER_KEYS_MIN;
            let from = if apart { self.burst_at } else { 0 };
            Some(Typed::Code(self.text[from..].to_owned()))
        } else {
            (!self.text.is_empty()).then(|| Typed::Line(std::mem::take(&mut self.text)))
        };
        self.clear();
        typed
    }

    /// The number of a wristband or card, or another short code, and not what a hand types: in one
    /// run, or with a hitch of the reader in between.
    fn is_number(&self) -> bool {
        let is_long = self.text.chars().count() >= NUMBER_KEYS_MIN;
        let is_fast = self.by_machine > 2 * self.by_hand;
        self.pasted == 0 && (self.burst_keys >= NUMBER_KEYS_MIN || (is_long && is_fast))
    }

    /// Whole lines are lines; an end that is missing is only missed after a code.
    fn paste(&mut self, text: &str) -> Vec<Typed> {
        let mut typed = Vec::new();
        for line in text.split_inclusive(['\r', '\n']).take(PASTE_LINES_MAX) {
            let body = line.trim_end_matches(['\r', '\n']);
            let keys = body.chars().count();
            if self.text.len() + body.len() > TICKET_TEXT_BYTES_MAX {
                self.too_long = true;
            } else {
                self.text.extend(body.chars().filter(|c| !c.is_control()));
                self.burst_keys += keys;
                self.by_machine += keys;
                self.pasted += keys;
            }
            if line.len() > body.len() || keys >= CODE_KEYS_MIN {
                typed.extend(self.end());
            }
        }
        typed
    }

    /// When `tick` has something to do, if no key comes before.
    pub(crate) fn due(&self) -> Option<u64> {
        let lone = self.waiting.as_ref().map(|(_, at)| at + LONE_MICROS);
        let split = self
            .last_at
            .filter(|_| self.is_reading())
            .map(|last| last + SPLIT_MICROS);
        let stale = self
            .last_at
            .filter(|_| !self.text.is_empty())
            .map(|last| last + STALE_MICROS);
        [lone, split, stale].into_iter().flatten().min()
    }

    pub(crate) fn tick(&mut self, at: u64) -> Vec<Typed> {
        let mut typed = Vec::new();
        if let Some((_, since)) = &self.waiting
            && at.saturating_sub(*since) >= LONE_MICROS
        {
            typed.extend(self.waiting.take().map(|(waited, _)| waited));
        }
        let Some(last) = self.last_at else {
            return typed;
        };
        let pause = at.saturating_sub(last);
        if self.is_reading() && pause >= SPLIT_MICROS {
            typed.extend(self.end());
        }
        if pause >= STALE_MICROS {
            self.clear();
        }
        typed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1000;

    /// Types with the same gap between keys; gives what came out and the time after.
    fn type_in(wedge: &mut Wedge, text: &str, gap: u64, from: u64) -> (Vec<Typed>, u64) {
        let mut at = from;
        let mut typed = Vec::new();
        for c in text.chars() {
            let stroke = match c {
                '\r' | '\n' | '\t' => Stroke::End,
                c => Stroke::Char(c),
            };
            typed.extend(wedge.stroke(stroke, at));
            at += gap;
        }
        (typed, at)
    }

    fn ticket(digit: char) -> String {
        std::iter::repeat_n(digit, 202).collect()
    }

    #[test]
    fn every_end_ends_a_reading_and_two_ends_are_one() {
        let mut wedge = Wedge::default();
        let text = format!("{0}\r\n{0}\t{0}\n", ticket('3'));
        let (typed, _) = type_in(&mut wedge, &text, MS, 0);
        assert_eq!(typed, [0; 3].map(|_| Typed::Code(ticket('3'))));
        assert_eq!(wedge.text(), "");
    }

    #[test]
    fn a_pause_ends_a_burst_that_has_no_end() {
        // Half a ticket, then the next guest's: corpus 21.
        let mut wedge = Wedge::default();
        let half = &ticket('1')[..100];
        let (typed, at) = type_in(&mut wedge, half, MS, 0);
        assert_eq!(typed, []);
        let due = wedge.due().expect("a pause to wait for");
        assert_eq!(wedge.tick(due), [Typed::Code(half.to_owned())]);
        // Nobody looked at the clock in between: the next key tells the pause as well.
        let (typed, at) = type_in(&mut wedge, half, MS, at + 2000 * MS);
        assert_eq!(typed, []);
        let (typed, _) = type_in(&mut wedge, &(ticket('2') + "\r"), MS, at + 400 * MS);
        assert_eq!(
            typed,
            [Typed::Code(half.to_owned()), Typed::Code(ticket('2'))]
        );
    }

    #[test]
    fn halves_without_a_pause_stay_glued_and_are_judged_as_they_are() {
        // corpus 20, 21
        let mut wedge = Wedge::default();
        let glued = ticket('1')[..100].to_owned() + &ticket('2');
        let (typed, _) = type_in(&mut wedge, &format!("{glued}\r"), MS, 0);
        assert_eq!(typed, [Typed::Code(glued)]);
    }

    #[test]
    fn what_somebody_began_to_type_is_not_part_of_a_reading() {
        let mut wedge = Wedge::default();
        let (_, at) = type_in(&mut wedge, "ngu", 200 * MS, 0);
        let (typed, _) = type_in(&mut wedge, &(ticket('7') + "\r"), 5 * MS, at + 300 * MS);
        assert_eq!(typed, [Typed::Code(ticket('7'))]);
    }

    #[test]
    fn a_hand_is_told_from_a_machine() {
        // T6
        let mut wedge = Wedge::default();
        let (typed, at) = type_in(&mut wedge, "1234 5678 9012 34\r", 180 * MS, 0);
        assert_eq!(typed[0], Typed::Lone('1'));
        assert_eq!(typed[1], Typed::Line("1234 5678 9012 34".to_owned()));
        let (typed, _) = type_in(&mut wedge, "nguyen\r", MS, at + 1000 * MS);
        assert_eq!(
            typed,
            [Typed::Line("nguyen".to_owned())],
            "too short for a ticket"
        );
    }

    #[test]
    fn the_number_of_a_wristband_is_a_reading_and_no_line() {
        // S81: whatever is asked for at that moment
        const BAND: &str = "04A22B9A5C6180";
        let code = || Typed::Code(BAND.to_owned());
        let mut wedge = Wedge::default();
        let (typed, at) = type_in(&mut wedge, &format!("{BAND}\r"), MS, 0);
        assert_eq!(typed, [code()]);
        // After what somebody had begun to type.
        let (_, at) = type_in(&mut wedge, "no nu", 200 * MS, at + 1000 * MS);
        let (typed, at) = type_in(&mut wedge, &format!("{BAND}\r"), 5 * MS, at + 300 * MS);
        assert_eq!(typed, [code()]);
        // With a hitch of the reader.
        let (typed, at) = type_in(&mut wedge, &BAND[..10], MS, at + 1000 * MS);
        assert_eq!(typed, []);
        let (typed, at) = type_in(&mut wedge, &format!("{}\r", &BAND[10..]), MS, at + 90 * MS);
        assert_eq!(typed, [code()]);
        // By hand it is an answer, and so is what somebody pasted.
        let (typed, at) = type_in(&mut wedge, &format!("{BAND}\r"), 120 * MS, at + 1000 * MS);
        assert_eq!(typed.last(), Some(&Typed::Line(BAND.to_owned())));
        let pasted = Stroke::Paste("anna@example.com\r".to_owned());
        assert_eq!(
            wedge.stroke(pasted, at + 1000 * MS),
            [Typed::Line("anna@example.com".to_owned())]
        );
    }

    #[test]
    fn a_command_is_a_key_alone() {
        let mut wedge = Wedge::default();
        assert_eq!(wedge.stroke(Stroke::Command(Key::Function(5)), 0), []);
        assert_eq!(wedge.due(), Some(LONE_MICROS));
        assert_eq!(wedge.tick(LONE_MICROS), [Typed::Command(Key::Function(5))]);
        // A barcode that spells a key of the terminal, with the reader's end behind it.
        let mut at = 1000 * MS;
        assert_eq!(wedge.stroke(Stroke::Command(Key::Function(5)), at), []);
        at += 10 * MS;
        assert_eq!(wedge.stroke(Stroke::End, at), []);
        assert_eq!(wedge.tick(at + 10_000 * MS), []);
        // Within a burst.
        let (_, at) = type_in(&mut wedge, "abc", MS, at + 20_000 * MS);
        assert_eq!(wedge.stroke(Stroke::Command(Key::Quit), at), []);
        assert_eq!(wedge.tick(at + 100 * MS), []);
    }

    #[test]
    fn a_lone_character_is_told_and_stays() {
        let mut wedge = Wedge::default();
        let (typed, at) = type_in(&mut wedge, "/", MS, 0);
        assert_eq!(typed, []);
        assert_eq!(wedge.tick(at + 100 * MS), [Typed::Lone('/')]);
        assert_eq!(wedge.text(), "/");
        wedge.clear();
        let (typed, at) = type_in(&mut wedge, "/x", MS, at + 1000 * MS);
        assert_eq!(typed, []);
        assert_eq!(wedge.tick(at + 100 * MS), []);
    }

    #[test]
    fn an_endless_code_costs_no_memory_and_the_next_one_is_read() {
        // corpus 19
        let mut wedge = Wedge::default();
        let endless: String = std::iter::repeat_n('7', 100_000).collect();
        let (typed, at) = type_in(&mut wedge, &endless, 10, 0);
        assert_eq!(typed, []);
        assert!(wedge.text().len() <= TICKET_TEXT_BYTES_MAX);
        let (typed, _) = type_in(&mut wedge, &format!("\r{}\r", ticket('4')), MS, at);
        assert_eq!(typed, [Typed::TooLong, Typed::Code(ticket('4'))]);
    }

    #[test]
    fn a_paste_may_hold_several_codes_and_needs_no_end() {
        let mut wedge = Wedge::default();
        let text = format!("{}\r\n{}", ticket('1'), ticket('2'));
        assert_eq!(
            wedge.stroke(Stroke::Paste(text), 0),
            [Typed::Code(ticket('1')), Typed::Code(ticket('2'))]
        );
        assert_eq!(wedge.stroke(Stroke::Paste("Anna".to_owned()), 1), []);
        assert_eq!(
            wedge.stroke(Stroke::End, 2),
            Some(Typed::Line("Anna".to_owned()))
                .into_iter()
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn what_was_left_unfinished_goes_away() {
        let mut wedge = Wedge::default();
        type_in(&mut wedge, "12", 100 * MS, 0);
        while let Some(due) = wedge.due() {
            wedge.tick(due);
        }
        assert_eq!(wedge.text(), "");
    }

    #[test]
    fn backspace_takes_one_character() {
        let mut wedge = Wedge::default();
        let (_, at) = type_in(&mut wedge, "12é", 100 * MS, 0);
        wedge.stroke(Stroke::Erase, at);
        assert_eq!(wedge.text(), "12");
    }
}
