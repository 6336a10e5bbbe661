//! The items of the negative corpus that need a keyring or a snapshot: 40 to 47 of `token.md` 5.
//! Text, frame and signature items are the ticket's own suite.

use ed25519_dalek::{Signer as _, SigningKey};
use shared::admission::{Presented, Reason, present, present_listed};
use shared::ids::EventId;
use shared::ticket::{
    PAYLOAD_LEN, Payload, ScanCommitment, ScanProof, Token, digits, event_hint, sign,
};
use shared::trust::KeyStatus;

use crate::fixture::{
    Door, GATE_C, STANDARD, World, assert_admitted, assert_refused, at, key_entry,
};

const EVENING: &str = "2026-05-02T11:00:00Z";

/// Signs bytes that `Payload::encode` would not make.
fn sign_bytes(key: &SigningKey, event: EventId, payload: &[u8; PAYLOAD_LEN]) -> String {
    let message = [b"TKT1.static\0".as_slice(), event.as_bytes(), payload].concat();
    let signature = key.sign(&message).to_bytes();
    digits::encode(&[payload.as_slice(), &signature].concat())
}

fn reason(presented: &Presented) -> Option<Reason> {
    match presented {
        Presented::Refused(reason) => Some(*reason),
        Presented::Ticket { .. } | Presented::Found { .. } => None,
    }
}

#[test]
fn corpus_40_class_not_in_the_snapshot() {
    // corpus 40
    let mut door = Door::new(World::new());
    for class in [2, 255] {
        let ticket = Payload {
            class,
            ..door.world.ticket()
        };
        assert_refused(&door.enter(&ticket, EVENING), Reason::WrongClass, &[]);
    }
}

#[test]
fn corpus_41_unknown_zone_bits_open_no_gate() {
    // corpus 41
    let mut door = Door::new(World::new());
    door.gate = Some(GATE_C);
    let ticket = Payload {
        class: STANDARD,
        zones: 0b1111_1111_1111_1100,
        ..door.world.ticket()
    };
    assert_refused(&door.enter(&ticket, EVENING), Reason::WrongGate, &[]);
}

#[test]
fn corpus_42_43_serials_are_bounded_by_the_keys_range() {
    // corpus 42, corpus 43. Above the highest in stock (49,999) but in the key's range (99,999):
    // stock added after the snapshot. The key's range is what a thief cannot pass.
    let mut door = Door::new(World::new());
    door.row = None;
    let with = |serial| Payload {
        serial,
        ..World::new().ticket()
    };
    assert_admitted(&door.enter(&with(49_999), EVENING));
    let mut door = Door::new(World::new());
    door.row = None;
    assert_admitted(&door.enter(&with(50_000), EVENING));
    let mut world = World::new();
    world.keyring.keys[0].serial_first = 1_000;
    let cases = [
        (999, Some(Reason::UnknownKey)),
        (1_000, None),
        (99_999, None),
        (100_000, Some(Reason::UnknownKey)),
        (0x00FF_FFFE, Some(Reason::UnknownKey)),
    ];
    for (serial, expected) in cases {
        let text = world.text(&with(serial));
        assert_eq!(reason(&world.present(&text, EVENING)), expected, "{serial}");
    }
}

#[test]
fn corpus_44_generations_that_are_never_issued() {
    // corpus 44: signed by the right key, and still no ticket.
    let world = World::new();
    let good = world.ticket().encode().expect("encodes");
    for generation in [0, 255] {
        let mut bytes = good;
        bytes[7] = generation;
        let text = sign_bytes(&world.key, world.event, &bytes);
        assert_eq!(
            reason(&world.present(&text, EVENING)),
            Some(Reason::NotATicket),
            "{generation}"
        );
    }
}

#[test]
fn corpus_45_another_events_ticket() {
    // corpus 45, S75, S77
    let world = World::new();
    let other = EventId::from_bytes([0xE2; 16]);
    assert_ne!(event_hint(other), event_hint(world.event));
    let theirs = Payload {
        hint: event_hint(other),
        ..world.ticket()
    };
    // One organizer, one key: only the event in the signed bytes tells them apart.
    let text = sign(&world.key, other, &theirs).expect("signs").to_digits();
    assert_eq!(
        reason(&world.present(&text, EVENING)),
        Some(Reason::UnknownEvent)
    );
    let own = present(&text, other, &world.keys(), at(EVENING));
    assert_eq!(reason(&own), None, "with its own event selected");
    // The hint rewritten to ours: the signature no longer fits.
    let mut bytes = Token::from_digits(&text)
        .expect("reads")
        .as_bytes()
        .to_vec();
    bytes[2..4].copy_from_slice(&event_hint(world.event));
    assert_eq!(
        reason(&world.present(&digits::encode(&bytes), EVENING)),
        Some(Reason::BadSignature)
    );
    // And signed for that event with our hint in it.
    let payload = world.ticket().encode().expect("encodes");
    let text = sign_bytes(&world.key, other, &payload);
    assert_eq!(
        reason(&world.present(&text, EVENING)),
        Some(Reason::BadSignature)
    );
}

