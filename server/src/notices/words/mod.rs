//! What each mail says, by what it is about; pure.
//!
//! A room here writes the mails that [`Mail::letter`](super::mail::Mail::letter) hands to it, and gives
//! a sample of each for previews.

pub(super) mod account;
pub(super) mod event;
pub(super) mod gate;
pub(super) mod invoice;
pub(super) mod offer;
pub(super) mod order;

fn somebody() -> String {
    "Nguyễn Thị Mai".to_owned()
}

fn a_title() -> String {
    "Đêm nhạc mùa thu".to_owned()
}
