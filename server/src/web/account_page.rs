//! Where the links in mails about an account lead: confirm an address, set a password (A2, A7).
//!
//! A look changes nothing, because mail scanners look at every link: each step is a button.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use shared::limits::PASSWORD_CHARS_MIN;

use super::{headers, layout};
use crate::accounts::{self, Error};
use crate::app::AppState;
use crate::error::ApiError;
use crate::organizations;
use crate::platform::http::{Form, Path};

const ONE_STEP: &str = "One step before";
const NO_ACCOUNT: &str =
    "Make an account with this e-mail address and confirm it first, then open the link again.";

#[derive(Deserialize)]
pub(super) struct NewPassword {
    password: String,
}

pub(super) async fn ask_verify() -> Response {
    let content = html! {
        h1 { "Confirm your address" }
        form.ask method="post" { button type="submit" { "This address is mine" } }
    };
    headers::private(
        StatusCode::OK,
        layout::page("Confirm your address", &content),
    )
}

pub(super) async fn verify(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    match accounts::verify_email(&app, &token).await {
        Ok(()) => Ok(done("Thank you", "Your address is confirmed.")),
        Err(Error::BadLink) => Ok(dead()),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn ask_join(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let asked = match organizations::asked(&app, &token).await {
        Ok(asked) => asked,
        Err(organizations::Error::BadLink) => return Ok(dead()),
        Err(error) => return Err(error.into()),
    };
    let Some(account) = asked.account else {
        return Ok(done(ONE_STEP, NO_ACCOUNT));
    };
    if !account.is_confirmed {
        let words = organizations::unconfirmed(&account.username);
        return Ok(done(ONE_STEP, &words));
    }
    let content = html! {
        h1 { "Join the team" }
        p { (asked.organization) " invites you. You would join as " strong { (account.username) } "." }
        form.ask method="post" { button type="submit" { "Accept the invitation" } }
    };
    let page = layout::page("Join the team", &content);
    Ok(headers::private(StatusCode::OK, page))
}

pub(super) async fn join(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    use organizations::Error as Refused;
    match organizations::join(&app, &token).await {
        Ok(organization) => {
            let words = format!("You work for {} now.", organization.name);
            Ok(done("Welcome", &words))
        }
        Err(Refused::BadLink) => Ok(dead()),
        Err(Refused::NoAccount) => Ok(done(ONE_STEP, NO_ACCOUNT)),
        Err(Refused::Unconfirmed { username }) => {
            Ok(done(ONE_STEP, &organizations::unconfirmed(&username)))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn ask_reset() -> Response {
    headers::private(StatusCode::OK, password_form(None))
}

pub(super) async fn reset(
    State(app): State<AppState>,
    Path(token): Path<String>,
    Form(form): Form<NewPassword>,
) -> Result<Response, ApiError> {
    match accounts::reset_password(&app, &token, form.password).await {
        Ok(()) => Ok(done(
            "Your password is set",
            "All earlier logins have ended. Log in with the new password.",
        )),
        Err(Error::BadLink) => Ok(dead()),
        Err(Error::Invalid(faults)) => {
            let why = faults.into_iter().map(|(_, why)| why).next();
            let page = password_form(why.as_deref());
            Ok(headers::private(StatusCode::BAD_REQUEST, page))
        }
        Err(error) => Err(error.into()),
    }
}

fn password_form(why: Option<&str>) -> Markup {
    let content = html! {
        h1 { "Set a new password" }
        @if let Some(why) = why { p.wrong role="alert" { "The password " (why) "." } }
        form.ask method="post" {
            label for="password" { "New password" }
            input id="password" name="password" type="password" autocomplete="new-password"
                minlength=(PASSWORD_CHARS_MIN) required;
            button type="submit" { "Set it" }
        }
    };
    layout::page("Set a new password", &content)
}

fn done(headline: &str, words: &str) -> Response {
    let content = html! { h1 { (headline) } p role="status" { (words) } };
    headers::private(StatusCode::OK, layout::page(headline, &content))
}

fn dead() -> Response {
    let content = html! {
        h1 { "This link does not work any more" }
        p role="status" { "It was used, or it is too old. Ask for a new one." }
    };
    headers::private(StatusCode::GONE, layout::page("A spent link", &content))
}
