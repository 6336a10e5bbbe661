//! The table of moves and the arithmetic of money.

use proptest::prelude::*;
use shared::api::orders::OrderStatus;
use shared::api::selling::{Charges, Terms};
use shared::ids::{ClassId, EventId};
use shared::money::{Currency, Money, MoneyError};

use crate::events::model::{TicketClass, share_of};
use crate::invoices::{lines_of, sums};
use crate::orders::model::{Step, after};
use crate::orders::price::{Item, price};
use crate::testing::NOW;

#[test]
fn every_move_is_in_the_table_and_no_other() {
    // O1
    use OrderStatus::{Cancelled, Expired, Paid, PartiallyRefunded, Pending, Refunded};
    use Step::{Cancel, Expire, Pay, Refund, RefundPart, Regain};
    let legal = [
        (Pending, Pay, Paid),
        (Pending, Cancel, Cancelled),
        (Pending, Expire, Expired),
        (Expired, Pay, Paid),
        (Paid, Refund, Refunded),
        (Paid, RefundPart, PartiallyRefunded),
        (PartiallyRefunded, RefundPart, PartiallyRefunded),
        (PartiallyRefunded, Refund, Refunded),
        (PartiallyRefunded, Regain, Paid),
    ];
    for from in [
        Pending,
        Paid,
        Cancelled,
        Expired,
        Refunded,
        PartiallyRefunded,
    ] {
        for step in [Pay, Cancel, Expire, Refund, RefundPart, Regain] {
            let expected = legal
                .iter()
                .find(|(at, by, _)| (*at, *by) == (from, step))
                .map(|(_, _, to)| *to);
            assert_eq!(after(from, step), expected, "{from:?} {step:?}");
        }
    }
}

fn class(amount: i64, currency: Currency, index: u8) -> TicketClass {
    TicketClass {
        id: ClassId::new(NOW, [index; 10]),
        event_id: EventId::new(NOW, [0; 10]),
        index,
        name: format!("Class {index}"),
        price: Money::new(amount, currency),
        zones: 0,
        max_per_order: 20,
        entry_from: None,
        entry_until: None,
        rotating: false,
        sealed: false,
        seated: false,
        terms: Terms::default(),
        pools: Vec::new(),
        counting: 0,
        created_at: NOW,
        archived: None,
    }
}

fn item(class: &TicketClass, quantity: u32) -> Item<'_> {
    Item {
        class,
        quantity,
        unit: class.price,
        discount: 0,
    }
}

fn charges() -> impl Strategy<Value = Charges> {
    let shares = (
        0..=10_000_u32,
        any::<bool>(),
        0..=1_000_000_i64,
        0..=10_000_u32,
    );
    shares.prop_map(|(tax_share, tax_included, fee_minor, fee_share)| Charges {
        tax_share,
        tax_included,
        fee_minor,
        fee_share,
    })
}

/// Within half a unit of `amount * part / whole`: rounded, and not cut off.
fn is_nearest(rounded: i64, amount: i128, part: u32, whole: u32) -> bool {
    let exact_times_two = amount * i128::from(part) * 2;
    let whole = i128::from(whole);
    (i128::from(rounded) * 2 * whole - exact_times_two).abs() <= whole
}

proptest! {
    #[test]
    fn totals_always_add_up(
        wanted in prop::collection::vec((0..=1_000_000_000_i64, 1..=20_u32, 0..=1_100_000_000_i64), 1..=8),
        charges in charges(),
    ) {
        // O4: against sums of 128 bits
        let classes: Vec<TicketClass> = wanted.iter().zip(0..).map(|((amount, ..), index)| class(*amount, Currency::VND, index)).collect();
        let items = classes.iter().zip(&wanted).map(|(class, (_, quantity, discount))| Item { discount: *discount, ..item(class, *quantity) });
        let (lines, total) = price(items, &charges).expect("in range");
        let of_lines: i128 = lines.iter().map(|line| i128::from(line.total.amount)).sum();
        prop_assert_eq!(i128::from(total.expect("a total").amount), of_lines);
        // P8: an invoice says net and tax of the same, to the unit
        let invoiced = sums(&lines_of(&lines));
        let taxes: i64 = lines.iter().map(|line| line.tax).sum();
        prop_assert_eq!((i128::from(invoiced.net) + i128::from(invoiced.tax), invoiced.tax), (of_lines, taxes));
        for (line, (amount, quantity, discount)) in lines.iter().zip(&wanted) {
            let times = i128::from(*quantity);
            let reduced = i128::from((*amount - *discount).max(0));
            prop_assert_eq!((line.unit_price.amount, line.quantity), (*amount, *quantity));
            prop_assert_eq!(i128::from(line.discount), (i128::from(*amount) - reduced) * times);
            let gross = reduced * times + i128::from(line.fee);
            let added = if charges.tax_included { 0 } else { line.tax };
            prop_assert_eq!(i128::from(line.total.amount), gross + i128::from(added), "a line is its parts");
            prop_assert!(line.total.amount >= 0 && line.tax >= 0 && line.fee >= 0);
            if charges.tax_included {
                prop_assert!(is_nearest(line.total.amount - line.tax, gross, 10_000, 10_000 + charges.tax_share));
            } else {
                prop_assert!(is_nearest(line.tax, gross, charges.tax_share, 10_000));
            }
            let fee_of_one = line.fee / i64::from(*quantity);
            prop_assert_eq!(fee_of_one * i64::from(*quantity), line.fee, "a fee is per ticket");
            let share = if reduced == 0 { 0 } else { fee_of_one - charges.fee_minor };
            let is_free = reduced == 0 && line.fee == 0;
            prop_assert!(is_free || is_nearest(share, reduced, charges.fee_share, 10_000));
        }
    }
}

#[test]
fn taxes_and_fees_are_rounded_to_the_nearest_unit() {
    // O4: 12.50 EUR, 3 tickets, 19 % tax, 0.55 EUR and 2.5 % fee each: 0.3125 is 0.31
    let class = class(1_250, Currency::EUR, 0);
    let charges = |tax_included| Charges {
        tax_share: 1_900,
        tax_included,
        fee_minor: 55,
        fee_share: 250,
    };
    for (tax_included, tax, total) in [(false, 762, 4_770), (true, 640, 4_008)] {
        let (lines, sum) = price([item(&class, 3)], &charges(tax_included)).expect("in range");
        assert_eq!((lines[0].fee, lines[0].tax), (258, tax));
        assert_eq!(sum, Some(Money::new(total, Currency::EUR)));
    }
    for (amount, part, rounded) in [(1, 5_000, 1), (1, 4_999, 0), (3, 5_000, 2), (0, 9_999, 0)] {
        assert_eq!(share_of(amount, part, 10_000), rounded, "{amount} {part}");
    }
}

#[test]
fn totals_neither_wrap_nor_mix() {
    // O4
    let (dear, odd) = (
        class(i64::MAX / 2, Currency::VND, 0),
        class(1, Currency::EUR, 1),
    );
    let small = class(1, Currency::VND, 2);
    let none = Charges::default();
    assert_eq!(price([item(&dear, 3)], &none), Err(MoneyError::Overflow));
    let both = [item(&dear, 2), item(&small, 2)];
    assert_eq!(price(both, &none), Err(MoneyError::Overflow));
    let mixed = [item(&small, 1), item(&odd, 1)];
    assert_eq!(price(mixed, &none), Err(MoneyError::Mixed));
    let dear_fee = Charges {
        fee_minor: i64::MAX,
        ..none
    };
    assert_eq!(
        price([item(&small, 2)], &dear_fee),
        Err(MoneyError::Overflow)
    );
}
