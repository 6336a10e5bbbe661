//! The golden file of the rotating ticket, `shared/vectors/ticket/chain.json`: the chain, the
//! signed bytes, codes that are accepted, and codes that are refused, each with the error.
// T9

use serde_json::{Value, json};
use shared::ticket::{Chain, Link, ScanProof, Token, check_public_key, digits, verify};

use crate::fixture::{LAST_LINK, LAST_STEP, anchor, chain, code, event, key, payload, rotating};
use crate::golden_file::{bytes, golden, list, outcome, text};

fn judged(text: &str) -> String {
    let key = key().verifying_key();
    outcome(&Token::from_digits(text).and_then(|token| verify(&token, event(), &key)))
}

fn refused() -> Vec<Value> {
    let flipped = |at: usize| {
        let mut bytes = code(1000);
        bytes[at] ^= 1;
        bytes
    };
    let shown = |step, reveal| rotating().show(step, reveal).as_bytes().to_vec();
    let stranger = Chain {
        serial: 48_214,
        ..chain()
    };
    let cases = [
        ("forged: serial changed", flipped(6)),
        ("forged: anchor changed", flipped(20)),
        ("forged: step changed", flipped(100)),
        ("forged: reveal changed", flipped(116)),
        ("step 0 with the anchor", shown(0, anchor())),
        (
            "a step beyond the window",
            shown(1321, chain().walk(LAST_STEP, 1321, LAST_LINK)),
        ),
        (
            "the chain of another serial",
            shown(1000, stranger.walk(LAST_STEP, 1000, LAST_LINK)),
        ),
        ("truncated: without step and reveal", code(1)[..99].to_vec()),
    ];
    let case = |(name, bytes): (&str, Vec<u8>)| {
        let digits = digits::encode(&bytes);
        json!({ "name": name, "digits": digits, "refusal": judged(&digits) })
    };
    cases.into_iter().map(case).collect()
}

fn fresh() -> Value {
    let proof = ScanProof::of_chain(event(), &rotating());
    let codes = [1, 2, 1000, 1320].map(|step| {
        let bytes = code(step);
        json!({
            "step": step,
            "reveal": hex::encode(chain().walk(LAST_STEP, step, LAST_LINK).0),
            "token": hex::encode(&bytes),
            "digits": digits::encode(&bytes),
        })
    });
    json!({
        "about": "T1R: a chain of 2880 links, the 99 bytes that the issuer signs, codes and what is refused. The moment is the gate's to judge.",
        "event": event(),
        "publicKey": hex::encode(key().verifying_key()),
        "serial": payload().serial,
        "generation": payload().generation,
        "lastStep": LAST_STEP,
        "lastLink": hex::encode(LAST_LINK.0),
        "anchor": hex::encode(anchor().0),
        "signed": hex::encode(rotating().as_bytes()),
        "scanProof": hex::encode(proof.0),
        "scanCommitment": hex::encode(proof.commitment(event(), payload().serial, 1).0),
        "codes": codes,
        "refused": refused(),
    })
}

#[test]
fn the_chain_replays_from_its_file() {
    let file = golden("ticket/chain.json", &fresh());
    let event = text(&file["event"]).parse().expect("a uuid");
    let key = bytes(&file["publicKey"]).try_into().expect("32 bytes");
    let key = check_public_key(&key).expect("a good key");
    let chain = Chain {
        event,
        serial: 48_213,
        generation: 1,
    };
    let link = |value: &Value| Link(bytes(value).try_into().expect("16 bytes"));
    let last = link(&file["lastLink"]);
    assert_eq!(chain.walk(LAST_STEP, 0, last), link(&file["anchor"]));
    for case in list(&file["codes"]) {
        let token = Token::from_digits(text(&case["digits"])).expect("a frame");
        assert_eq!(token.as_bytes(), bytes(&case["token"]));
        assert_eq!(token.signed_bytes(), bytes(&file["signed"]));
        let step = token.step().expect("a step");
        assert_eq!(u64::from(step), case["step"].as_u64().expect("a number"));
        assert_eq!(chain.walk(LAST_STEP, step, last), link(&case["reveal"]));
        let payload = verify(&token, event, &key).expect("a good code");
        assert_eq!((payload.serial, payload.generation), (48_213, 1));
    }
    assert_eq!(list(&file["codes"]).len(), 4);
    assert_eq!(list(&file["refused"]).len(), 8);
    for case in list(&file["refused"]) {
        let refusal = judged(text(&case["digits"]));
        assert_ne!(refusal, "ok", "{case}");
        assert_eq!(refusal, text(&case["refusal"]), "{case}");
    }
}
