//! Links, codes, proofs and transcripts. // corpus 94

use shared::trust::RootPin;
use shared::trust::enrolment::{
    EnrolmentLink, LinkError, code_from_random, display_code, enrolment_message, is_key_proven,
    normalise_code, prove_key, transcript_code,
};

use crate::fixture::{event, key, public};

pub(crate) const CODE: &str = "041061050R3GG28A";
pub(crate) const NONCE: [u8; 32] = [0x5A; 32];
const EVENT: &str = "3f2c9d1e8a7b4c559e0a1b2c3d4e5f60";

pub(crate) fn pin() -> RootPin {
    RootPin(*b"the root's hash!")
}

pub(crate) fn link() -> EnrolmentLink {
    EnrolmentLink {
        hub: "http://192.168.1.10:8080".to_owned(),
        code: CODE.to_owned(),
        pin: Some(pin()),
        event: Some(event()),
    }
}

#[test]
fn a_link_survives_its_url() {
    let url = link().to_url();
    assert_eq!(
        url,
        format!("http://192.168.1.10:8080/enrol#c={CODE}&r=EHM6A83JDXQQ89VK41M62WV844&e={EVENT}")
    );
    assert_eq!(EnrolmentLink::parse(&url), Ok(link()));
    assert!(url.len() <= 122, "fits QR version 7 at M: {}", url.len());
    let bare = EnrolmentLink {
        hub: "https://tickets.example.org/venue".to_owned(),
        pin: None,
        event: None,
        ..link()
    };
    assert_eq!(EnrolmentLink::parse(&bare.to_url()), Ok(bare));
}

#[test]
fn a_link_is_read_as_people_paste_it() {
    let hex_pin = hex::encode(pin().0);
    let texts = [
        format!(
            "  http://192.168.1.10:8080/enrol#e={}&c={}&r={hex_pin}\n",
            event(),
            CODE.to_lowercase()
        ),
        format!(
            "http://192.168.1.10:8080/enrol#c={}&r={}&e={EVENT}&later=1",
            display_code(CODE),
            hex_pin.to_uppercase()
        ),
    ];
    for text in texts {
        assert_eq!(EnrolmentLink::parse(&text), Ok(link()), "{text}");
    }
}

#[test]
fn what_is_no_link_is_refused() {
    let good = link().to_url();
    let texts = [
        String::new(),
        "#".to_owned(),
        CODE.to_owned(),
        good.replace("http://", "ftp://"),
        good.replace("http://", "javascript://"),
        good.replace("http://", "http:///"),
        good.replace("http://192.168.1.10:8080", "http://"),
        good.replace("192.168.1.10", "admin:pw@192.168.1.10"),
        good.replace("192.168.1.10", "192.168.1.10 "),
        good.replace("/enrol", "/enroll"),
        good.replace("/enrol", "//enrol"),
        good.replace("/enrol", "/enrol?x=1"),
        good.replace('#', "?"),
        good.replace("c=", "d="),
        good.replace("c=0", "c="),
        good.replace("c=0", "c=U"),
        good.replace("c=0", "c=00"),
        good.replace("r=E", "r="),
        good.replace("r=EHM6", "r=!HM6"),
        good.replace("&e=3f", "&e=zz"),
        good.replace("&e=3f", "&e="),
        good.replace("&e=", "&e"),
        format!("{good}&c={CODE}"),
        format!("{good}&r={}", hex::encode(pin().0)),
        format!("{good}&e={EVENT}"),
        format!("{good}&x={}", "x".repeat(512)),
    ];
    for text in texts {
        assert_eq!(EnrolmentLink::parse(&text), Err(LinkError), "{text}");
    }
}

#[test]
fn the_code_is_not_logged() {
    let shown = format!("{:?}", link());
    assert!(
        !shown.contains(CODE) && shown.contains("[redacted]"),
        "{shown}"
    );
}

#[test]
fn codes_are_read_as_people_type_them() {
    let random = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    let code = code_from_random(random);
    assert_eq!((code.as_str(), code.len()), (CODE, 16));
    assert_eq!(display_code(&code), "0410-6105-0R3G-G28A");
    for typed in [
        "041061050R3GG28A",
        "041061050r3gg28a",
        "0410-6105-0R3G-G28A",
        " 0410 6105 0r3g g28a\n",
        "O4IO6LO5oR3GG28A",
    ] {
        assert_eq!(normalise_code(typed).as_deref(), Some(CODE), "{typed}");
    }
    for wrong in [
        "",
        "041061050R3GG28",
        "041061050R3GG28A0",
        "041061050R3GG28AA1061050",
        "041061050R3GG28U",
        "041061050R3GG28\u{0660}",
        "0410_6105_0R3G_G28A",
        &"-".repeat(65),
    ] {
        assert_eq!(normalise_code(wrong), None, "{wrong}");
    }
}

// corpus 94: a proof is of one nonce, one code and one key.
#[test]
fn a_key_is_proven_for_one_nonce_and_code() {
    let proof = prove_key(&key(30), &NONCE, CODE);
    let other_nonce = [0x5B; 32];
    assert!(is_key_proven(&NONCE, CODE, &public(30), &proof));
    assert!(!is_key_proven(&other_nonce, CODE, &public(30), &proof));
    assert!(!is_key_proven(
        &NONCE,
        "041061050R3GG28B",
        &public(30),
        &proof
    ));
    assert!(!is_key_proven(&NONCE, CODE, &public(31), &proof));
    assert!(!is_key_proven(&NONCE, CODE, &public(30), &proof[..63]));
    assert!(
        !is_key_proven(&NONCE, CODE, &[0; 32], &[0; 64]),
        "small order"
    );
}

#[test]
fn the_signed_message_begins_with_its_domain() {
    let message = enrolment_message(&NONCE, CODE, &public(30));
    let (domain, rest) = message.split_at(11);
    assert_eq!(domain, b"TKT1.enrol\0");
    assert_eq!(rest, [&NONCE, CODE.as_bytes(), &public(30)].concat());
}

#[test]
fn a_transcript_depends_on_all_that_was_said() {
    let said = transcript_code(&NONCE, CODE, &public(30), pin());
    assert_eq!(said.len(), 6);
    assert!(said.bytes().all(|byte| byte.is_ascii_digit()));
    let others = [
        transcript_code(&[0x5B; 32], CODE, &public(30), pin()),
        transcript_code(&NONCE, "041061050R3GG28B", &public(30), pin()),
        transcript_code(&NONCE, CODE, &public(31), pin()),
        transcript_code(&NONCE, CODE, &public(30), RootPin([0; 16])),
    ];
    assert!(others.iter().all(|other| *other != said), "{others:?}");
}
