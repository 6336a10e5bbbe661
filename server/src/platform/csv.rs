//! Tables for spreadsheets (RFC 4180). Pure.
//!
//! Invariant: no cell is a formula, whatever people typed: a spreadsheet that opens the file computes
//! nothing and asks no other machine for anything.

/// Without it a spreadsheet takes UTF-8 for something else.
const BOM: &str = "\u{feff}";
/// What begins a formula, or is skipped before one; also as East Asian keyboards write it.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// The beginning of a file, with its headings.
pub fn start(headings: &[&str]) -> String {
    let mut text = BOM.to_owned();
    line(headings, &mut text);
    text
}

/// Adds a line.
pub fn line(cells: &[impl AsRef<str>], text: &mut String) {
    for (at, value) in cells.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        cell(value.as_ref(), text);
    }
    text.push_str("\r\n");
}

/// Adds a line of texts and then of figures, which a spreadsheet adds up: those are ours, and bare.
pub fn line_with_figures(cells: &[impl AsRef<str>], figures: &[String], text: &mut String) {
    for value in cells {
        cell(value.as_ref(), text);
        text.push(',');
    }
    for (at, figure) in figures.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        if is_figure(figure) {
            text.push_str(figure);
        } else {
            cell(figure, text);
        }
    }
    text.push_str("\r\n");
}

/// Digits, with a sign before and a point between at most: no formula.
fn is_figure(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let parts: Vec<&str> = digits.split('.').collect();
    let is_digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() <= 2 && parts.iter().all(is_digits)
}

fn cell(value: &str, text: &mut String) {
    text.push('"');
    if value.trim_start().starts_with(FORMULA) || value.starts_with(FORMULA) {
        // Spreadsheets take it as the mark of a text and do not show it.
        text.push('\'');
    }
    for letter in value.chars() {
        if letter == '"' {
            text.push('"');
        }
        text.push(letter);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell_of(value: &str) -> String {
        let mut text = String::new();
        cell(value, &mut text);
        text
    }

    #[test]
    fn a_line_has_its_cells_whatever_is_in_them() {
        // R5
        let mut text = start(&["name", "says"]);
        line(&["Ann, \"the\" Lee", "one\ntwo"], &mut text);
        let expected = "\u{feff}\"name\",\"says\"\r\n\"Ann, \"\"the\"\" Lee\",\"one\ntwo\"\r\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn figures_are_bare_and_nothing_else_is() {
        // P8
        let figures = ["-12.50", "500000", "", "-", "1.2.3", "-1+1", "1e5"].map(str::to_owned);
        let mut text = String::new();
        line_with_figures(&["a"], &figures, &mut text);
        let expected = "\"a\",-12.50,500000,\"\",\"'-\",\"1.2.3\",\"'-1+1\",\"1e5\"\r\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn no_cell_is_a_formula() {
        // R5
        for bad in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "  =1",
            "＝1",
            "=HYPERLINK(\"http://x\")",
        ] {
            assert!(cell_of(bad).starts_with("\"'"), "{bad}");
        }
        for good in ["", "1", "Ann", "a=b", "ann@example.org"] {
            assert_eq!(cell_of(good), format!("\"{good}\""));
        }
    }
}
