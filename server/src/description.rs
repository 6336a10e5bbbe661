//! What the API description says beyond what attributes can: the limits of what is sent, from the
//! constants that are enforced, the 401 of every route that reads an access token, and what every
//! route answers to input that it cannot read.

use shared::limits::{
    ANNOUNCEMENT_CHARS_MAX, BATCH_TICKETS_MAX, DESCRIPTION_CHARS_MAX, EMAIL_CHARS_MAX,
    NAME_CHARS_MAX, ORDER_TICKETS_MAX, PASSKEY_NAME_CHARS_MAX, PASSWORD_BYTES_MAX,
    PASSWORD_CHARS_MIN, SEAT_CHARS_MAX, TITLE_CHARS_MAX,
};
use shared::trust::questions::QUESTIONS_MAX;
use utoipa::Number;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder, Schema, response::Response,
};

use crate::accounts::{USERNAME_CHARS_MAX, USERNAME_CHARS_MIN};
use crate::events::model::{CAPACITY_MAX, VENUE_ID_CHARS_MAX};
use crate::vouchers::model::{CODE_CHARS_MAX, CODE_CHARS_MIN};

/// From and to, both allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    Chars(usize, usize),
    Number(u32, u32),
    Items(usize, usize),
}
use Limit::{Chars, Items, Number as Count};

const NAME: Limit = Chars(1, NAME_CHARS_MAX);
const PASSKEY_NAME: Limit = Chars(1, PASSKEY_NAME_CHARS_MAX);
const EMAIL: Limit = Chars(3, EMAIL_CHARS_MAX);
const REASON: Limit = Chars(0, TITLE_CHARS_MAX);
const PER_ORDER: Limit = Count(1, ORDER_TICKETS_MAX);
const ANSWERS: Limit = Items(0, QUESTIONS_MAX);
const ORDER_LINES: Limit = Items(0, ORDER_TICKETS_MAX as usize);

/// Schema, property, limit. A password's upper limit counts bytes: characters are never more.
#[rustfmt::skip]
pub(crate) const LIMITS: &[(&str, &str, Limit)] = &[
    ("RegisterRequest", "email", EMAIL),
    ("RegisterRequest", "username", Chars(USERNAME_CHARS_MIN, USERNAME_CHARS_MAX)),
    ("RegisterRequest", "password", Chars(PASSWORD_CHARS_MIN, PASSWORD_BYTES_MAX)),
    ("ForgotRequest", "email", EMAIL),
    ("FindOrders", "email", EMAIL),
    ("ResetRequest", "password", Chars(PASSWORD_CHARS_MIN, PASSWORD_BYTES_MAX)),
    ("ChangePasswordRequest", "newPassword", Chars(PASSWORD_CHARS_MIN, PASSWORD_BYTES_MAX)),
    ("ChangeEmailRequest", "email", EMAIL),
    ("UpdateProfile", "username", Chars(USERNAME_CHARS_MIN, USERNAME_CHARS_MAX)),
    ("UpdateProfile", "displayName", Chars(0, NAME_CHARS_MAX)),
    ("Announce", "words", Chars(1, ANNOUNCEMENT_CHARS_MAX)),
    ("CreateApiKey", "name", NAME),
    ("FinishPasskey", "name", PASSKEY_NAME),
    ("RenamePasskey", "name", PASSKEY_NAME),
    ("NameOrganization", "name", NAME),
    ("Invite", "email", EMAIL),
    ("CreateEvent", "title", Chars(1, TITLE_CHARS_MAX)),
    ("CreateEvent", "description", Chars(0, DESCRIPTION_CHARS_MAX)),
    ("CreateEvent", "venueId", Chars(1, VENUE_ID_CHARS_MAX)),
    ("CreateEvent", "capacity", Count(1, CAPACITY_MAX)),
    ("UpdateEvent", "title", Chars(1, TITLE_CHARS_MAX)),
    ("UpdateEvent", "description", Chars(0, DESCRIPTION_CHARS_MAX)),
    ("UpdateEvent", "venueId", Chars(0, VENUE_ID_CHARS_MAX)),
    ("UpdateEvent", "capacity", Count(1, CAPACITY_MAX)),
    ("CreateTicketClass", "name", NAME),
    ("CreateTicketClass", "maxPerOrder", PER_ORDER),
    ("CreateGate", "name", NAME),
    ("CreateVoucher", "code", Chars(CODE_CHARS_MIN, CODE_CHARS_MAX)),
    ("CreatePool", "name", NAME),
    ("CreatePool", "limit", Count(1, CAPACITY_MAX)),
    ("UpdatePool", "limit", Count(1, CAPACITY_MAX)),
    ("UpdateTicketClass", "maxPerOrder", PER_ORDER),
    ("CreateVenue", "name", NAME),
    ("CreateVenue", "address", Chars(1, TITLE_CHARS_MAX)),
    ("CreateVenue", "capacity", Count(1, CAPACITY_MAX)),
    ("UpdateVenue", "capacity", Count(1, CAPACITY_MAX)),
    ("PlanSeat", "label", Chars(1, SEAT_CHARS_MAX)),
    ("CreateDevice", "name", NAME),
    ("CreateBatch", "quantity", Count(1, BATCH_TICKETS_MAX)),
    ("CreateBatch", "seats", Items(1, BATCH_TICKETS_MAX as usize)),
    ("OrderItem", "quantity", PER_ORDER),
    ("CreateOrder", "items", ORDER_LINES),
    ("CreateOrder", "seats", ORDER_LINES),
    ("Buyer", "email", EMAIL),
    ("Buyer", "name", NAME),
    ("CancelRequest", "reason", REASON),
    ("RefundRequest", "reason", REASON),
    ("PreCheckInRequest", "answers", ANSWERS),
    ("SetAnswers", "answers", ANSWERS),
    ("CreateOrder", "answers", ANSWERS),
    ("CreateOrder", "attendees", ORDER_LINES),
    ("OrderAttendee", "answers", ANSWERS),
    ("SetOrderAnswers", "answers", ANSWERS),
    ("SetOrderAnswers", "attendees", ORDER_LINES),
    ("SetAttendee", "answers", ANSWERS),
    ("Attendee", "email", EMAIL),
    ("Attendee", "name", NAME),
];

