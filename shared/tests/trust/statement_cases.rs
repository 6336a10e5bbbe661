//! Every way in which a statement may and may not be accepted, as a table. The golden file
//! `vectors/trust/statements.json` is made of it.

use ed25519_dalek::Signer;
use shared::time::Timestamp;
use shared::trust::statement::STATEMENT_BYTES_MAX;
use shared::trust::{
    Authority, Expected, Keyring, Signed, Statement, StatementKind, TrustError, open,
};

use crate::fixture::{
    EXPIRES, authority, expected, header, id_of, key, other_event, roster, sealed, signed_bytes,
    statement, statement_bytes,
};

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) wire: Vec<u8>,
    pub(crate) authority: Authority,
    pub(crate) expected: Expected,
    pub(crate) outcome: Result<(), TrustError>,
}

impl Case {
    pub(crate) fn run(&self) -> Result<(), TrustError> {
        let signed = Signed::from_wire(&self.wire)?;
        open::<Keyring>(&signed, &self.authority, &self.expected).map(|_| ())
    }
}

/// Two of the keys 1, 2, 3 must sign a keyring.
fn case(name: &'static str, signed: &Signed, outcome: Result<(), TrustError>) -> Case {
    Case {
        name,
        wire: signed.to_wire(),
        authority: authority(&[1, 2, 3], 2),
        expected: expected(StatementKind::Keyring),
        outcome,
    }
}

const fn too_few(valid: usize) -> Result<(), TrustError> {
    Err(TrustError::Threshold { valid, needed: 2 })
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = signatures();
    cases.extend(authorities());
    cases.extend(headers());
    cases.extend(versions());
    cases.extend(forms());
    cases
}

// corpus 48 51 60 85
fn signatures() -> Vec<Case> {
    let good = sealed(&statement(1), &[1, 2]);
    let changed = |change: &dyn Fn(&mut Signed)| {
        let mut signed = good.clone();
        change(&mut signed);
        signed
    };
    let one = sealed(&statement(1), &[1]);
    let twice = changed(&|signed| signed.signatures[1] = signed.signatures[0].clone());
    let other_of_one_key = changed(&|signed| signed.signatures[1].0 = id_of(1));
    let two_names = changed(&|signed| {
        signed.signatures[1] = (id_of(2), signed.signatures[0].1.clone());
    });
    let strangers = sealed(&statement(1), &[1, 8, 9]);
    let short = changed(&|signed| signed.signatures[1].1.truncate(63));
    let long = changed(&|signed| signed.signatures[1].1.push(0));
    let malleated = changed(&|signed| add_group_order(&mut signed.signatures[1].1));
    let flipped = changed(&|signed| signed.bytes[20] ^= 1);
    let bare = changed(&|signed| {
        signed.signatures[1].1 = key(2).sign(&signed.bytes).to_bytes().to_vec();
    });
    let other_domain = changed(&|signed| {
        let message = [b"TKT1.request\0", signed.bytes.as_slice()].concat();
        signed.signatures[1].1 = key(2).sign(&message).to_bytes().to_vec();
    });
    let none = changed(&|signed| signed.signatures.clear());
    vec![
        case("two of three", &good, Ok(())),
        case("all three", &sealed(&statement(1), &[3, 1, 2]), Ok(())),
        case(
            "a stranger signs too",
            &sealed(&statement(1), &[1, 9, 2]),
            Ok(()),
        ),
        case("nobody signs", &none, too_few(0)),
        case("one of three", &one, too_few(1)),
        case("one signature counted twice", &twice, too_few(1)),
        case("two signatures of one key", &other_of_one_key, too_few(1)),
        case("one signature under two names", &two_names, too_few(1)),
        case("one and two strangers", &strangers, too_few(1)),
        case("signature of 63 bytes", &short, too_few(1)),
        case("signature of 65 bytes", &long, too_few(1)),
        case("S plus the group's order", &malleated, too_few(1)),
        case("a bit of the statement flipped", &flipped, too_few(0)),
        case("signed without the domain", &bare, too_few(1)),
        case("signed over another domain", &other_domain, too_few(1)),
    ]
}

/// S + L: passes where S is not required to be reduced.
fn add_group_order(signature: &mut [u8]) {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
}

// corpus 58
fn authorities() -> Vec<Case> {
    let good = sealed(&statement(1), &[1, 2]);
    let under = |name, authority, why| Case {
        authority,
        ..case(name, &good, Err(TrustError::Key(why)))
    };
    let mut small_order = authority(&[1, 2, 3], 2);
    small_order.keys[2] = [0; 32];
    let crowd: Vec<u8> = (1..=17).collect();
    vec![
        under(
            "threshold 0",
            authority(&[1, 2], 0),
            "the threshold cannot be met",
        ),
        under(
            "threshold above the number of keys",
            authority(&[1, 2], 3),
            "the threshold cannot be met",
        ),
        under("no keys", authority(&[], 1), "the threshold cannot be met"),
        under(
            "a key listed twice",
            authority(&[1, 1], 2),
            "it is listed twice",
        ),
        under("a key of small order", small_order, "it is of small order"),
        under(
            "seventeen keys",
            authority(&crowd, 2),
            "too many sign one kind",
        ),
    ]
}

