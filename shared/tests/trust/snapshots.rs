//! The manifest: what a device relies on without asking.

use shared::ids::{ClassId, EventId, GateId};
use shared::trust::segment::SEGMENT_BYTES_MAX;
use shared::trust::{
    ClassPolicy, GatePolicy, ListFlags, Manifest, QuestionKind, Statement, StatementKind,
    TrustError, open,
};

use crate::fixture::{CREATED, authority, expected, header, manifest, sealed};

fn class(number: u16) -> ClassPolicy {
    ClassPolicy {
        id: ClassId::from_uuid(*EventId::from_bytes(id(number)).as_uuid()),
        name: String::new(),
        zones: 0,
        note: String::new(),
        strict: false,
    }
}

fn gate(number: u16) -> GatePolicy {
    GatePolicy {
        id: GateId::from_bytes(id(number)),
        name: String::new(),
        zones: 0,
        list: None,
    }
}

fn id(number: u16) -> [u8; 16] {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    id
}

type Change = fn(&mut Manifest);

const REFUSED: &[(&str, Change)] = &[
    ("title too long", |m| m.policy.title = "x".repeat(201)),
    ("not a language tag", |m| m.policy.language.clear()),
    ("not a language tag", |m| {
        m.policy.language = String::from("vi\u{1b}[31m");
    }),
    ("not a language tag", |m| {
        m.policy.language = "x".repeat(36);
    }),
    ("unknown time zone", |m| {
        m.policy.timezone = String::from("Asia/Atlantis");
    }),
    ("unknown time zone", |m| m.policy.timezone.clear()),
    ("unknown time zone", |m| {
        m.policy.timezone = String::from("../../etc/passwd");
    }),
    ("the event ends before it starts", |m| {
        m.policy.ends = CREATED;
    }),
    ("serial out of range", |m| m.policy.serial_max = 0x00FF_FFFF),
    ("red comes before amber", |m| {
        m.policy.red_after_secs = 3_599;
    }),
    ("too many zones", |m| {
        m.policy.zones = vec![String::new(); 17];
    }),
    ("too many classes", |m| {
        m.policy.classes = (0..256).map(class).collect();
    }),
    ("too many gates", |m| {
        m.policy.gates = (0..1001).map(gate).collect();
    }),
    ("name too long", |m| {
        m.policy.zones[0] = "x".repeat(101);
    }),
    ("name too long", |m| {
        m.policy.classes[0].name = "x".repeat(101);
    }),
    ("name too long", |m| {
        m.policy.gates[0].name = "x".repeat(101);
    }),
    ("a zone without a name", |m| {
        m.policy.classes[0].zones = 0b100;
    }),
    ("a zone without a name", |m| {
        m.policy.gates[0].zones = 0x8000;
    }),
    ("a class or gate is listed twice", |m| {
        m.policy.classes.push(m.policy.classes[0].clone());
    }),
    ("a class or gate is listed twice", |m| {
        m.policy.gates.push(m.policy.gates[0].clone());
    }),
    ("too many rules", |m| {
        let rule = |n| (format!("rule {n}"), "true".to_owned());
        m.policy.rules = (0..65).map(rule).collect();
    }),
    ("a rule is listed twice", |m| {
        m.policy.rules.push(m.policy.rules[0].clone());
    }),
    ("rule too long", |m| {
        m.policy.rules[0].1 = " ".repeat(16 * 1024 + 1);
    }),
    ("a rule is not JSON", |m| {
        m.policy.rules[0].1 = String::from("{\"==\":");
    }),
    // corpus 88, depth bomb: fits the length, would overflow a careless reader's stack.
    ("a rule is not JSON", |m| {
        m.policy.rules[0].1 = "[".repeat(16 * 1024);
    }),
    ("supervisors out of order", |m| {
        m.policy.supervisors.people[0].number = 0;
    }),
    ("supervisors out of order", |m| {
        m.policy.supervisors.people[0].number = 15;
    }),
    ("supervisors out of order", |m| {
        let twice = m.policy.supervisors.people[0].clone();
        m.policy.supervisors.people.push(twice);
    }),
    ("two supervisors share a PIN", |m| {
        let mut other = m.policy.supervisors.people[0].clone();
        other.number = 9;
        m.policy.supervisors.people.push(other);
    }),
    ("too many lists", |m| {
        let list = |n| {
            let mut list = m.policy.lists[0].clone();
            list.name = format!("list {n}");
            list
        };
        m.policy.lists = (0..65).map(list).collect();
    }),
    ("a list is listed twice", |m| {
        m.policy.lists.push(m.policy.lists[0].clone());
    }),
    ("name too long", |m| {
        m.policy.lists[0].name = "x".repeat(101);
    }),
    ("classes out of order", |m| {
        m.policy.lists[0].classes = Some(vec![0, 0]);
    }),
    ("an unknown class is listed", |m| {
        m.policy.lists[0].classes = Some(vec![0, 1]);
    }),
    ("unknown list flags", |m| {
        m.policy.lists[0].flags = ListFlags(0b1_0000);
    }),
    ("note too long", |m| {
        m.policy.classes[0].note = "x".repeat(49);
    }),
    ("not a time of day", |m| {
        m.policy.lists[0].check_out_secs = Some(86_400);
    }),
    ("a rule is listed twice", |m| {
        let rules = &mut m.policy.lists[0].rules;
        rules.push(rules[0].clone());
    }),
    ("a gate of an unknown list", |m| {
        m.policy.gates[0].list = Some(1);
    }),
    ("too many questions", |m| {
        m.policy.questions = vec![m.policy.questions[0].clone(); 33];
    }),
    ("question too long", |m| {
        m.policy.questions[0].text = "x".repeat(201);
    }),
    ("an unknown class is listed", |m| {
        m.policy.questions[0].classes = Some(vec![9]);
    }),
    ("a question is listed twice", |m| {
        m.policy.questions.push(m.policy.questions[0].clone());
    }),
    ("not the id of a question", |m| {
        "size?".clone_into(&mut m.policy.questions[0].id);
    }),
    // Answers name several options with commas.
    ("not the id of a question", |m| {
        "s,m".clone_into(&mut m.policy.questions[0].options[0].0);
    }),
    ("question too long", |m| {
        m.policy.questions[0].options[0].1 = "x".repeat(201);
    }),
    ("an option is listed twice", |m| {
        let options = &mut m.policy.questions[0].options;
        options.push(options[0].clone());
    }),
    ("too many options", |m| {
        let option = |n| (format!("o{n}"), "Option".to_owned());
        m.policy.questions[0].options = (0..65).map(option).collect();
    }),
    ("options do not go with the question", |m| {
        m.policy.questions[0].options.clear();
    }),
    ("options do not go with the question", |m| {
        m.policy.questions[0].kind = QuestionKind::Text;
    }),
    ("segments out of order", |m| m.segments.swap(0, 1)),
    ("segments out of order", |m| m.segments.swap(1, 2)),
    ("segments out of order", |m| {
        m.segments[1].index = 0;
    }),
    ("segment out of range", |m| {
        m.segments[2].index = 16_384;
    }),
    // The segment after the one that holds the highest serial.
    ("segment out of range", |m| m.segments[1].index = 2),
    ("segment out of range", |m| m.segments[3].index = 2),
    ("segment too large", |m| m.segments[0].bytes = 0),
    // corpus 89
    ("segment too large", |m| {
        m.segments[0].bytes = u32::try_from(SEGMENT_BYTES_MAX).expect("a u32") + 1;
    }),
];

