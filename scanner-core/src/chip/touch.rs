//! One touch is one reading, however long the chip lies there and however often its reader speaks
//! up. Pure.

/// What a reader says of itself, each time that something may have changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Surface {
    /// The reader is not plugged in, or not yet heard.
    #[default]
    Away,
    Free,
    /// A chip lies on it. The number grows with each one that is laid there: a quick change of two
    /// chips may be told of only once.
    Chip(u32),
    /// A chip lies on it that cannot be talked to: two at once, or one that is no such chip.
    Mute,
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Read the chip, and answer.
    Read,
    /// Say that this chip, or this heap of chips, cannot be read.
    Complain,
    /// The place is free for the next guest.
    Taken,
    /// The reader works.
    Plugged,
    /// Nobody can come in by it until it is plugged in again.
    Unplugged,
}

#[derive(Debug, Default)]
pub struct Touches(Surface);

impl Touches {
    pub fn turn(&mut self, now: Surface) -> Option<Turn> {
        let before = std::mem::replace(&mut self.0, now);
        match (before, now) {
            (before, now) if before == now => None,
            (_, Surface::Away) => Some(Turn::Unplugged),
            (_, Surface::Chip(_)) => Some(Turn::Read),
            (_, Surface::Mute) => Some(Turn::Complain),
            (Surface::Away, Surface::Free) => Some(Turn::Plugged),
            (_, Surface::Free) => Some(Turn::Taken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_is_read_once_for_each_time_that_it_is_laid_down() {
        // T7
        let mut touches = Touches::default();
        let told: Vec<Option<Turn>> = [
            Surface::Away,
            Surface::Free,
            Surface::Chip(1),
            Surface::Chip(1),
            Surface::Free,
            Surface::Free,
            Surface::Chip(3),
            // The next guest was quicker than the reader.
            Surface::Chip(5),
            Surface::Mute,
            Surface::Mute,
            Surface::Chip(7),
            Surface::Away,
            Surface::Away,
            // Plugged in again with a chip on it.
            Surface::Chip(1),
        ]
        .into_iter()
        .map(|surface| touches.turn(surface))
        .collect();
        assert_eq!(
            told,
            [
                None,
                Some(Turn::Plugged),
                Some(Turn::Read),
                None,
                Some(Turn::Taken),
                None,
                Some(Turn::Read),
                Some(Turn::Read),
                Some(Turn::Complain),
                None,
                Some(Turn::Read),
                Some(Turn::Unplugged),
                None,
                Some(Turn::Read),
            ]
        );
    }
}
