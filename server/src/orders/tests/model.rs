//! The table of moves and the arithmetic of money.

use proptest::prelude::*;
use shared::api::orders::OrderStatus;
use shared::ids::{ClassId, EventId};
use shared::money::{Currency, Money, MoneyError};

use crate::events::model::TicketClass;
use crate::orders::model::{Step, after, price};
use crate::testing::NOW;

#[test]
fn every_move_is_in_the_table_and_no_other() {
    // O1
    use OrderStatus::{Cancelled, Expired, Paid, PartiallyRefunded, Pending, Refunded};
    use Step::{Cancel, Expire, Pay, Refund, RefundPart};
    let legal = [
        (Pending, Pay, Paid),
        (Pending, Cancel, Cancelled),
        (Pending, Expire, Expired),
        (Expired, Pay, Paid),
        (Paid, Refund, Refunded),
        (Paid, RefundPart, PartiallyRefunded),
        (PartiallyRefunded, RefundPart, PartiallyRefunded),
        (PartiallyRefunded, Refund, Refunded),
    ];
    for from in [
        Pending,
        Paid,
        Cancelled,
        Expired,
        Refunded,
        PartiallyRefunded,
    ] {
        for step in [Pay, Cancel, Expire, Refund, RefundPart] {
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
        created_at: NOW,
    }
}

proptest! {
    #[test]
    fn totals_always_add_up(wanted in prop::collection::vec((0..=1_000_000_000_000_i64, 1..=20_u32), 1..=8)) {
        // O4: against sums of 128 bits
        let bill: Vec<(TicketClass, u32)> = wanted
            .iter()
            .zip(0..)
            .map(|((amount, quantity), index)| (class(*amount, Currency::VND, index), *quantity))
            .collect();
        let (lines, total) = price(bill.iter().map(|(class, quantity)| (class, *quantity))).expect("in range");
        let exact: i128 = wanted.iter().map(|(amount, n)| i128::from(*amount) * i128::from(*n)).sum();
        prop_assert_eq!(i128::from(total.expect("a total").amount), exact);
        let of_lines: i128 = lines.iter().map(|line| i128::from(line.total.amount)).sum();
        prop_assert_eq!(of_lines, exact);
        for (line, (class, quantity)) in lines.iter().zip(&bill) {
            prop_assert_eq!((line.unit_price, line.quantity), (class.price, *quantity));
        }
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
    assert_eq!(price([(&dear, 3)]), Err(MoneyError::Overflow));
    assert_eq!(price([(&dear, 2), (&small, 2)]), Err(MoneyError::Overflow));
    assert_eq!(price([(&small, 1), (&odd, 1)]), Err(MoneyError::Mixed));
}
