//! Whose PIN it is. // V11

use shared::trust::supervisors::is_pin;
use shared::trust::{Supervisor, Supervisors};

fn supervisors(pins: &[(u8, &str)]) -> Supervisors {
    let mut all = Supervisors {
        salt: [7; 16],
        people: Vec::new(),
    };
    for (number, pin) in pins {
        let pin = all.hash(pin);
        all.people.push(Supervisor {
            number: *number,
            name: format!("Person {number}"),
            pin,
        });
    }
    all
}

#[test]
fn a_pin_tells_who_it_is_and_nothing_else_does() {
    // V11
    let all = supervisors(&[(1, "482913"), (7, "905117")]);
    assert_eq!(all.whose("905117").map(|of| of.number), Some(7));
    assert_eq!(all.whose("482913").map(|of| of.number), Some(1));
    for wrong in ["", "482914", "4829130", "48291", "482913 "] {
        assert!(all.whose(wrong).is_none(), "{wrong:?}");
    }
    let elsewhere = Supervisors {
        salt: [8; 16],
        people: all.people.clone(),
    };
    assert!(elsewhere.whose("482913").is_none(), "salted by event");
    assert_eq!(format!("{:?}", all.people[0]), "Supervisor(1 \"Person 1\")");
}

#[test]
fn a_pin_is_six_to_twelve_digits() {
    // V11
    for good in ["000000", "123456789012"] {
        assert!(is_pin(good), "{good}");
    }
    for bad in ["12345", "1234567890123", "12345a", "١٢٣٤٥٦", ""] {
        assert!(!is_pin(bad), "{bad}");
    }
}
