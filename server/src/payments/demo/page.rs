//! The payer's page: an amount, what for, how long, and two buttons. One small page without
//! anything from elsewhere; it works without scripts, which only run the countdown.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use shared::time::Timestamp;

use super::model::{Link, LinkStatus};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Allows exactly this style and this script, and posting to ourselves.
pub(super) fn content_security_policy() -> &'static String {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            hash(STYLE),
            hash(SCRIPT)
        )
    });
    &POLICY
}

pub(super) fn page(link: &Link, now: Timestamp) -> Markup {
    let status = link.status_at(now);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { "Pay " (link.amount) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main class=(status.key().to_lowercase()) {
                    p class="gateway" { "Demo gateway · no real money" }
                    h1 { (link.description) }
                    p class="amount" { (link.amount) }
                    @if status == LinkStatus::Open { (open(link, now)) } @else { (over(status)) }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn open(link: &Link, now: Timestamp) -> Markup {
    let seconds = link.expires_at.millis_since(now).max(0) / 1000;
    html! {
        p class="left" {
            "Held for you for "
            time data-seconds=(seconds) role="timer" { (seconds / 60) ":" (format!("{:02}", seconds % 60)) }
        }
        form method="post" {
            button class="pay" type="submit" name="action" value="pay" { "Pay " (link.amount) }
            button class="decline" type="submit" name="action" value="decline" { "Decline" }
        }
    }
}

fn over(status: LinkStatus) -> Markup {
    let mark = match status {
        LinkStatus::Paid | LinkStatus::Refunded => "✓",
        LinkStatus::Declined | LinkStatus::Closed => "✕",
        LinkStatus::Expired => "⏱",
        LinkStatus::Open => "…",
    };
    html! {
        p class="mark" aria-hidden="true" { (mark) }
        p class="state" role="status" { (status.in_words()) }
        p class="hint" { "You can close this page and go back to your order." }
    }
}
