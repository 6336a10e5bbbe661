//! Nothing panics, and every verdict agrees with itself, whatever the facts.

use proptest::prelude::*;
use shared::admission::overrule::force;
use shared::admission::{
    Direction, Facts, GateContext, Outcome, Presented, Reason, Verdict, decide,
};
use shared::ids::DeviceId;
use shared::log::{EntryKind, Hlc, LogId, Target, TicketState, Use};
use shared::ticket::{Flags, Payload, ScanCommitment, Token};
use shared::time::Timestamp;
use shared::trust::{EntryLimit, ListFlags, ListPolicy, Policy, TicketRow, TicketRowStatus};

use crate::fixture::World;

/// Near the event, anywhere, and at the ends of time.
fn any_time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        4 => 1_777_500_000_000_i64..1_777_900_000_000,
        1 => any::<i64>(),
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0)],
    ]
    .prop_map(Timestamp::from_millis)
}

fn any_flags() -> impl Strategy<Value = Flags> {
    (0_u8..64).prop_map(|bits| Flags::from_bits(bits).expect("not reserved"))
}

prop_compose! {
    fn any_payload()(
        (kid, serial, generation, class) in (any::<u8>(), any::<u32>(), any::<u8>(), 0_u8..4),
        zones in any::<u16>(),
        not_before in prop_oneof![100_u16..200, any::<u16>()],
        not_after in prop_oneof![100_u16..200, any::<u16>()],
        flags in any_flags(),
        seat in proptest::option::of(any::<u32>()),
        hint in any::<[u8; 2]>(),
    ) -> Payload {
        Payload {
            kid, serial, generation, class, zones, not_before, not_after, flags, seat, hint,
        }
    }
}

fn any_presented() -> impl Strategy<Value = Presented> {
    let world = World::new();
    let text = world.text(&world.ticket());
    let token = Token::from_digits(&text).expect("reads");
    let refused = prop_oneof![
        Just(Reason::NotATicket),
        Just(Reason::BadSignature),
        Just(Reason::RateLimited),
    ];
    prop_oneof![
        9 => any_payload().prop_map(move |payload| Presented::Ticket { payload, token }),
        1 => refused.prop_map(Presented::Refused),
    ]
}

prop_compose! {
    fn any_row()(
        status in prop_oneof![
            4 => Just(TicketRowStatus::Active),
            1 => Just(TicketRowStatus::Unclaimed),
            1 => Just(TicketRowStatus::Cancelled),
            1 => Just(TicketRowStatus::Revoked),
            1 => Just(TicketRowStatus::Blocked),
            1 => Just(TicketRowStatus::Unpaid),
            1 => Just(TicketRowStatus::Expired),
        ],
        (generation, class, flags, seat) in (any::<u8>(), any::<u8>(), any::<u8>(), any::<u32>()),
    ) -> TicketRow {
        TicketRow { status, generation, class, flags, seat, commitment: ScanCommitment([0; 8]) }
    }
}

prop_compose! {
    fn any_use()(
        at in any_time(),
        counter in any::<u16>(),
        (number, seq) in (0_u8..3, 0_u32..4),
        kind in prop_oneof![
            Just(EntryKind::Admit),
            Just(EntryKind::Exit),
            Just(EntryKind::Undo),
            Just(EntryKind::Forced),
        ],
        (gate, generation) in (0_u16..5, any::<u8>()),
        target in proptest::option::of((0_u8..3, 0_u32..4)),
    ) -> Use {
        Use {
            hlc: Hlc { millis: u64::try_from(at.as_millis()).unwrap_or(u64::MAX), counter },
            log: LogId([number; 16]),
            seq,
            kind,
            device: DeviceId::from_bytes([number; 16]),
            gate,
            generation,
            target: target.map(|(number, seq)| Target { log: LogId([number; 16]), seq }),
        }
    }
}

