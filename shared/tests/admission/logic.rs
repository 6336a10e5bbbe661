//! JSON logic by itself, over any data, as its public definition has it; unknown operators are
//! errors. Our own operators are with the scenarios.
// S94

use serde_json::{Value as Json, json};
use shared::admission::rules::{RuleError, Value, apply};

#[track_caller]
fn check(logic: &Json, data: &Json, expected: &Json) {
    let expected = Value::from_json(expected).expect("plain");
    assert_eq!(apply(logic, data), Ok(expected), "{logic} over {data}");
}

/// Logic and what it gives, without data.
fn check_all(cases: &[(Json, Json)]) {
    for (logic, expected) in cases {
        check(logic, &Json::Null, expected);
    }
}

#[test]
fn what_is_no_rule_is_itself() {
    for plain in [
        json!(true),
        json!(false),
        json!(23),
        json!(2.5),
        json!("pear"),
        json!(null),
        json!(["x", ["y"]]),
    ] {
        check(&plain, &json!({}), &plain);
    }
    check(
        &json!([1, {"var": "x"}, 3]),
        &json!({"x": 2}),
        &json!([1, 2, 3]),
    );
}

#[test]
fn comparisons() {
    check_all(&[
        (json!({"==": [5, 5]}), json!(true)),
        (json!({"==": [5, "5"]}), json!(true)),
        (json!({"==": [5, 6]}), json!(false)),
        (json!({"==": [null, null]}), json!(true)),
        (json!({"==": [null, 0]}), json!(false)),
        (json!({"==": [null, false]}), json!(false)),
        (json!({"==": [true, 1]}), json!(true)),
        (json!({"==": [true, "1"]}), json!(true)),
        (json!({"==": ["a", "b"]}), json!(false)),
        (json!({"===": [5, 5]}), json!(true)),
        (json!({"===": [5, "5"]}), json!(false)),
        (json!({"===": [null, false]}), json!(false)),
        (json!({"!=": [5, 6]}), json!(true)),
        (json!({"!=": [5, "5"]}), json!(false)),
        (json!({"!==": [5, "5"]}), json!(true)),
        (json!({"!==": [5, 5]}), json!(false)),
        (json!({">": [6, 5]}), json!(true)),
        (json!({">": [5, 5]}), json!(false)),
        (json!({">": ["6", 5]}), json!(true)),
        (json!({">=": [5, 5]}), json!(true)),
        (json!({">=": [5, 6]}), json!(false)),
        (json!({"<": ["5", 6]}), json!(true)),
        (json!({"<": [5, 5]}), json!(false)),
        (json!({"<": [5, 6, 7]}), json!(true)),
        (json!({"<": [5, 5, 7]}), json!(false)),
        (json!({"<": [5, 8, 7]}), json!(false)),
        (json!({"<": [null, 1]}), json!(true)),
        (json!({"<": [false, true]}), json!(true)),
        (json!({"<": ["apple", "banana"]}), json!(true)),
        (json!({"<": ["x", 1]}), json!(false)),
        (json!({"<=": [5, 5]}), json!(true)),
        (json!({"<=": [5, 6, 6]}), json!(true)),
        (json!({"<=": [5, 8, 7]}), json!(false)),
    ]);
}

#[test]
fn truth_and_choice() {
    check_all(&[
        (json!({"!": [false]}), json!(true)),
        (json!({"!": false}), json!(true)),
        (json!({"!": [[]]}), json!(true)),
        (json!({"!": "0"}), json!(false)),
        (json!({"!!": [[]]}), json!(false)),
        (json!({"!!": ["0"]}), json!(true)),
        (json!({"!!": [""]}), json!(false)),
        (json!({"or": [false, true]}), json!(true)),
        (json!({"or": [false, 0, []]}), json!([])),
        (json!({"or": [4, 7]}), json!(4)),
        (json!({"or": [false, 7]}), json!(7)),
        (json!({"or": [[], true]}), json!(true)),
        (json!({"and": [4, 7]}), json!(7)),
        (json!({"and": [4, false]}), json!(false)),
        (json!({"and": ["", 7]}), json!("")),
        (json!({"and": [[], true]}), json!([])),
        (json!({"and": [{">": [3, 1]}, {"!": true}]}), json!(false)),
        (json!({"?:": [true, 4, 7]}), json!(4)),
        (json!({"?:": [false, 4, 7]}), json!(7)),
        (json!({"if": []}), json!(null)),
        (json!({"if": ["pear"]}), json!("pear")),
        (json!({"if": [false]}), json!(false)),
        (json!({"if": [true, "pear"]}), json!("pear")),
        (json!({"if": [false, "pear"]}), json!(null)),
        (json!({"if": [[], "pear", "plum"]}), json!("plum")),
        (json!({"if": ["0", "pear", "plum"]}), json!("pear")),
        (json!({"if": [{"+": "0"}, "pear", "plum"]}), json!("plum")),
        (json!({"if": [-1, "pear", "plum"]}), json!("pear")),
        (
            json!({"if": [{">": [1, 2]}, "pear", {"cat": ["pl", "um"]}]}),
            json!("plum"),
        ),
        (json!({"if": [false, "pear", true, "plum"]}), json!("plum")),
        (json!({"if": [false, "pear", false, "plum"]}), json!(null)),
        (
            json!({"if": [false, "pear", false, "plum", "fig"]}),
            json!("fig"),
        ),
        (
            json!({"if": [true, "pear", true, "plum", "fig"]}),
            json!("pear"),
        ),
    ]);
}

