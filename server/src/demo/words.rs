//! What the demo says to a person.

use super::stage::{Stage, ZONE};
use crate::web::times;

/// What there is, and what to type next. `kiosk_data` is a directory that does not exist yet.
pub fn walkthrough(stage: &Stage, kiosk_data: &str) -> String {
    let kiosk = "cargo run -q --bin kiosk --";
    let Stage {
        url,
        title,
        starts_at,
        event_id,
        ticket,
        enrolment,
        ..
    } = stage;
    let (starts, city) = (times::long(*starts_at, ZONE), times::city(ZONE));
    let (digits, page) = (&ticket.token, &ticket.page_url);
    let logins: String = [&stage.admin, &stage.organizer, &stage.attendee]
        .iter()
        .map(|login| format!("  {:<10} {}", login.username, login.password))
        .collect::<Vec<_>>()
        .join("\n");
    let enrol = &enrolment.url;
    let (name, password) = (&stage.organizer.username, &stage.organizer.password);
    format!(
        r#"
Gatehouse is running at {url}
Everything here is fresh and temporary; Ctrl-C ends it.

  web pages  {url}/
  API        {url}/docs

Logins (name, password):
{logins}

"{title}" starts on {starts} ({city} time); its gates admit from now on.
One ticket is bought and claimed. Its page, as the guest sees it:
  {page}

Now in another terminal, in this folder:

1. Make this machine a kiosk at the main gate (the link works once, for an hour):
   {kiosk} enrol '{enrol}' --data {kiosk_data}

2. Scan the ticket: it is admitted. From here on the kiosk needs no network and no server.
   echo {digits} | {kiosk} scan --data {kiosk_data}

3. Scan it again (the same line): it is refused, with when and where it was used.
   echo {digits} | {kiosk} scan --data {kiosk_data}

4. Let the kiosk tell the server, and ask the server who came in:
   {kiosk} sync --once --data {kiosk_data}
   TOKEN=$(curl -s {url}/api/v1/auth/login -H 'content-type: application/json' \
     -d '{{"username":"{name}","password":"{password}"}}' | sed -E 's/.*"accessToken":"([^"]+)".*/\1/')
   curl -s {url}/api/v1/events/{event_id}/redemptions -H "authorization: Bearer $TOKEN"
"#
    )
}
