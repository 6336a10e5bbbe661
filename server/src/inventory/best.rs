//! Which seats a buyer gets who names none (I3). Pure.
//!
//! Promise: a party sits together wherever it can; a pick leaves no free seat alone between taken
//! ones as long as some pick that keeps the party together does not. Seats that another class sells
//! are nobody's to pick here, and are not left alone either.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::venues::model::Place;

/// Runs that are looked at whole for one party.
const RUNS_MAX: usize = 16;

/// A free seat, as a party sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Free {
    pub(super) place: Place,
    /// Of the class that is bought; else it only stands beside such seats.
    pub(super) is_ours: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pick {
    /// Positions in the list that was given.
    pub(super) seats: Vec<usize>,
    /// The party sits together, and nobody is left alone.
    pub(super) is_whole: bool,
}

/// Free seats side by side, as positions in the list, and those of them that can be picked.
#[derive(Clone, Debug)]
struct Block<'a> {
    all: &'a [usize],
    ours: Range<usize>,
}

impl<'a> Block<'a> {
    fn holds(&self, quantity: usize) -> bool {
        self.ours.len() >= quantity
    }

    /// The first place for a party that leaves no seat alone on either side of it.
    fn whole(&self, quantity: usize) -> Option<&'a [usize]> {
        let last = self.ours.end.checked_sub(quantity)?;
        let start = (self.ours.start..=last).find(|start| {
            let behind = self.all.len() - start - quantity;
            *start != 1 && behind != 1
        })?;
        Some(&self.all[start..start + quantity])
    }

    fn first(&self, quantity: usize) -> &'a [usize] {
        &self.all[self.ours.start..self.ours.start + quantity]
    }
}

/// Picks `quantity` of our free seats, which may be in any order. `None` when there are too few.
/// `spread` says which of the equally good picks to take: buyers who cannot see each other's picks
/// then seldom want the same.
pub(super) fn pick(free: &[Free], quantity: usize, spread: usize) -> Option<Pick> {
    let order = standing(free);
    let ours = order.iter().filter(|seat| free[**seat].is_ours).count();
    if quantity == 0 || ours < quantity {
        return None;
    }
    let blocks = blocks(free, &order);
    Some(together(&blocks, quantity, spread).unwrap_or_else(|| apart(blocks, quantity)))
}

/// [`pick`] where the list may lack seats: those of other classes, and those that are behind what was
/// read. `rest_of` gives what the list lacks of a run, once each; the runs in `known` lack nothing.
/// So what is whole here is whole in the house.
pub(super) fn choose<E>(
    free: &mut Vec<Free>,
    known: &mut BTreeSet<u32>,
    (quantity, spread): (usize, usize),
    mut rest_of: impl FnMut(u32) -> Result<Vec<Free>, E>,
) -> Result<Option<Pick>, E> {
    for _ in 0..RUNS_MAX {
        let Some(picked) = pick(free, quantity, spread) else {
            return Ok(None);
        };
        let Some(run) = undecided(free, &picked, known, quantity) else {
            return Ok(Some(picked));
        };
        free.extend(rest_of(run)?);
        known.insert(run);
    }
    Ok(pick(free, quantity, spread))
}

/// A run that has to be seen before the pick can be trusted: one that it takes from, or as long as it
/// leaves somebody alone, one that holds the party too.
fn undecided(free: &[Free], picked: &Pick, known: &BTreeSet<u32>, quantity: usize) -> Option<u32> {
    let is_unknown = |run: &u32| !known.contains(run);
    let mut taken = picked.seats.iter().map(|seat| free[*seat].place.run);
    let first = taken.find(is_unknown);
    if first.is_some() || picked.is_whole {
        return first;
    }
    let order = standing(free);
    let roomy = blocks(free, &order).into_iter();
    let mut roomy = roomy
        .filter(|block| block.holds(quantity))
        .map(|block| free[block.all[0]].place.run);
    roomy.find(is_unknown)
}

/// The seats for buyers who name none, from the best on.
fn standing(free: &[Free]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..free.len())
        .filter(|seat| !free[*seat].place.reserved)
        .collect();
    order.sort_unstable_by_key(|seat| free[*seat].place);
    order
}

fn blocks<'a>(free: &[Free], order: &'a [usize]) -> Vec<Block<'a>> {
    let side_by_side = order.chunk_by(|left, right| {
        let (left, right) = (free[*left].place, free[*right].place);
        left.run == right.run && left.at + 1 == right.at
    });
    let mut blocks = Vec::new();
    for all in side_by_side {
        let mut at = 0;
        for piece in all.chunk_by(|left, right| free[*left].is_ours == free[*right].is_ours) {
            let ours = at..at + piece.len();
            at = ours.end;
            if free[piece[0]].is_ours {
                blocks.push(Block { all, ours });
            }
        }
    }
    blocks
}

/// Seats side by side: the best place where nobody is left alone, else the best at all. Parties start
/// as far left as they can, so that what remains is one piece.
fn together(blocks: &[Block<'_>], quantity: usize, spread: usize) -> Option<Pick> {
    let whole: Vec<_> = blocks
        .iter()
        .filter_map(|block| block.whole(quantity))
        .take(spread + 1)
        .collect();
    let is_whole = !whole.is_empty();
    let seats = if is_whole {
        whole[spread % whole.len()]
    } else {
        let block = blocks.iter().find(|block| block.holds(quantity))?;
        block.first(quantity)
    };
    Some(Pick {
        seats: seats.to_vec(),
        is_whole,
    })
}

/// No block is long enough: the fewest pieces, the longest first, the last one as if it came alone.
fn apart(mut left: Vec<Block<'_>>, quantity: usize) -> Pick {
    // Stable: of two that are as long, the better one comes first.
    left.sort_by_key(|block| std::cmp::Reverse(block.ours.len()));
    let mut seats = Vec::with_capacity(quantity);
    while seats.len() < quantity && !left.is_empty() {
        let missing = quantity - seats.len();
        if let Some(last) = together(&left, missing, 0) {
            seats.extend(last.seats);
        } else {
            let block = left.remove(0);
            seats.extend(&block.all[block.ours]);
        }
    }
    Pick {
        seats,
        is_whole: false,
    }
}