#[test]
fn numbers_texts_and_lists() {
    check_all(&[
        (json!({"in": ["Ann", ["Bob", "Ann"]]}), json!(true)),
        (json!({"in": ["Eve", ["Bob", "Ann"]]}), json!(false)),
        (json!({"in": ["door", "indoors"]}), json!(true)),
        (json!({"in": ["i", "team"]}), json!(false)),
        (json!({"cat": "ice"}), json!("ice")),
        (json!({"cat": ["ice", "cream"]}), json!("icecream")),
        (json!({"cat": [1, 2.5, null, true]}), json!("12.5true")),
        (json!({"cat": ["Gate ", 2]}), json!("Gate 2")),
        (json!({"%": [7, 4]}), json!(3)),
        (json!({"%": [8, 4]}), json!(0)),
        (json!({"max": [4, 9, 9]}), json!(9)),
        (json!({"max": [4]}), json!(4)),
        (json!({"min": [4, 9, 2]}), json!(2)),
        (json!({"+": [4, 9, 2]}), json!(15)),
        (json!({"+": ["4", 9]}), json!(13)),
        (json!({"+": ["4"]}), json!(4)),
        (json!({"*": [4, 9]}), json!(36)),
        (json!({"*": ["4", 2]}), json!(8)),
        (json!({"-": [4, 9]}), json!(-5)),
        (json!({"-": [4]}), json!(-4)),
        (json!({"-": ["4", 4]}), json!(0)),
        (json!({"/": [9, 2]}), json!(4.5)),
        (json!({"/": ["9", 3]}), json!(3)),
        (json!({"substr": ["gatehouse", 4]}), json!("house")),
        (json!({"substr": ["gatehouse", -5]}), json!("house")),
        (json!({"substr": ["gatehouse", 0, 1]}), json!("g")),
        (json!({"substr": ["gatehouse", -1, 1]}), json!("e")),
        (json!({"substr": ["gatehouse", 4, 5]}), json!("house")),
        (json!({"substr": ["gatehouse", -5, 5]}), json!("house")),
        (json!({"substr": ["gatehouse", -5, -2]}), json!("hou")),
        (json!({"substr": ["gatehouse", 1, -5]}), json!("ate")),
        (json!({"substr": ["gatehouse", 40, 2]}), json!("")),
        (json!({"substr": ["cổng vào", 1, 3]}), json!("ổng")),
        (json!({"merge": []}), json!([])),
        (json!({"merge": [[1], [], [2, 3]]}), json!([1, 2, 3])),
        (json!({"merge": 1}), json!([1])),
        (json!({"merge": [1, [2]]}), json!([1, 2])),
    ]);
}

#[test]
fn data_is_reached_by_path() {
    let shop = json!({"temp": 100, "pie": {"filling": "pear", "eta": "60s"}});
    let picked =
        json!({"var": [{"?:": [{"<": [{"var": "temp"}, 110]}, "pie.filling", "pie.eta"]}]});
    let cases = [
        (json!({"var": ["a"]}), json!({"a": 1}), json!(1)),
        (json!({"var": "b"}), json!({"a": 1}), json!(null)),
        (json!({"var": "a"}), json!(null), json!(null)),
        (json!({"var": ["b", 2]}), json!({"a": 1}), json!(2)),
        (json!({"var": ["a", 2]}), json!(null), json!(2)),
        (json!({"var": "a.b"}), json!({"a": {"b": "c"}}), json!("c")),
        (
            json!({"var": ["a.q", 9]}),
            json!({"a": {"b": "c"}}),
            json!(9),
        ),
        (
            json!({"var": "a.b.c"}),
            json!({"a": {"b": null}}),
            json!(null),
        ),
        (json!({"var": 1}), json!(["pear", "plum"]), json!("plum")),
        (
            json!({"var": "1.1"}),
            json!(["pear", ["plum", "fig"]]),
            json!("fig"),
        ),
        (json!({"var": ""}), json!(1), json!(1)),
        (json!({"var": null}), json!(1), json!(1)),
        (json!({"var": []}), json!(1), json!(1)),
        (picked, shop.clone(), json!("pear")),
        (
            json!({"and": [{"<": [{"var": "temp"}, 110]}, {"==": [{"var": "pie.filling"}, "pear"]}]}),
            shop,
            json!(true),
        ),
    ];
    for (logic, data, expected) in cases {
        check(&logic, &data, &expected);
    }
}