#[test]
fn a_manifest_out_of_bounds_is_refused() {
    assert_eq!(manifest().check(), Ok(()));
    for (why, change) in REFUSED {
        let mut manifest = manifest();
        change(&mut manifest);
        assert_eq!(manifest.check(), Err(TrustError::Malformed(why)));
    }
}

#[test]
fn a_manifest_at_its_bounds_is_accepted() {
    let mut manifest = manifest();
    manifest.policy.title = "ă".repeat(200);
    manifest.policy.zones = vec!["z".repeat(100); 16];
    manifest.policy.classes = (0..255).map(class).collect();
    manifest.policy.classes[0].zones = u16::MAX;
    manifest.policy.gates = (0..1000).map(gate).collect();
    manifest.policy.serial_max = 0x00FF_FFFE;
    manifest.segments[1].index = 16_383;
    assert_eq!(manifest.check(), Ok(()));
}

#[test]
fn a_manifest_survives_its_statement() {
    let statement = Statement {
        header: header(StatementKind::Snapshot, 9),
        body: manifest(),
    };
    let opened = open::<Manifest>(
        &sealed(&statement, &[6]),
        &authority(&[6], 1),
        &expected(StatementKind::Snapshot),
    );
    assert_eq!(opened.map(|opened| opened.body), Ok(manifest()));
}

// A million tickets: the manifest must stay small, it travels with every change.
#[test]
fn the_manifest_of_a_million_tickets_is_small() {
    let mut manifest = manifest();
    let first = manifest.segments[0];
    manifest.segments = (0..977)
        .map(|index| {
            let mut segment = first;
            segment.index = index;
            segment
        })
        .collect();
    let statement = Statement {
        header: header(StatementKind::Snapshot, 1),
        body: manifest,
    };
    let bytes = sealed(&statement, &[6]).to_wire().len();
    assert!(bytes < 40 * 1024, "{bytes}");
}
