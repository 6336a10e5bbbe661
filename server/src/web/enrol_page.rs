//! What to do with an enrolment link that was opened in a browser.

use maud::{Markup, html};

use super::layout;

/// The code is in the fragment, which browsers keep to themselves: this page never sees it.
pub(super) fn page() -> Markup {
    layout::page(
        "Enrol a gate device",
        &html! {
            h1 { "Enrol a gate device" }
            p { "This link makes a phone or computer a gate device of one event. It works once, for ten minutes." }
            section.card {
                h2 { "On a phone or tablet" }
                p { "Open the Gatehouse scanner, choose “Enrol”, and scan the QR code or paste the link." }
                h2 { "On a kiosk" }
                p { code { "kiosk enrol '<this link>'" } }
            }
            p.quiet { "The secret part of the link stays in your browser; it was not sent to this server." }
        },
    )
}