/// Adds what is missing; what is there stays.
pub(crate) fn complete(description: &mut OpenApi) {
    for item in description.paths.paths.values_mut() {
        let methods = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in methods.into_iter().flatten() {
            say_unauthenticated(operation);
            say_unreadable(operation);
        }
    }
    let Some(components) = &mut description.components else {
        return;
    };
    for (schema, property, limit) in LIMITS {
        if let Some(RefOr::T(Schema::Object(schema))) = components.schemas.get_mut(*schema)
            && let Some(RefOr::T(property)) = schema.properties.get_mut(*property)
        {
            bound(property, *limit);
        }
    }
}

fn bound(property: &mut Schema, limit: Limit) {
    match (property, limit) {
        (Schema::Object(text), Chars(min, max)) => {
            text.min_length = Some(min).filter(|min| *min > 0);
            text.max_length = Some(max);
        }
        (Schema::Object(number), Count(min, max)) => {
            number.minimum = Some(Number::UInt(min as usize));
            number.maximum = Some(Number::UInt(max as usize));
        }
        (Schema::Array(list), Items(min, max)) => {
            list.min_items = Some(min).filter(|min| *min > 0);
            list.max_items = Some(max);
        }
        _ => {}
    }
}

fn say_unauthenticated(operation: &mut Operation) {
    // An empty requirement says that a token is welcome; a bad one is refused there too.
    let reads_token = operation
        .security
        .iter()
        .flatten()
        .any(|requirement| *requirement != SecurityRequirement::default());
    if reads_token {
        say(
            operation,
            "401",
            "`unauthenticated`: no access token, or one that is not valid any more",
        );
    }
}

/// The extractors' refusals, of whatever a path, a query, a header or a body brings.
fn say_unreadable(operation: &mut Operation) {
    let takes_parameters = operation.parameters.iter().flatten().next().is_some();
    let takes_body = operation.request_body.is_some();
    if takes_parameters || takes_body {
        say(operation, "400", "`validation`: which field, and why");
    }
    if takes_body {
        say(operation, "413", "`body_too_large`");
        say(operation, "415", "not the media type that this route reads");
    }
}

/// Unless the route itself says more.
fn say(operation: &mut Operation, status: &str, description: &str) {
    let responses = &mut operation.responses.responses;
    responses
        .entry(status.to_owned())
        .or_insert_with(|| RefOr::T(error(description)));
}

fn error(description: &str) -> Response {
    let shape = Ref::from_schema_name("ErrorBody");
    ResponseBuilder::new()
        .description(description)
        .content(
            "application/json",
            ContentBuilder::new().schema(Some(shape)).build(),
        )
        .build()
}
