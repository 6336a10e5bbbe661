//! Collects what is wrong with a request's fields, so that one answer names them all.

/// The fields that are wrong, by their names on the wire, and why. The answer is 400 `validation`.
#[derive(Debug, thiserror::Error)]
#[error("some of the input is not valid")]
pub struct Invalid(pub Vec<(String, String)>);

impl Invalid {
    /// One field.
    pub fn field(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self(vec![(name.into(), why.into())])
    }
}

#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(crate) fn wrong(&mut self, name: impl Into<String>, why: impl Into<String>) {
        self.0.push((name.into(), why.into()));
    }

    /// One line of text: trimmed, `min` to `max` characters, nothing that steers or hides text.
    pub(crate) fn line(
        &mut self,
        name: impl Into<String>,
        text: &str,
        min: usize,
        max: usize,
    ) -> String {
        let name = name.into();
        let text = text.trim();
        if text.chars().any(char::is_control) {
            self.wrong(name, "must not contain control characters");
        } else if let Some(hidden) = hidden(text) {
            let code = u32::from(hidden);
            self.wrong(
                name,
                format!("must not contain the invisible character U+{code:04X}"),
            );
        } else {
            self.chars(name, text, min, max);
        }
        text.to_owned()
    }

    /// Only the length, in characters.
    pub(crate) fn chars(&mut self, name: impl Into<String>, text: &str, min: usize, max: usize) {
        let chars = text.chars().count();
        if chars < min || chars > max {
            let why = match min {
                0 => format!("must have at most {max} characters"),
                _ => format!("must have {min} to {max} characters"),
            };
            self.wrong(name, why);
        }
    }

    pub(crate) fn done<T>(self, value: T) -> Result<T, Invalid> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(Invalid(self.0))
        }
    }
}

/// The first character that is not seen and makes a text look like another: marks and overrides of
/// the writing direction, spaces without width, line separators.
///
/// Joiners are needed after a letter of some scripts (Persian, the scripts of India) and inside
/// emoji, and nowhere in ASCII.
fn hidden(text: &str) -> Option<char> {
    let mut before = ' ';
    for this in text.chars() {
        let refused = match this {
            '\u{200C}' | '\u{200D}' => {
                before.is_ascii() || before == '\u{200C}' || before == '\u{200D}'
            }
            '\u{061C}'
            | '\u{180E}'
            | '\u{200B}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' => true,
            _ => false,
        };
        if refused {
            return Some(this);
        }
        before = this;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> Option<String> {
        let mut fields = Fields::default();
        fields.line("name", text, 1, 100);
        fields.0.pop().map(|(_, why)| why)
    }

    #[test]
    fn text_that_would_be_shown_as_another_is_refused() {
        // N1
        for bad in [
            "Gate \u{202E}nepo\u{202C} A",
            "\u{2066}VIP\u{2069}",
            "VIP\u{200B}1",
            "A\u{200D}B",
            "\u{200C}\u{0646}",
            "\u{FEFF}A",
            "A\u{200F}B",
            "A\u{2028}B",
        ] {
            let why = why(bad).unwrap_or_default();
            assert!(why.contains("invisible character U+"), "{bad:?}: {why}");
        }
        assert_eq!(
            why("A\u{202E}B").as_deref(),
            Some("must not contain the invisible character U+202E")
        );
        assert_eq!(
            why("A\nB").as_deref(),
            Some("must not contain control characters")
        );
    }

    #[test]
    fn scripts_and_emoji_keep_their_joiners() {
        // N1
        for good in [
            "\u{0645}\u{06CC}\u{200C}\u{062E}\u{0648}\u{0627}\u{0647}\u{0645}",
            "\u{0D28}\u{0D4D}\u{200D}",
            "\u{1F469}\u{200D}\u{1F3A4} Night",
            "Đêm nhạc",
        ] {
            assert_eq!(why(good), None, "{good:?}");
        }
    }
}
