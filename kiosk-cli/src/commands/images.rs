//! Codes from picture files.

use std::path::Path;

use scanner_core::{SystemClock, decode};

use crate::error::Failure;

pub(super) enum Picture {
    Codes(Vec<String>),
    /// And why.
    Nothing(String),
}

/// A file that is not there is the caller's mistake; a picture that shows no ticket is an answer.
pub(super) fn read(path: &Path) -> Result<Picture, Failure> {
    if !path.is_file() {
        return Err(Failure::Usage(format!(
            "there is no file {}",
            path.display()
        )));
    }
    Ok(match decode::read_file(path, &SystemClock::start()) {
        Ok(codes) if codes.is_empty() => {
            Picture::Nothing("There is no ticket in this picture.".to_owned())
        }
        Ok(codes) => Picture::Codes(codes),
        Err(error) => Picture::Nothing(format!("The picture could not be read: {error}.")),
    })
}