#[test]
fn corpus_46_two_events_with_one_hint() {
    // corpus 46
    let world = World::new();
    let twin = (0_u128..1 << 24)
        .map(|number| EventId::from_bytes(number.to_be_bytes()))
        .find(|event| event_hint(*event) == event_hint(world.event))
        .expect("one in 65,536 is a twin");
    let text = sign(&world.key, twin, &world.ticket())
        .expect("signs")
        .to_digits();
    assert_eq!(
        reason(&world.present(&text, EVENING)),
        Some(Reason::BadSignature)
    );
    assert_eq!(
        reason(&present(&text, twin, &world.keys(), at(EVENING))),
        None
    );
}

#[test]
fn corpus_47_keys_by_status_and_days() {
    // corpus 47. Where no list says what was issued, a compromised key opens nothing.
    let cases = [
        (KeyStatus::Active, None),
        (KeyStatus::Standby, None),
        (KeyStatus::Retired, None),
        (KeyStatus::Compromised, Some(Reason::UnknownKey)),
    ];
    for (status, expected) in cases {
        let mut world = World::new();
        world.keyring.keys[0].status = status;
        let text = world.text(&world.ticket());
        assert_eq!(
            reason(&world.present(&text, EVENING)),
            expected,
            "{status:?}"
        );
    }
    let world = World::new();
    let absent = Payload {
        kid: 4,
        ..world.ticket()
    };
    let text = world.text(&absent);
    assert_eq!(
        reason(&world.present(&text, EVENING)),
        Some(Reason::UnknownKey)
    );
    let text = world.text(&world.ticket());
    for (now, expected) in [
        ("2026-03-31T23:59:59Z", Some(Reason::UnknownKey)),
        ("2026-04-01T00:00:00Z", None),
        ("2026-06-01T00:00:00Z", None),
        ("2026-06-01T00:00:01Z", Some(Reason::UnknownKey)),
    ] {
        assert_eq!(reason(&world.present(&text, now)), expected, "{now}");
    }
}

#[test]
fn corpus_47_a_ticket_signed_by_another_slots_key() {
    // corpus 47
    let mut world = World::new();
    let other = SigningKey::from_bytes(&[8; 32]);
    world
        .keyring
        .keys
        .push(key_entry(4, &other, KeyStatus::Standby));
    let claims = Payload {
        kid: 4,
        ..world.ticket()
    };
    let text = world.text(&claims);
    assert_eq!(
        reason(&world.present(&text, EVENING)),
        Some(Reason::BadSignature)
    );
    let text = sign(&other, world.event, &claims)
        .expect("signs")
        .to_digits();
    assert_eq!(reason(&world.present(&text, EVENING)), None);
}

#[test]
fn corpus_47_a_compromised_keys_tickets_by_the_issued_list() {
    // corpus 47, with and without a hit. The thief has the key: his signatures are as good as ours.
    let mut world = World::new();
    world.keyring.keys[0].status = KeyStatus::Compromised;
    let genuine = world.ticket();
    let text = world.text(&genuine);
    let token = Token::from_digits(&text).expect("reads");
    let commitment = ScanProof::of_token(world.event, &token).commitment(
        world.event,
        genuine.serial,
        genuine.generation,
    );
    let judged = |text: &str, row: Option<(u8, ScanCommitment)>| {
        let issued = |serial| row.filter(|_| serial == genuine.serial);
        let keys = world.keys();
        reason(&present_listed(
            text,
            world.event,
            &keys,
            &issued,
            at(EVENING),
        ))
    };
    let listed = Some((1, commitment));
    assert_eq!(judged(&text, listed), None);
    let unknown = Some(Reason::UnknownKey);
    for (what, payload) in [
        (
            "a serial nobody bought",
            Payload {
                serial: 48_214,
                ..genuine
            },
        ),
        (
            "a better class under a serial that somebody bought",
            Payload {
                class: 1,
                ..genuine
            },
        ),
        (
            "a newer generation, which would kill the genuine one",
            Payload {
                generation: 2,
                ..genuine
            },
        ),
    ] {
        assert_eq!(judged(&world.text(&payload), listed), unknown, "{what}");
    }
    // The list as a gate may have it: nothing yet, nothing claimed, claimed but not signed, newer.
    assert_eq!(judged(&text, None), unknown);
    assert_eq!(judged(&text, Some((0, ScanCommitment::NONE))), unknown);
    assert_eq!(judged(&text, Some((1, ScanCommitment::NONE))), unknown);
    assert_eq!(judged(&text, Some((2, commitment))), Some(Reason::Reissued));
    // A code that turns was issued as its 99 signed bytes.
    let turning = world.code(&genuine, 124);
    assert_eq!(judged(&turning, listed), unknown);
    let token = Token::from_digits(&turning).expect("reads");
    let proof = ScanProof::of_token(world.event, &token);
    let of_chain = proof.commitment(world.event, genuine.serial, 1);
    for step in [124, 125] {
        assert_eq!(
            judged(&world.code(&genuine, step), Some((1, of_chain))),
            None
        );
    }
}