// corpus 84 93
fn headers() -> Vec<Case> {
    let good = sealed(&statement(1), &[1, 2]);
    let mut elsewhere = statement(1);
    elsewhere.header.event = other_event();
    let at = |name, now: Timestamp, outcome| {
        let mut case = case(name, &good, outcome);
        case.expected.now = now;
        case
    };
    let roster_of_elsewhere = Statement {
        header: {
            let mut header = header(StatementKind::Roster, 1);
            header.event = other_event();
            header
        },
        body: roster(),
    };
    let mut foreign_roster = case(
        "a roster of another event",
        &sealed(&roster_of_elsewhere, &[1, 2]),
        Err(TrustError::Event),
    );
    foreign_roster.expected.kind = StatementKind::Roster;
    let as_roster = Statement {
        header: header(StatementKind::Roster, 1),
        body: shared::trust::Keyring { keys: Vec::new() },
    };
    vec![
        at("in its last millisecond", EXPIRES, Ok(())),
        at(
            "a millisecond after its expiry",
            EXPIRES.plus_millis(1),
            Err(TrustError::Expired(EXPIRES)),
        ),
        at("before it was made", Timestamp::from_secs(0), Ok(())),
        case(
            "of another event",
            &sealed(&elsewhere, &[1, 2]),
            Err(TrustError::Event),
        ),
        foreign_roster,
        case(
            "of another kind",
            &sealed(&as_roster, &[1, 2]),
            Err(TrustError::Kind),
        ),
    ]
}

// corpus 83 90
fn versions() -> Vec<Case> {
    const MALFORMED: Result<(), TrustError> =
        Err(TrustError::Malformed("version and previous hash"));
    let seen = |name, version, seen, outcome| {
        let mut case = case(name, &sealed(&statement(version), &[1, 2]), outcome);
        case.expected.seen = Some(seen);
        case
    };
    let raw = |name, version, previous| {
        let mut statement = statement(version);
        statement.header.previous = previous;
        let signed = signed_bytes(statement_bytes(&statement), &[1, 2]);
        case(name, &signed, MALFORMED)
    };
    let hash = |version| sealed(&statement(version), &[1]).hash();
    let rollback = |offered, seen| Err(TrustError::Rollback { offered, seen });
    vec![
        seen("the version that was seen", 5, (5, hash(5)), Ok(())),
        seen(
            "another statement of the version that was seen",
            5,
            (5, [8; 32]),
            Err(TrustError::Fork(5)),
        ),
        seen("the version before", 4, (5, hash(5)), rollback(4, 5)),
        seen("the version after", 6, (5, [7; 32]), Ok(())),
        seen(
            "the version after another",
            6,
            (5, hash(5)),
            Err(TrustError::Fork(5)),
        ),
        seen("a version was missed", 7, (5, hash(5)), Ok(())),
        seen("the first version again", 1, (5, hash(5)), rollback(1, 5)),
        seen(
            "after the last version there is none",
            5,
            (u64::MAX, [8; 32]),
            rollback(5, u64::MAX),
        ),
        seen("the last version", u64::MAX, (5, hash(5)), Ok(())),
        case(
            "the first version seen may be any",
            &sealed(&statement(5), &[1, 2]),
            Ok(()),
        ),
        raw("version 0", 0, None),
        raw("version 0 with a predecessor", 0, Some([7; 32])),
        raw("version 1 with a predecessor", 1, Some([7; 32])),
        raw("version 2 without a predecessor", 2, None),
    ]
}

// corpus 88: honestly signed, and still not read.
fn forms() -> Vec<Case> {
    let bytes = statement_bytes(&statement(1));
    let signed = |bytes: Vec<u8>| signed_bytes(bytes, &[1, 2]);
    let malformed = |why| Err(TrustError::Malformed(why));
    let left_over = [bytes.as_slice(), &[0]].concat();
    let mut over_long = bytes.clone();
    // The kind, a variant number of one byte, written as two.
    over_long.splice(1..2, [0x80 | over_long[1], 0]);
    let mut other_version = bytes.clone();
    other_version[0] = 1;
    let cut = bytes[..bytes.len() - 1].to_vec();
    let mut trailing = case("bytes after the envelope", &signed(bytes.clone()), Ok(()));
    trailing.wire.push(0);
    trailing.outcome = malformed("bytes left over");
    let mut envelope_version = case("another envelope", &signed(bytes), Ok(()));
    envelope_version.wire[0] = 1;
    envelope_version.outcome = malformed("malformed");
    let mut empty = case(
        "nothing at all",
        &signed(Vec::new()),
        malformed("malformed"),
    );
    empty.wire.clear();
    vec![
        case(
            "signed bytes left over",
            &signed(left_over),
            malformed("bytes left over"),
        ),
        case(
            "signed over-long number",
            &signed(over_long),
            malformed("not in canonical form"),
        ),
        case(
            "another statement version",
            &signed(other_version),
            malformed("header"),
        ),
        case("cut short", &signed(cut), malformed("malformed")),
        case("signed nothing", &signed(Vec::new()), malformed("header")),
        trailing,
        envelope_version,
        empty,
    ]
}

/// Too large to be a vector in a file.
pub(crate) fn oversized() -> Case {
    let signed = signed_bytes(vec![0; STATEMENT_BYTES_MAX + 1], &[1, 2]);
    case(
        "larger than any statement",
        &signed,
        Err(TrustError::Malformed("too large")),
    )
}
