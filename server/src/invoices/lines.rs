//! The lines of a document, and how tax is split off what goes back. Pure.
//!
//! Invariants: an invoice's lines are exactly the order's. The lines of a credit note are exactly what
//! went back; all credit notes of an invoice whose price went back whole have exactly its tax.

use serde::{Deserialize, Serialize};

use crate::orders::model::Line as OrderLine;

/// In minor units of the document's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub text: String,
    /// 0 where it is no number of tickets.
    pub quantity: u32,
    pub unit: Option<i64>,
    pub discount: i64,
    pub fee: i64,
    pub net: i64,
    pub tax: i64,
}

impl Line {
    pub(super) const fn gross(&self) -> i64 {
        self.net.saturating_add(self.tax)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) net: i64,
    pub(crate) tax: i64,
}

pub(crate) fn sums(lines: &[Line]) -> Sums {
    lines.iter().fold(Sums::default(), |sums, line| Sums {
        net: sums.net.saturating_add(line.net),
        tax: sums.tax.saturating_add(line.tax),
    })
}

/// Of an invoice: what was held is what is written.
pub(crate) fn lines_of(lines: &[OrderLine]) -> Vec<Line> {
    let line = |line: &OrderLine| Line {
        text: line.name.clone(),
        quantity: line.quantity,
        unit: Some(line.unit_price.amount),
        discount: line.discount,
        fee: line.fee,
        net: line.total.amount.saturating_sub(line.tax),
        tax: line.tax,
    };
    lines.iter().map(line).collect()
}

/// Tickets of one class that went back together, and what was paid for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Returned {
    pub(super) name: String,
    pub(super) quantity: u32,
    pub(super) gross: i64,
}

/// What an invoice has come to before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before<'a> {
    pub(super) invoice: &'a [Line],
    /// Credited so far.
    pub(super) credited: i64,
}

/// Of a credit note over `amount`: the tickets that it is for, and what is for none of them.
pub(super) fn credit_lines(before: Before<'_>, returned: &[Returned], amount: i64) -> Vec<Line> {
    let whole = sums(before.invoice);
    let total = whole.net.saturating_add(whole.tax);
    if before.credited == 0 && amount == total {
        return before.invoice.to_vec();
    }
    let mut parts: Vec<(String, u32, i64)> = returned
        .iter()
        .map(|of| (of.name.clone(), of.quantity, of.gross))
        .collect();
    let named: i64 = parts.iter().map(|(_, _, gross)| gross).sum();
    let rest = amount.saturating_sub(named);
    if rest > 0 {
        parts.push((
            "Part of the price, for no ticket in particular".to_owned(),
            0,
            rest,
        ));
    } else if rest < 0 {
        parts.push(("Less what was credited before".to_owned(), 0, rest));
    }
    let mut so_far = before.credited;
    let line = |(text, quantity, gross): (String, u32, i64)| {
        let from = share(whole.tax, so_far, total);
        so_far = so_far.saturating_add(gross);
        let tax = share(whole.tax, so_far, total) - from;
        Line {
            text,
            quantity,
            unit: None,
            discount: 0,
            fee: 0,
            net: gross - tax,
            tax,
        }
    };
    parts.into_iter().map(line).collect()
}

/// `amount * at / of`, rounded down. Cut like this, parts that follow each other are the whole.
fn share(amount: i64, at: i64, of: i64) -> i64 {
    let cut = (i128::from(amount) * i128::from(at)).div_euclid(i128::from(of.max(1)));
    i64::try_from(cut).unwrap_or(amount)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(net: i64, tax: i64) -> Line {
        Line {
            text: "Standard".to_owned(),
            quantity: 1,
            unit: None,
            discount: 0,
            fee: 0,
            net,
            tax,
        }
    }

    proptest! {
        #[test]
        fn credit_notes_take_back_price_and_tax_to_the_unit(
            lines in proptest::collection::vec((0..1_000_000_i64, 0..300_000_i64), 1..6),
            cuts in proptest::collection::vec((0..=1_000_u32, 0..=1_200_u32), 0..8),
        ) {
            // P8 O4
            let invoice: Vec<Line> = lines.iter().map(|(net, tax)| line(*net, *tax)).collect();
            let whole = sums(&invoice);
            let total = whole.net + whole.tax;
            let mut credited = 0;
            let mut back = Sums::default();
            let ends = cuts.iter().map(|(cut, named)| (total * i64::from(*cut) / 1_000, *named));
            for (upto, named) in ends.chain([(total, 0)]) {
                let amount = upto - credited;
                if amount <= 0 {
                    continue;
                }
                // Tickets may be named for less or more than goes back.
                let gross = amount * i64::from(named) / 1_000;
                let returned = [Returned { name: "Standard".to_owned(), quantity: 1, gross }];
                let returned = if named == 0 { &[][..] } else { &returned[..] };
                let before = Before { invoice: &invoice, credited };
                let note = credit_lines(before, returned, amount);
                let of_note = sums(&note);
                prop_assert_eq!(of_note.net + of_note.tax, amount);
                back.net += of_note.net;
                back.tax += of_note.tax;
                credited += amount;
            }
            prop_assert_eq!(back, whole, "all of it went back");
        }
    }
}
