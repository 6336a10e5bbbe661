//! How a mail looks: a subject and blocks, written once and shown as text and as HTML; pure.
//!
//! Invariant: what people typed is escaped in HTML, and is one line in text and subject, so that a
//! name can neither bring markup nor look like a line of ours.

use std::fmt::Write as _;

use maud::{DOCTYPE, html};

/// A letter before it is addressed.
#[derive(Debug, Default)]
pub(super) struct Letter {
    subject: String,
    blocks: Vec<Block>,
}

#[derive(Debug)]
enum Block {
    Words(String),
    Link { label: &'static str, url: String },
    Facts(Vec<(&'static str, String)>),
}

/// Both faces of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Letter {
    pub(super) fn new(subject: &str) -> Self {
        Self {
            subject: one_line(subject),
            blocks: Vec::new(),
        }
    }

    pub(super) fn hello(self, name: &str) -> Self {
        self.say(&format!("Hello {name},"))
    }

    pub(super) fn say(mut self, words: &str) -> Self {
        self.blocks.push(Block::Words(one_line(words)));
        self
    }

    /// What somebody wrote at length: its lines stay lines.
    pub(super) fn quote(mut self, words: &str) -> Self {
        let lines = words.lines().map(one_line).filter(|line| !line.is_empty());
        self.blocks.extend(lines.map(Block::Words));
        self
    }

    pub(super) fn link(mut self, label: &'static str, url: String) -> Self {
        self.blocks.push(Block::Link { label, url });
        self
    }

    pub(super) fn facts(mut self, facts: Vec<(&'static str, String)>) -> Self {
        let facts = facts.into_iter();
        let facts = facts.map(|(name, value)| (name, one_line(&value)));
        self.blocks.push(Block::Facts(facts.collect()));
        self
    }

    /// With the link that ends such mails, where there is one.
    pub(super) fn render(&self, unsubscribe: Option<&str>) -> Rendered {
        Rendered {
            subject: self.subject.clone(),
            text: self.text(unsubscribe),
            html: self.html(unsubscribe),
        }
    }

    fn text(&self, unsubscribe: Option<&str>) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            match block {
                Block::Words(words) => text.push_str(words),
                Block::Link { label, url } => write!(text, "{label}: {url}").unwrap_or_default(),
                Block::Facts(facts) => {
                    let lines: Vec<_> = facts.iter().map(|(k, v)| format!("{k}: {v}")).collect();
                    text.push_str(&lines.join("\n"));
                }
            }
            text.push_str("\n\n");
        }
        if let Some(url) = unsubscribe {
            writeln!(text, "-- \nNo more mails of this kind: {url}").unwrap_or_default();
        }
        text
    }

    fn html(&self, unsubscribe: Option<&str>) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head { meta charset="utf-8"; title { (self.subject) } }
                body {
                    @for block in &self.blocks {
                        @match block {
                            Block::Words(words) => p { (words) },
                            Block::Link { label, url } => p { a href=(url) { (label) } },
                            Block::Facts(facts) => {
                                table { @for (name, value) in facts { tr { th align="left" { (name) } td { (value) } } } }
                            }
                        }
                    }
                    @if let Some(url) = unsubscribe {
                        hr;
                        p { small { a href=(url) { "No more mails of this kind" } } }
                    }
                }
            }
        };
        page.into_string()
    }
}

/// Without line breaks and other control characters, which could begin a header or a line of ours.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_typed_brings_neither_markup_nor_headers() {
        // N2
        let name = "<script>alert(1)</script>\r\nBcc: all@example.org";
        let letter = Letter::new(&format!("For {name}"))
            .hello(name)
            .facts(vec![("Event", name.to_owned())])
            .link("Open", "https://x.example/?a=1&b=\"2\"".to_owned());
        let mail = letter.render(None);
        assert!(!mail.html.contains("<script>"), "{}", mail.html);
        assert!(mail.html.contains("&lt;script&gt;"));
        assert!(mail.html.contains("?a=1&amp;b=&quot;2&quot;"));
        assert!(!mail.subject.contains(['\r', '\n']), "{}", mail.subject);
        assert!(!mail.text.contains("\nBcc:"), "{}", mail.text);
        assert!(!mail.text.contains("kind"), "no link to unsubscribe");
        let ends = letter.render(Some("https://x.example/u"));
        assert!(
            ends.text.ends_with("https://x.example/u\n")
                && ends.html.contains("href=\"https://x.example/u\"")
        );
    }
}
