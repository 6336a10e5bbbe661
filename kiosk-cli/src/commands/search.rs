//! `kiosk search`

use std::io::Write as _;
use std::path::Path;

use scanner_core::SEARCH_CHARS_MIN;

use super::{open, write_json};
use crate::cli::Search;
use crate::error::{Exit, Failure};

pub(super) fn run(data: &Path, args: &Search) -> Result<Exit, Failure> {
    let question = args.question.join(" ");
    let hits = open(data)?.search(&question)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        for hit in &hits {
            write_json(&mut out, hit)?;
        }
        return Ok(Exit::Done);
    }
    if hits.is_empty() {
        if question.trim().chars().count() < SEARCH_CHARS_MIN {
            writeln!(out, "Ask with at least {SEARCH_CHARS_MIN} characters.")?;
        } else {
            writeln!(out, "Nothing found.")?;
        }
    }
    for hit in &hits {
        let who = [&hit.holder, &hit.class, &hit.seat];
        let who: Vec<&str> = who.into_iter().flatten().map(String::as_str).collect();
        let used = match (&hit.earlier, hit.inside) {
            (Some(use_), true) => format!(", in since {} at {}", use_.at, use_.gate),
            (Some(use_), false) => format!(", was in at {} at {}", use_.at, use_.gate),
            (None, _) => String::new(),
        };
        writeln!(
            out,
            "{:04}  {}  {}{used}",
            hit.serial,
            who.join(" · "),
            hit.status
        )?;
    }
    Ok(Exit::Done)
}