fn any_rule() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just("true".to_owned()),
        1 => Just("false".to_owned()),
        1 => ".{0,40}",
        1 => Just(r#"{"<": [{"var": "entries_today"}, {"var": "entries_days"}]}"#.to_owned()),
        1 => Just(r#"{">": [{"var": "minutes_since_first_entry"}, 10]}"#.to_owned()),
        1 => Just(r#"{"<": [{"var": "now_isoweekday"}, 6]}"#.to_owned()),
    ]
}

prop_compose! {
    fn any_list()(
        name in ".{0,6}",
        classes in proptest::option::of(proptest::collection::vec(0_u8..4, 0..3)),
        entries in prop_oneof![
            Just(EntryLimit::Once),
            Just(EntryLimit::OncePerDay),
            Just(EntryLimit::Unlimited),
        ],
        flags in any::<u8>(),
        check_out_secs in proptest::option::of(any::<u32>()),
        rules in proptest::collection::vec((".{0,10}", any_rule()), 0..2),
    ) -> ListPolicy {
        ListPolicy { name, classes, entries, flags: ListFlags(flags), check_out_secs, rules }
    }
}

prop_compose! {
    fn any_policy()(
        timezone in prop_oneof![Just("Asia/Ho_Chi_Minh".to_owned()), ".{0,12}"],
        language in prop_oneof![Just("vi".to_owned()), ".{0,8}"],
        epoch in any_time(),
        rules in proptest::collection::vec((".{0,10}", any_rule()), 0..3),
        (early, late, red) in (any::<u32>(), any::<u32>(), prop_oneof![any::<u32>(), Just(u32::MAX)]),
        (classes, gates) in (0_usize..3, 0_usize..4),
    ) -> Policy {
        let mut policy = World::new().policy;
        policy.classes.truncate(classes);
        policy.gates.truncate(gates);
        policy.epoch = epoch;
        policy.early_tolerance_secs = early;
        policy.late_tolerance_secs = late;
        policy.red_after_secs = red;
        policy.rules = rules;
        policy.timezone = timezone;
        policy.language = language;
        policy
    }
}

prop_compose! {
    fn any_context()(
        gate in proptest::option::of(0_u16..5),
        out in any::<bool>(),
        snapshot_created in any_time(),
        evicted in proptest::bool::weighted(0.05),
        correction_ms in -10_000_000_i64..10_000_000,
    ) -> GateContext {
        let direction = if out { Direction::Out } else { Direction::In };
        GateContext { gate, direction, snapshot_created, evicted, asks: true, correction_ms }
    }
}

fn is_consistent(verdict: &Verdict) -> Result<(), TestCaseError> {
    prop_assert_eq!(
        verdict.verdict == Outcome::Admit,
        verdict.reason == Reason::Ok
    );
    prop_assert_eq!(
        verdict.verdict == Outcome::Attention,
        verdict.reason.is_step()
    );
    prop_assert!(!verdict.also.contains(&verdict.reason));
    prop_assert!(!verdict.also.contains(&Reason::Ok));
    let mut once = verdict.also.clone();
    once.sort_unstable();
    once.dedup();
    prop_assert_eq!(once.len(), verdict.also.len(), "a reason is given once");
    if verdict.verdict != Outcome::Refuse {
        prop_assert!(verdict.also.iter().all(|reason| reason.is_step()));
    }
    prop_assert!(!verdict.explanation.is_empty());
    prop_assert!(!verdict.durable);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn deciding_is_total_and_consistent(
        presented in any_presented(),
        row in proptest::option::of(any_row()),
        uses in proptest::collection::vec(any_use(), 0..8),
        policy in any_policy(),
        context in any_context(),
        now in any_time(),
    ) {
        let mut state = TicketState::default();
        for use_ in uses {
            state.insert(use_);
        }
        let facts = Facts {
            row: row.as_ref(),
            state: Some(&state),
            seat: None,
            holder: Some("somebody"),
            ..Facts::default()
        };
        let verdict = decide(&presented, &facts, &policy, &context, now);
        is_consistent(&verdict)?;
        prop_assert_eq!(decide(&presented, &facts, &policy, &context, now), verdict.clone());
        if verdict.verdict == Outcome::Admit && context.direction == Direction::In {
            let newest = state.newest_generation();
            let Presented::Ticket { payload, .. } = presented else {
                return Err(TestCaseError::fail("admitted without a ticket"));
            };
            prop_assert!(payload.generation >= newest);
            prop_assert!(!state.is_inside());
            prop_assert!(payload.flags.contains(Flags::RE_ENTRY) || state.admissions() == 0);
        }
        // An earlier use that is known is always told to whoever looks at a ticket.
        let looked_at = matches!(presented, Presented::Ticket { .. }) && !context.evicted;
        prop_assert_eq!(verdict.earlier.is_some(), looked_at && state.admissions() > 0);
    }

    /// With check-in lists, also of gates whose list is not known: S98 S113.
    #[test]
    fn deciding_on_lists_is_total_and_consistent(
        presented in any_presented(),
        row in proptest::option::of(any_row()),
        uses in proptest::collection::vec(any_use(), 0..8),
        policy in any_policy(),
        lists in proptest::collection::vec(any_list(), 0..3),
        of_gates in proptest::collection::vec(proptest::option::of(0_u8..4), 4),
        context in any_context(),
        now in any_time(),
    ) {
        let mut policy = policy;
        policy.lists = lists;
        for (gate, list) in policy.gates.iter_mut().zip(of_gates) {
            gate.list = list;
        }
        let mut state = TicketState::default();
        for use_ in uses {
            state.insert(use_);
        }
        let facts = Facts {
            row: row.as_ref(),
            state: Some(&state),
            seat: None,
            holder: None,
            ..Facts::default()
        };
        let verdict = decide(&presented, &facts, &policy, &context, now);
        is_consistent(&verdict)?;
        prop_assert_eq!(decide(&presented, &facts, &policy, &context, now), verdict.clone());
        if let Some((forced, _)) = force(&verdict, &policy.language) {
            prop_assert!(verdict.serial.is_some());
            prop_assert_eq!(forced.verdict, Outcome::Admit);
        }
    }

    #[test]
    fn presenting_is_total(text in prop_oneof![".{0,300}", "[0-9]{0,300}", "3[0-9]{201}"]) {
        let presented = World::new().present(&text, "2026-05-02T11:00:00Z");
        let is_refused = matches!(presented, Presented::Refused(
            Reason::NotATicket
                | Reason::Misread
                | Reason::UnknownEvent
                | Reason::UnknownKey
                | Reason::BadSignature
        ));
        prop_assert!(is_refused);
    }

    #[test]
    fn no_rule_text_panics(text in prop_oneof![
        ".{0,60}",
        r#"\{"(==|<|\+|in|if|var|min|!)": ?[\[\]{}0-9",a-z ]{0,40}\}"#,
    ]) {
        use shared::admission::rules::{Counter, Moment, Rule, Value, Variable, Variables};
        struct Nothing;
        impl Variables for Nothing {
            fn value(&self, _: Variable) -> Value {
                Value::Null
            }
            fn moment(&self, _: &Moment) -> Value {
                Value::Number(0.0)
            }
            fn count(&self, _: Counter, _: f64) -> Value {
                Value::Number(0.0)
            }
        }
        if let Ok(rule) = Rule::parse(&text) {
            // The same answer twice, whatever it is.
            prop_assert_eq!(rule.holds(&Nothing), rule.holds(&Nothing));
        }
    }
}
