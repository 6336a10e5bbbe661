//! `kiosk search`

use std::io::Write as _;
use std::path::Path;

use scanner_core::{SEARCH_CHARS_MIN, SEARCH_WORD_CHARS_MIN, is_searchable};

use super::{open, write_json};
use crate::cli::Search;
use crate::error::{Exit, Failure};

pub(super) fn run(data: &Path, args: &Search) -> Result<Exit, Failure> {
    let question = args.question.join(" ");
    if !is_searchable(&question) {
        return Err(Failure::Usage(format!(
            "ask for a serial, for a whole name of at least {SEARCH_WORD_CHARS_MIN} letters, or for \
             {SEARCH_CHARS_MIN} letters of one"
        )));
    }
    let hits = open(data)?.search(&question)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        for hit in &hits {
            write_json(&mut out, hit)?;
        }
        return Ok(Exit::Done);
    }
    if hits.is_empty() {
        writeln!(out, "Nothing found.")?;
    }
    for hit in &hits {
        let who = [&hit.holder, &hit.class, &hit.seat];
        let who: Vec<&str> = who.into_iter().flatten().map(String::as_str).collect();
        let place = if hit.inside { ", inside" } else { "" };
        let used = hit.explanation.as_deref().unwrap_or_default();
        writeln!(
            out,
            "{:04}  {}  {}{place}  {used}",
            hit.serial,
            who.join(" · "),
            hit.status
        )?;
    }
    Ok(Exit::Done)
}
