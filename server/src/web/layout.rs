//! The frame around every page.

use maud::{DOCTYPE, Markup, html};

pub(super) fn page(title: &str, content: &Markup) -> Markup {
    framed(title, None, &html! {}, content)
}

/// A page whose look follows `state`, with scripts in its head.
pub(super) fn framed(title: &str, state: Option<&str>, head: &Markup, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href="/assets/page.css";
                link rel="icon" href="data:,";
                (head)
            }
            body data-state=[state] {
                main { (content) }
            }
        }
    }
}
