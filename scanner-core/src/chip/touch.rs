//! One touch is one reading, however long the chip lies there and however often its reader speaks
//! up. Pure.

use super::{Chip, ChipError};

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

/// A touch that has failed so far: held unsteadily, or laid where another was a moment ago, which not
/// every reader notices. It is told once, and not before it has failed twice.
#[derive(Debug, Default)]
pub struct Unread {
    failed: Option<ChipError>,
    told: bool,
}

impl Unread {
    /// While nothing else happens.
    pub fn is_to_be_read_again(&self) -> bool {
        self.failed.is_some()
    }

    /// What to tell of an attempt.
    pub fn after(&mut self, read: Result<Chip, ChipError>) -> Option<Result<Chip, ChipError>> {
        let error = match read {
            Err(error @ (ChipError::Gone | ChipError::Reader(_))) => error,
            whole => {
                *self = Self::default();
                return Some(whole);
            }
        };
        let again = self.failed.replace(error.clone()).is_some();
        let tells = again && !self.told;
        self.told |= tells;
        tells.then_some(Err(error))
    }

    /// What to tell when it is over.
    pub fn taken_away(&mut self) -> Option<Result<Chip, ChipError>> {
        let Self { failed, told } = std::mem::take(self);
        failed.filter(|_| !told).map(Err)
    }
}

#[cfg(test)]
mod tests {
    use shared::ticket::ChipUid;

    use super::*;

    fn lost() -> Result<Chip, ChipError> {
        Err(ChipError::Reader("lost".to_owned()))
    }

    #[test]
    fn a_chip_that_is_held_unsteadily_is_read_again_and_complained_about_once() {
        // T7
        let whole = || {
            let uid = ChipUid::new(&[4, 1, 2, 3]).expect("a number");
            Ok(Chip { uid, ticket: None })
        };
        let mut unread = Unread::default();
        assert!(!unread.is_to_be_read_again());
        assert_eq!(unread.after(lost()), None, "it may be there in a moment");
        assert!(unread.is_to_be_read_again());
        assert_eq!(unread.after(whole()), Some(whole()));
        assert!(!unread.is_to_be_read_again());

        assert_eq!(unread.after(Err(ChipError::Gone)), None);
        assert_eq!(unread.after(lost()), Some(lost()));
        assert_eq!(unread.after(lost()), None, "told already");
        assert_eq!(unread.after(whole()), Some(whole()));
        assert_eq!(unread.taken_away(), None);

        assert_eq!(unread.after(lost()), None);
        assert_eq!(unread.taken_away(), Some(lost()), "too short a touch");
        assert!(!unread.is_to_be_read_again());

        // What a chip says of itself is the same at each reading.
        let strange = || Err(ChipError::Malformed("a length"));
        assert_eq!(unread.after(strange()), Some(strange()));
        assert!(!unread.is_to_be_read_again());
    }

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
