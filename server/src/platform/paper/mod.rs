//! Pages on paper, as PDF: text in the one font that is built in, lines, and codes drawn as squares.
//!
//! Invariants: the same page gives the same bytes; a character that the font lacks is shown as one
//! that says so; everything that is needed is embedded, and nothing is fetched. Scripts that need
//! shaping (Arabic, those of India) are not set rightly: the font has Latin with all of Vietnamese,
//! Greek and Cyrillic.

mod file;
mod page;
#[cfg(test)]
pub(crate) mod reading;

pub use page::{At, Page, Unprintable, lines_within, pdf_of, step};
