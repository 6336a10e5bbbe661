//! What one ticket of an order cost (O4). Pure.
//!
//! A line's total need not divide by its tickets. Cut at multiples of the average, each ticket has its
//! own share, whichever goes back first, and all of them together are exactly the total.

use shared::ids::{ClassId, TicketId};

use super::model::Line;

/// In minor units; `classes` names the class of each of the order's tickets, in the order's own
/// sequence. 0 for a ticket of another order.
pub(super) fn share_of_ticket(
    lines: &[Line],
    classes: &[(TicketId, ClassId)],
    ticket: TicketId,
) -> i64 {
    let Some((_, class)) = classes.iter().find(|(id, _)| *id == ticket) else {
        return 0;
    };
    let Some(line) = lines.iter().find(|line| line.class_id == *class) else {
        return 0;
    };
    let alike = classes.iter().filter(|(_, of)| of == class);
    let position = alike.clone().take_while(|(id, _)| *id != ticket).count();
    let cut = |at: usize| share(line.total.amount, at, alike.clone().count());
    cut(position + 1) - cut(position)
}

/// `amount * at / of`, rounded down.
fn share(amount: i64, at: usize, of: usize) -> i64 {
    let cut = i128::from(amount) * at as i128 / (of as i128).max(1);
    i64::try_from(cut).unwrap_or(amount)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::money::{Currency, Money};
    use shared::time::Timestamp;

    use super::*;

    fn line(class: ClassId, amount: i64, quantity: u32) -> Line {
        let money = Money::new(amount, Currency::VND);
        Line {
            class_id: class,
            name: "Standard".to_owned(),
            quantity,
            unit_price: money,
            discount: 0,
            fee: 0,
            tax: 0,
            total: money,
        }
    }

    fn ticket(at: u8) -> TicketId {
        TicketId::new(Timestamp::UNIX_EPOCH, [at; 10])
    }

    proptest! {
        #[test]
        fn the_shares_of_a_line_are_its_total(first in 0..=i64::MAX, second in 0..1_000_000_i64, count in 1..40_u8) {
            // O4
            let classes = [ClassId::from_bytes([1; 16]), ClassId::from_bytes([2; 16])];
            let lines = [line(classes[0], first, count.into()), line(classes[1], second, count.into())];
            let tickets: Vec<_> = (0..2 * count).map(|at| (ticket(at), classes[usize::from(at % 2)])).collect();
            for (line, class) in lines.iter().zip(classes) {
                let own = tickets.iter().filter(|(_, of)| *of == class);
                let shares: Vec<i64> = own.map(|(id, _)| share_of_ticket(&lines, &tickets, *id)).collect();
                prop_assert_eq!(shares.iter().sum::<i64>(), line.total.amount);
                let (least, most) = (shares.iter().min(), shares.iter().max());
                prop_assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1));
            }
        }
    }

    #[test]
    fn a_ticket_of_another_order_costs_nothing() {
        // O4
        let class = ClassId::from_bytes([1; 16]);
        let lines = [line(class, 100, 1)];
        assert_eq!(share_of_ticket(&lines, &[(ticket(1), class)], ticket(2)), 0);
    }
}
