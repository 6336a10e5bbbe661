//! Which seats a buyer gets who names none (I3). Pure.
//!
//! Promise: a party sits together wherever it can; a pick leaves no free seat alone between taken
//! ones as long as some pick that keeps the party together does not.

use crate::venues::model::Place;

/// Free seats side by side, as positions in the list that was given.
type Segment<'a> = &'a [usize];

/// Picks `quantity` of the free seats: positions in `free`, which may be in any order. `None` when
/// there are too few. `spread` says which of the equally good picks to take: buyers who cannot see
/// each other's picks then seldom want the same.
pub(super) fn pick(free: &[Place], quantity: usize, spread: usize) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = (0..free.len())
        .filter(|seat| !free[*seat].reserved)
        .collect();
    if quantity == 0 || order.len() < quantity {
        return None;
    }
    order.sort_unstable_by_key(|seat| free[*seat]);
    let segments = segments(free, &order);
    Some(together(&segments, quantity, spread).unwrap_or_else(|| apart(&segments, quantity)))
}

/// Whether the free seats hold a pick that keeps the party together and leaves no seat alone.
pub(super) fn has_whole_place(free: &[Place], quantity: usize) -> bool {
    let mut order: Vec<usize> = (0..free.len())
        .filter(|seat| !free[*seat].reserved)
        .collect();
    order.sort_unstable_by_key(|seat| free[*seat]);
    segments(free, &order)
        .iter()
        .any(|segment| fits(segment.len(), quantity))
}

fn segments<'a>(free: &[Place], order: &'a [usize]) -> Vec<Segment<'a>> {
    order
        .chunk_by(|left, right| {
            let (left, right) = (free[*left], free[*right]);
            left.run == right.run && left.at + 1 == right.at
        })
        .collect()
}

/// Whether a party of `quantity` at one end of `length` seats leaves none alone.
fn fits(length: usize, quantity: usize) -> bool {
    length == quantity || length >= quantity + 2
}

/// Seats side by side: the best segment where nobody is left alone, else the best at all. Parties
/// start at its left end, so that what remains is one piece.
fn together(segments: &[Segment<'_>], quantity: usize, spread: usize) -> Option<Vec<usize>> {
    let whole: Vec<_> = segments
        .iter()
        .filter(|segment| fits(segment.len(), quantity))
        .take(spread + 1)
        .collect();
    let chosen = match whole.len() {
        0 => segments.iter().find(|segment| segment.len() >= quantity)?,
        n => whole[spread % n],
    };
    Some(chosen[..quantity].to_vec())
}

/// No segment is long enough: the fewest pieces, the longest first, the last one as if it came
/// alone.
fn apart(segments: &[Segment<'_>], quantity: usize) -> Vec<usize> {
    let mut left: Vec<Segment<'_>> = segments.to_vec();
    // Stable: of two that are as long, the better one comes first.
    left.sort_by_key(|segment| std::cmp::Reverse(segment.len()));
    let mut picked = Vec::with_capacity(quantity);
    while picked.len() < quantity && !left.is_empty() {
        let missing = quantity - picked.len();
        if let Some(last) = together(&left, missing, 0) {
            picked.extend(last);
        } else {
            picked.extend(left.remove(0));
        }
    }
    picked
}
