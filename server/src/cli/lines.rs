//! Reading a file of lines that anybody may have written: bounded, and whatever is in it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use anyhow::{Context as _, ensure};

/// Hands over line after line, without its end. One longer than `bytes_max` is an error that names
/// `what` the file was to be.
pub(super) fn each(
    file: &Path,
    what: &str,
    bytes_max: usize,
    mut take: impl FnMut(&str),
) -> anyhow::Result<()> {
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut reader = BufReader::new(opened);
    let bound = u64::try_from(bytes_max)?.saturating_add(1);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.by_ref().take(bound).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        ensure!(line.len() <= bytes_max, "a line is too long for {what}");
        // What is no text is no line either.
        take(String::from_utf8_lossy(&line).trim_end_matches('\n'));
    }
}
