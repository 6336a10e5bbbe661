//! Who a seller is on its invoices: an organization, or a person who holds events without one.

use jiff::tz::TimeZone;
use serde_json::json;
use shared::api::invoices::SellerIdentity;
use shared::ids::{JournalId, UserId};
use shared::limits::{EMAIL_CHARS_MAX, NAME_CHARS_MAX, TITLE_CHARS_MAX};

use super::countries::is_country;
use super::error::Error;
use super::model::{Seller, SellerId};
use crate::app::App;
use crate::organizations::{self, require_in};
use crate::platform::db::{Db, DbError, Tx};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

pub(super) const PREFIX_CHARS_MAX: usize = 12;
pub(super) const FOOTER_CHARS_MAX: usize = 500;
pub(super) const ADDRESS_LINES_MAX: usize = 6;
pub(super) const TAX_NUMBER_CHARS_MAX: usize = 40;

const NONE: Error = Error::NotFound("invoicing identity");

pub(super) async fn show(
    app: &App,
    caller: &Caller,
    seller: SellerId,
) -> Result<SellerIdentity, Error> {
    required(app, caller, seller).await?;
    let stored = app.db.get::<Seller>(&seller.key()).await?;
    Ok(stored.ok_or(NONE)?.value.identity)
}

/// Whether the caller may see a seller's invoices; to others the seller does not exist.
pub(super) async fn required(app: &App, caller: &Caller, seller: SellerId) -> Result<(), Error> {
    match seller {
        SellerId::Organization(id) => {
            organizations::required(&app.db, caller, id).await?;
            Ok(())
        }
        SellerId::User(id) if id == caller.user || caller.is_admin() => Ok(()),
        SellerId::User(_) => Err(NONE),
    }
}

/// What is issued already stays as it is.
pub(super) async fn set(
    app: &App,
    caller: &Caller,
    seller: SellerId,
    wanted: SellerIdentity,
) -> Result<SellerIdentity, Error> {
    required(app, caller, seller).await?;
    let now = app.clock.now();
    let row = Seller {
        id: seller,
        identity: checked(wanted)?,
        updated_at: now,
    };
    let entry = journal::Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        Actor::User(caller.user),
        "seller.identified",
        seller.key(),
        json!({ "automatic": row.identity.automatic }),
    );
    let caller = *caller;
    app.db
        .write(move |tx| {
            if let SellerId::Organization(id) = seller {
                require_in(tx, &caller, id, caller.right)?;
            }
            match tx.get::<Seller>(&seller.key())? {
                Some(mut stored) => {
                    stored.value = row.clone();
                    tx.replace(&mut stored)?;
                }
                None => drop(tx.insert(&row)?),
            }
            journal::record(tx, &entry)?;
            Ok(row.identity.clone())
        })
        .await
}

/// The identity that documents are written with now.
pub(super) fn identity_in(
    tx: &mut Tx<'_>,
    seller: SellerId,
) -> Result<Option<SellerIdentity>, DbError> {
    let stored = tx.get::<Seller>(&seller.key())?;
    Ok(stored.map(|stored| stored.value.identity))
}

/// As a person who sells may read it.
pub async fn export(db: &Db, user: UserId) -> Result<Option<SellerIdentity>, DbError> {
    let stored = db.get::<Seller>(&SellerId::User(user).key()).await?;
    Ok(stored.map(|stored| stored.value.identity))
}

/// When an account ends. Where its numbers stand remains: none is given twice.
pub fn erase(tx: &mut Tx<'_>, user: UserId) -> Result<(), DbError> {
    match tx.get::<Seller>(&SellerId::User(user).key())? {
        Some(stored) => tx.delete(&stored),
        None => Ok(()),
    }
}

fn checked(mut wanted: SellerIdentity) -> Result<SellerIdentity, Error> {
    let mut fields = Fields::default();
    wanted.legal_name = fields.line("legalName", &wanted.legal_name, 1, TITLE_CHARS_MAX);
    wanted.address = address("address", &wanted.address, 1, &mut fields);
    if !is_country(&wanted.country) {
        fields.wrong("country", NO_COUNTRY);
    }
    wanted.tax_number = fields.line("taxNumber", &wanted.tax_number, 0, TAX_NUMBER_CHARS_MAX);
    wanted.email = fields.line("email", &wanted.email, 3, EMAIL_CHARS_MAX);
    if !wanted.email.contains('@') || wanted.email.contains(char::is_whitespace) {
        fields.wrong("email", "must be an e-mail address");
    }
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    if wanted.prefix.is_empty()
        || wanted.prefix.len() > PREFIX_CHARS_MAX
        || !wanted.prefix.chars().all(plain)
    {
        let why = format!("must have 1 to {PREFIX_CHARS_MAX} of A to Z, digits and hyphens");
        fields.wrong("prefix", why);
    }
    wanted.footer = fields.line("footer", &wanted.footer, 0, FOOTER_CHARS_MAX);
    match TimeZone::get(&wanted.timezone) {
        Ok(zone) if zone.iana_name().is_some() => {
            let name = zone.iana_name().unwrap_or_default();
            name.clone_into(&mut wanted.timezone);
        }
        _ => fields.wrong("timezone", "must be an IANA time zone name"),
    }
    Ok(fields.done(wanted)?)
}

pub(super) const NO_COUNTRY: &str = "must be a country's code of two letters, like VN";

/// Lines of an address, as they are printed.
pub(super) fn address(
    name: &str,
    lines: &[String],
    min: usize,
    fields: &mut Fields,
) -> Vec<String> {
    if lines.len() < min || lines.len() > ADDRESS_LINES_MAX {
        fields.wrong(
            name,
            format!("must have {min} to {ADDRESS_LINES_MAX} lines"),
        );
    }
    let lines = lines.iter().take(ADDRESS_LINES_MAX).enumerate();
    lines
        .map(|(at, line)| fields.line(format!("{name}[{at}]"), line, 1, NAME_CHARS_MAX))
        .collect()
}
