//! Lines from a scanner: bounded, and whatever the bytes are.

use std::io::BufRead;

/// Longer than any code with all that readers put around it.
const LINE_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Text(String),
    /// Its bytes were skipped up to its end.
    TooLong,
    NotText,
}

pub(super) struct Lines<R> {
    from: R,
    /// The last line ended with CR: an LF right after it belongs to it.
    after_cr: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            from,
            after_cr: false,
        }
    }

    /// The next line without its end, which is LF, CR or both: a line that ends with CR is given at
    /// once, whether or not an LF is still to come. `None` at the end of input. A last line without
    /// an end counts. Memory is bounded however long a line is.
    pub(super) fn next_line(&mut self) -> std::io::Result<Option<Line>> {
        let mut line = Vec::new();
        let mut seen = false;
        let mut too_long = false;
        loop {
            let bytes = match self.from.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if std::mem::take(&mut self.after_cr) && bytes.first() == Some(&b'\n') {
                self.from.consume(1);
                continue;
            }
            if bytes.is_empty() {
                return Ok(seen.then(|| finish(line, too_long)));
            }
            seen = true;
            let (part, used, ended) =
                match bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
                    Some(at) => (&bytes[..at], at + 1, true),
                    None => (bytes, bytes.len(), false),
                };
            if line.len() + part.len() > LINE_BYTES_MAX {
                too_long = true;
                line.clear();
            } else if !too_long {
                line.extend_from_slice(part);
            }
            self.after_cr = ended && bytes[used - 1] == b'\r';
            self.from.consume(used);
            if ended {
                return Ok(Some(finish(line, too_long)));
            }
        }
    }
}

fn finish(line: Vec<u8>, too_long: bool) -> Line {
    if too_long {
        return Line::TooLong;
    }
    match String::from_utf8(line) {
        Ok(text) => Line::Text(text),
        Err(_) => Line::NotText,
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<Line> {
        // A small buffer, so that lines cross its edges.
        let mut lines = Lines::new(BufReader::with_capacity(7, bytes));
        std::iter::from_fn(|| lines.next_line().expect("reads")).collect()
    }

    #[test]
    fn lines_end_at_newlines_and_at_the_end_of_input() {
        let text = |text: &str| Line::Text(text.to_owned());
        assert_eq!(read(b""), []);
        assert_eq!(read(b"\n"), [text("")]);
        assert_eq!(
            read(b"360330221259\r\n\n17"),
            [text("360330221259"), text(""), text("17")]
        );
        // Seven bytes fill the buffer: the LF comes with the next look.
        assert_eq!(read(b"360330\r\n17"), [text("360330"), text("17")]);
        assert_eq!(read(b"36\r\r\n17"), [text("36"), text(""), text("17")]);
        assert_eq!(read(b"36\r17\r"), [text("36"), text("17")]);
        assert_eq!(read(b"\xff\xfe\n1\n"), [Line::NotText, text("1")]);
    }

    #[test]
    fn an_endless_line_is_skipped_and_the_next_one_read() {
        // corpus 19
        let mut bytes = vec![b'7'; 10 * LINE_BYTES_MAX];
        bytes.extend_from_slice(b"\n42\n");
        assert_eq!(read(&bytes), [Line::TooLong, Line::Text("42".to_owned())]);
        assert_eq!(read(&vec![b'7'; 10 * LINE_BYTES_MAX]), [Line::TooLong]);
    }
}