#[test]
fn missing_data_is_named() {
    let loan = json!({"missing": {"merge": ["vin", {"if": [{"var": "financing"}, ["apr"], []]}]}});
    let cases = [
        (json!({"missing": []}), json!(null), json!([])),
        (json!({"missing": "a"}), json!(null), json!(["a"])),
        (
            json!({"missing": ["a", "b"]}),
            json!({"a": "pear"}),
            json!(["b"]),
        ),
        (
            json!({"missing": ["a", "b"]}),
            json!({"a": "", "b": 0}),
            json!(["a"]),
        ),
        (
            json!({"missing": ["a.b", "a.c"]}),
            json!({"a": {"b": "pie"}}),
            json!(["a.c"]),
        ),
        (
            loan.clone(),
            json!({"financing": true}),
            json!(["vin", "apr"]),
        ),
        (loan, json!({"financing": false}), json!(["vin"])),
        (
            json!({"missing_some": [1, ["a", "b"]]}),
            json!({"b": 1}),
            json!([]),
        ),
        (
            json!({"missing_some": [1, ["a", "b"]]}),
            json!({"c": 1}),
            json!(["a", "b"]),
        ),
        (
            json!({"missing_some": [2, ["a", "b", "c"]]}),
            json!({"a": 1, "c": 1}),
            json!([]),
        ),
        (
            json!({"missing_some": [2, ["a", "b", "c"]]}),
            json!({"a": 1}),
            json!(["b", "c"]),
        ),
        (
            json!({"if": [{"missing": "a"}, "no", "yes"]}),
            json!({"a": 1}),
            json!("yes"),
        ),
    ];
    for (logic, data, expected) in cases {
        check(&logic, &data, &expected);
    }
}

#[test]
fn lists_are_gone_through() {
    let numbers = json!({"n": [1, 2, 3, 4]});
    let goods = json!({"items": [{"qty": 1, "sku": "pear"}, {"qty": 2, "sku": "plum"}]});
    let sum =
        json!({"reduce": [{"var": "n"}, {"+": [{"var": "current"}, {"var": "accumulator"}]}, 0]});
    let stock = json!({"reduce": [{"var": "items"}, {"+": [{"var": "accumulator"}, {"var": "current.qty"}]}, 0]});
    let over = |operator: &str, list: &str, each: Json| json!({operator: [{"var": list}, each]});
    let at_least = |path: &str, least: u8| json!({">=": [{"var": path}, least]});
    let cases = [
        (
            over("filter", "n", json!(true)),
            &numbers,
            json!([1, 2, 3, 4]),
        ),
        (over("filter", "n", json!(false)), &numbers, json!([])),
        (
            over("filter", "n", at_least("", 3)),
            &numbers,
            json!([3, 4]),
        ),
        (
            over("filter", "n", json!({"%": [{"var": ""}, 2]})),
            &numbers,
            json!([1, 3]),
        ),
        (
            over("map", "n", json!({"*": [{"var": ""}, 2]})),
            &numbers,
            json!([2, 4, 6, 8]),
        ),
        (
            over("map", "nothing", json!({"var": ""})),
            &numbers,
            json!([]),
        ),
        (
            over("map", "items", json!({"var": "qty"})),
            &goods,
            json!([1, 2]),
        ),
        (sum.clone(), &numbers, json!(10)),
        (sum, &goods, json!(0)),
        (stock, &goods, json!(3)),
        (over("all", "n", at_least("", 1)), &numbers, json!(true)),
        (over("all", "n", at_least("", 2)), &numbers, json!(false)),
        (over("all", "nothing", json!(true)), &numbers, json!(false)),
        (
            over("all", "items", at_least("qty", 1)),
            &goods,
            json!(true),
        ),
        (over("none", "n", at_least("", 5)), &numbers, json!(true)),
        (over("none", "n", at_least("", 4)), &numbers, json!(false)),
        (over("none", "nothing", json!(true)), &numbers, json!(true)),
        (over("some", "n", at_least("", 4)), &numbers, json!(true)),
        (over("some", "n", at_least("", 5)), &numbers, json!(false)),
        (over("some", "nothing", json!(true)), &numbers, json!(false)),
        (
            over("some", "items", json!({"==": [{"var": "sku"}, "plum"]})),
            &goods,
            json!(true),
        ),
    ];
    for (logic, data, expected) in cases {
        check(&logic, data, &expected);
    }
}

#[test]
fn an_unknown_operator_is_an_error_and_not_data() {
    for name in ["log", "method", "fubar", "==="[..1].as_ref(), "Var"] {
        assert_eq!(
            apply(&json!({name: [1]}), &json!({})),
            Err(RuleError::Operator(name.to_owned()))
        );
    }
    assert_eq!(apply(&json!({}), &json!({})), Err(RuleError::Malformed));
}
