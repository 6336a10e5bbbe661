//! Where a person adds passkeys, and logs in with one.
//!
//! The page itself tells nothing about anybody: its script logs in, and keeps what it gets in its own
//! memory only.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use shared::limits::PASSKEY_NAME_CHARS_MAX;

use super::{headers, layout};

pub(super) async fn show() -> Response {
    let head = html! { script src="/assets/passkeys.js" defer {} };
    let content = html! {
        p.banner #unable hidden {}
        (login())
        (own())
        template #one { (one()) }
        noscript { p.banner { "This page needs JavaScript: only a script can ask for a passkey." } }
    };
    let page = layout::framed("Passkeys", None, &head, &content);
    headers::private(StatusCode::OK, page)
}

// Nothing is submitted before the script listens, and then by the script: a browser's own way would
// put passwords into addresses.

fn login() -> Markup {
    html! {
        div #out {
            h1 { "Log in" }
            p { "With a passkey your phone, computer or security key knows you. There is no password to type." }
            div.ask { button #enter type="button" disabled { "Log in with a passkey" } }
            p.wrong #enter-error role="alert" {}
            section.card aria-labelledby="by-password" {
                h2 #by-password { "No passkey yet?" }
                p.quiet { "Log in with your password once, then add one." }
                form.ask #login method="post" {
                    label for="username" { "Username or e-mail" }
                    input #username name="username" autocomplete="username" required;
                    label for="password" { "Password" }
                    input #password name="password" type="password" autocomplete="current-password" required;
                    (code("login-code"))
                    button disabled { "Log in" }
                }
                p.wrong #login-error role="alert" {}
            }
        }
    }
}

fn own() -> Markup {
    html! {
        div #in hidden {
            h1 #headline tabindex="-1" { "Your passkeys" }
            p.quiet { "Logged in as " strong #who {} "." }
            p.banner.good #done role="status" hidden {}
            p #none { "You have no passkey." }
            ul.passkeys #list {}
            section.card aria-labelledby="add-title" {
                h2 #add-title { "Add a passkey" }
                form.ask #add method="post" {
                    label for="name" { "What do you call it?" }
                    input #name name="name" maxlength=(PASSKEY_NAME_CHARS_MAX) placeholder="My phone" autocomplete="off" required;
                    label for="again" { "Your password" }
                    input #again name="password" type="password" autocomplete="current-password" required;
                    (code("add-code"))
                    button { "Add it" }
                }
                p.wrong #add-error role="alert" {}
            }
            div.ask { button.plain #leave type="button" { "Log out" } }
        }
    }
}

/// Shown when the server asks for it.
fn code(id: &str) -> Markup {
    html! {
        div.code-field hidden {
            label for=(id) { "Code of your authenticator app" }
            input id=(id) name="code" inputmode="numeric" autocomplete="one-time-code";
        }
    }
}

/// One passkey of the list; the script fills it in.
fn one() -> Markup {
    html! {
        li.card {
            strong.name {}
            p.quiet.dates {}
            details {
                summary { "Rename or remove" }
                form.ask.rename method="post" {
                    label { "Name" input name="name" maxlength=(PASSKEY_NAME_CHARS_MAX) autocomplete="off" required; }
                    button.plain { "Save" }
                }
                form.ask.remove method="post" {
                    label { "Your password" input name="password" type="password" autocomplete="current-password" required; }
                    button.danger { "Remove" }
                }
                p.wrong role="alert" {}
            }
        }
    }
}
