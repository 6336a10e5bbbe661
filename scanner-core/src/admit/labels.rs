//! Seat labels and holder names in memory: one string per segment, so that a million names cost
//! their letters and a few bytes each, and a delta replaces one segment.

use std::collections::BTreeMap;

use shared::limits::SEGMENT_TICKETS;

/// Text by number; numbers of one segment lie together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    blocks: BTreeMap<u32, Block>,
}

#[derive(Clone, Debug, Default)]
struct Block {
    text: String,
    /// Number, and where its text ends; ascending.
    ends: Vec<(u32, u32)>,
}

impl Labels {
    /// Replaces a segment; numbers ascend.
    pub(super) fn set<'a>(&mut self, segment: u32, labels: impl Iterator<Item = (u32, &'a str)>) {
        let mut block = Block::default();
        for (number, label) in labels {
            block.text.push_str(label);
            let end = u32::try_from(block.text.len()).unwrap_or(u32::MAX);
            block.ends.push((number, end));
        }
        self.blocks.insert(segment, block);
    }

    pub(super) fn remove(&mut self, segment: u32) {
        self.blocks.remove(&segment);
    }

    pub(crate) fn get(&self, number: u32) -> Option<&str> {
        let block = self.blocks.get(&(number / SEGMENT_TICKETS))?;
        let at = block.ends.binary_search_by_key(&number, |(n, _)| *n).ok()?;
        block.label(at)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &str)> {
        self.blocks.values().flat_map(|block| {
            (0..block.ends.len()).filter_map(|at| Some((block.ends[at].0, block.label(at)?)))
        })
    }
}

impl Block {
    fn label(&self, at: usize) -> Option<&str> {
        let start = match at.checked_sub(1) {
            Some(before) => self.ends.get(before)?.1,
            None => 0,
        };
        self.text.get(start as usize..self.ends.get(at)?.1 as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_by_number_and_replaced_by_segment() {
        let mut labels = Labels::default();
        labels.set(0, [(1, "An"), (5, ""), (9, "Bình")].into_iter());
        labels.set(1, [(1024, "Chi")].into_iter());
        assert_eq!(labels.get(1), Some("An"));
        assert_eq!(labels.get(5), Some(""));
        assert_eq!(labels.get(9), Some("Bình"));
        assert_eq!(labels.get(2), None);
        assert_eq!(labels.get(1024), Some("Chi"));
        labels.set(0, [(2, "Dung")].into_iter());
        assert_eq!(
            labels.iter().collect::<Vec<_>>(),
            [(2, "Dung"), (1024, "Chi")]
        );
        labels.remove(1);
        assert_eq!(labels.get(1024), None);
    }
}
