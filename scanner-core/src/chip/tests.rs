//! Recorded exchanges with chips: an NTAG213, cards that speak no NDEF, and memories that lie.

use std::collections::VecDeque;

use super::*;

/// Plays an exchange back: each command has to be the recorded one.
struct Recorded(VecDeque<Exchange>);

/// A command, and what the chip said to it.
type Exchange = (Vec<u8>, Result<Vec<u8>, ChipError>);

impl ChipReader for Recorded {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChipError> {
        let (expected, answer) = self.0.pop_front().ok_or(ChipError::Gone)?;
        assert_eq!(command, expected, "another command than was recorded");
        answer
    }
}

fn hex(text: &str) -> Vec<u8> {
    let plain: String = text.split_whitespace().collect();
    data_encoding::HEXUPPER_PERMISSIVE
        .decode(plain.as_bytes())
        .expect("hex")
}

/// Lines of `> command` and `< answer 9000`, as a PC/SC spy writes them.
fn recorded(text: &str) -> Recorded {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut exchange = VecDeque::new();
    while let (Some(command), Some(answer)) = (lines.next(), lines.next()) {
        let command = hex(command.strip_prefix('>').expect("a command"));
        let mut answer = hex(answer.strip_prefix('<').expect("an answer"));
        let status = answer.split_off(answer.len() - 2);
        let status = u16::from_be_bytes([status[0], status[1]]);
        exchange.push_back((
            command,
            if status == 0x9000 {
                Ok(answer)
            } else {
                Err(ChipError::Status(status))
            },
        ));
    }
    Recorded(exchange)
}

/// An NTAG213 with 144 bytes of memory that hold these, from page 4 on.
struct Ntag {
    uid: Vec<u8>,
    container: [u8; 4],
    memory: Vec<u8>,
    reads: usize,
}

impl Ntag {
    fn holding(memory: &[u8]) -> Self {
        let mut memory = memory.to_vec();
        memory.resize(144, 0);
        Self {
            uid: hex("04 A2 24 5A 71 6C 80"),
            container: [0xE1, 0x10, 0x12, 0x00],
            memory,
            reads: 0,
        }
    }
}

impl ChipReader for Ntag {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChipError> {
        match command {
            [0xFF, 0xCA, 0, 0, 0] => Ok(self.uid.clone()),
            [0xFF, 0xB0, 0, page, 16] => {
                self.reads += 1;
                let all = [&self.container[..], &self.memory, &[0; 16]].concat();
                let from = (usize::from(*page) - 3) * 4;
                let bytes = all.get(from..from + 16);
                Ok(bytes.ok_or(ChipError::Status(0x6A82))?.to_vec())
            }
            _ => Err(ChipError::Status(0x6D00)),
        }
    }
}

fn tlv(message: &[u8]) -> Vec<u8> {
    let length = u8::try_from(message.len()).expect("short");
    [&[0x03, length], message, &[0xFE]].concat()
}

#[test]
fn a_recorded_wristband_is_read_to_its_last_byte() {
    // T7: ACR122U, NTAG213 with a record of 83 bytes.
    let mut reader = recorded(
        "> FFCA000000
         < 04A2245A716C80 9000
         > FFB0000310
         < E1101200 0361D40B 53676174 65686F75 9000
         > FFB0000710
         < 73653A74 8603D7BC 00BC5501 07000B00 9000
         > FFB0000B10
         < 40006805 0C081500 01020304 05060708 9000
         > FFB0000F10
         < 090A0B0C 0D0E0F10 11121314 15161718 9000
         > FFB0001310
         < 191A1B1C 1D1E1F20 21222324 25262728 9000
         > FFB0001710
         < 292A2B2C 2D2E2F30 31323334 35363738 9000
         > FFB0001B10
         < 393A3B3C 3D3E3FFE 00000000 00000000 9000",
    );
    let chip = read(&mut reader).expect("reads");
    assert_eq!(chip.uid.to_hex(), "04A2245A716C80");
    let ticket = chip.ticket.expect("a ticket");
    assert_eq!(ticket.len(), 83);
    assert_eq!(ticket[..4], hex("8603D7BC"));
    assert_eq!(ticket[82], 0x3F);
    assert!(reader.0.is_empty(), "nothing more was asked");
}

