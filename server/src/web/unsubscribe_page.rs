//! Where the last line of a mail leads: one button, no login (N2).

use maud::{Markup, html};
use shared::api::notices::Topic;

use super::layout;

pub(super) fn ask(topic: Topic) -> Markup {
    let content = html! {
        h1 { "No more mails?" }
        p { "You get mails about " (words(topic)) "." }
        form.ask method="post" { button type="submit" { "Stop them" } }
    };
    layout::page("Unsubscribe", &content)
}

pub(super) fn done(topic: Topic) -> Markup {
    let content = html! {
        h1 { "Done" }
        p role="status" { "You get no more mails about " (words(topic)) "." }
        p.quiet { "Mails about your orders, and when an event is cancelled, still come." }
    };
    layout::page("Unsubscribed", &content)
}

fn words(topic: Topic) -> &'static str {
    match topic {
        Topic::EventChanges => "changes of events that you have tickets for",
        Topic::Reminders => "events that are near",
        Topic::Offers => "tickets that become free",
        Topic::GateAlerts => "the gates of events that you run",
    }
}
