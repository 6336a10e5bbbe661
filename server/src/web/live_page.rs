//! The live view of an event's gates, for the organizer's screen.
//!
//! The page itself tells nothing about the event and anybody may open it: its script logs in and
//! reads the stream with a header, so that no token is ever part of an address.

use maud::{Markup, html};
use shared::ids::EventId;

use super::layout;

/// `None` when that cannot be an event.
pub(super) fn page(id: &str) -> Option<Markup> {
    let event: EventId = id.parse().ok()?;
    let head = html! {
        link rel="stylesheet" href="/assets/live.css";
        script src="/assets/live.js" defer {}
    };
    Some(layout::framed(
        "Gates live",
        Some("used"),
        &head,
        &content(event),
    ))
}

fn content(event: EventId) -> Markup {
    html! {
        div.live data-event=(event) {
            (login())
            div #live hidden {
                header.bar {
                    h1 #headline tabindex="-1" { "Gates" }
                    p.state role="status" { strong #connection { "Connecting…" } }
                }
                (figures())
                section.card aria-labelledby="alerts-title" {
                    h2 #alerts-title { "Alerts " span #alert-count {} }
                    p.quiet #no-alerts { "Nothing to look at." }
                    ul #alerts role="log" aria-live="polite" {}
                }
                (table("Gates", "gates", &["Gate", "A minute", "Over five", "Admitted", "Inside", "Refused"]))
                (table("Devices", "devices", &["Device", "Gate", "State", "Heard", "Pending", "Admitted", "Forced / typed", "Battery"]))
                (sign_off())
                p.quiet #at {}
            }
            noscript { p.banner { "This page needs JavaScript to follow the gates." } }
        }
    }
}

/// Shown once the event is over, to who runs its gates.
fn sign_off() -> Markup {
    html! {
        section.card #books hidden aria-labelledby="books-title" {
            h2 #books-title { "After the event" }
            p #books-signed role="status" {}
            p.quiet #books-wait hidden {
                "These devices may still have entries. Let them sync; or leave out, by a tick, those that are lost."
            }
            ul #books-missing {}
            button #books-sign type="button" { "Sign off the gates' books" }
            p.quiet { "Then kiosks can archive what they have and leave the event. What comes later can be signed off again." }
            p.error #books-error role="alert" {}
        }
    }
}

fn login() -> Markup {
    html! {
        // Nothing is submitted before the script listens, and then by the script: a browser's own way
        // would put the password into an address.
        form.card #login method="post" {
            h1 { "Gates live" }
            p { "Log in as the event's organizer or gate staff." }
            label for="username" { "Username or e-mail" }
            input #username name="username" autocomplete="username" required;
            label for="password" { "Password" }
            input #password name="password" type="password" autocomplete="current-password" required;
            button disabled { "Log in" }
            p.error #login-error role="alert" {}
        }
    }
}

fn figures() -> Markup {
    html! {
        section.figures aria-label="All gates" {
            div.card { span.quiet { "Inside" } strong #inside { "–" } }
            div.card { span.quiet { "Admitted" } strong #admitted { "–" } small.quiet #more {} }
            div.card { span.quiet { "Last minute" } strong #rate { "–" } small.quiet #rate5 {} }
            div.card { span.quiet { "Refused" } strong #refused { "–" } ul #reasons hidden {} }
        }
    }
}

fn table(title: &str, id: &str, columns: &[&str]) -> Markup {
    html! {
        section.card {
            h2 { (title) }
            div.scroll tabindex="0" role="region" aria-label=(title) {
                table {
                    thead { tr { @for column in columns { th scope="col" { (column) } } } }
                    tbody id=(id) {}
                }
            }
        }
    }
}