#[test]
fn what_is_written_is_read_and_other_records_are_passed_over() {
    // T7
    let ticket: Vec<u8> = (0..83).collect();
    let ours = record(&ticket).expect("fits");
    assert!(tlv(&ours).len() <= 144, "an NTAG213 holds it");
    let mut chip = Ntag::holding(&tlv(&ours));
    assert_eq!(read(&mut chip).expect("reads").ticket, Some(ticket.clone()));
    assert!(chip.reads <= 8, "{}", chip.reads);
    // A web address first, a null block and a lock block before, an id, a long form.
    let url = [&[0x91, 1, 5], &b"U"[..], b"\x04a.vn"].concat();
    let mut second = ours.clone();
    second[0] &= !0x80;
    let message = [url, second].concat();
    let memory = [&[0x00, 0x01, 0x03, 0xA0, 0x0C, 0x34], &tlv(&message)[..]].concat();
    let read_back = read(&mut Ntag::holding(&memory)).expect("reads");
    assert_eq!(read_back.ticket, Some(ticket.clone()));
    let long = [
        &[0xCC, 11, 0, 0, 0, 83, 2],
        &b"gatehouse:t"[..],
        b"id",
        &ticket,
    ]
    .concat();
    let memory = [&[0x03, 0xFF, 0, 103], &long[..], &[0xFE]].concat();
    let read_back = read(&mut Ntag::holding(&memory)).expect("reads");
    assert_eq!(read_back.ticket, Some(ticket));
}

#[test]
fn a_chip_without_a_ticket_is_its_uid() {
    // T7 S78: a passive band is known by its number alone.
    // No block, an empty message in both lengths, a strange block that takes up the rest.
    let memories = [
        &[][..],
        &[0xFE],
        &[0x03, 0x00, 0xFE],
        &[0x03, 0xFF, 0x00, 0x00],
        &[0x55, 0xFE],
        &[0; 144],
    ];
    for memory in memories {
        let chip = read(&mut Ntag::holding(memory)).expect("reads");
        assert_eq!(
            (chip.uid.to_hex().as_str(), chip.ticket),
            ("04A2245A716C80", None)
        );
    }
    let mut blank = Ntag::holding(&[]);
    blank.container = [0; 4];
    assert_eq!(read(&mut blank).expect("reads").ticket, None);
}

#[test]
fn uids_that_bind_nothing_are_refused() {
    // T7: random, empty, of another length.
    for uid in [
        "08 12 34 56",
        "00 00 00 00",
        "FF FF FF FF FF FF FF",
        "04",
        "",
    ] {
        let mut chip = Ntag::holding(&[]);
        chip.uid = hex(uid);
        assert_eq!(read(&mut chip), Err(ChipError::NoUid), "{uid}");
    }
}

#[test]
fn memories_that_lie_are_refused_and_cost_little() {
    // T7: corpus 88 in its spirit: lengths of a stranger.
    let mut chunked = record(&[7; 83]).expect("fits");
    chunked[0] |= 0x20;
    let mut cut = record(&[7; 83]).expect("fits");
    cut[2] = 84;
    let lies: [Vec<u8>; 5] = [
        vec![0x03, 0xFF, 0xFF, 0xFF],
        vec![0x03, 0xF0],
        tlv(&chunked),
        tlv(&cut),
        tlv(&[0xC4, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
    ];
    for lie in lies {
        let mut chip = Ntag::holding(&lie);
        let outcome = read(&mut chip);
        assert!(
            matches!(outcome, Err(ChipError::Malformed(_))),
            "{lie:?}: {outcome:?}"
        );
        assert!(chip.reads < 64);
    }
    let mut boastful = Ntag::holding(&[0x01; 144]);
    boastful.container[2] = 0xFF;
    assert!(read(&mut boastful).is_err());
    assert_eq!(read(&mut recorded("")), Err(ChipError::Gone));
    let gone = recorded("> FFCA000000\n< 6300").0;
    assert_eq!(read(&mut Recorded(gone)), Err(ChipError::Status(0x6300)));
}
