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

    /// One line of text: trimmed, `min` to `max` characters, no control characters.
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
