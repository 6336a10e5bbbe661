//! Giving a number, confirming it, taking it back.

use shared::api::texts::{PhoneView, TextPreferences};
use shared::ids::{JobId, UserId};
use shared::time::Timestamp;
use subtle::ConstantTimeEq as _;

use super::Error;
use super::jobs::send;
use super::model::{Asked, Phone, Says, Status, Text, number};
use crate::accounts::model::User;
use crate::app::App;
use crate::platform::db::{Db, DbError, LIMIT_MAX, Query, Tx};
use crate::platform::fields::Invalid;
use crate::platform::http::Caller;
use crate::platform::jobs;
use crate::platform::vault::Vault;

const CODE_LIVES_SECS: i64 = 600;
const TRIES_MAX: u32 = 5;
/// Codes to one account in an hour: texts cost money, and a number may be a stranger's.
const PER_HOUR_MAX: u32 = 5;
const HOUR_SECS: i64 = 3_600;

pub(super) async fn show(app: &App, caller: &Caller) -> Result<PhoneView, Error> {
    let phone = app.db.get::<Phone>(&caller.user.to_string()).await?;
    Ok(phone.ok_or(Error::NoPhone)?.view())
}

/// Sends a code to the number, which replaces the one before.
pub(super) async fn give(app: &App, caller: &Caller, wanted: &str) -> Result<PhoneView, Error> {
    if app.sms.is_none() {
        return Err(Error::NoProvider);
    }
    let Some(number) = number(wanted) else {
        let why = "must be a number with its country, like +84 90 123 45 67";
        return Err(Invalid::field("number", why).into());
    };
    let now = app.clock.now();
    let job = JobId::new(now, app.entropy.id10());
    let nonce = data_encoding::HEXLOWER.encode(&app.entropy.id10());
    let user = caller.user;
    app.db
        .write(move |tx| {
            let account = tx.get::<User>(&user.to_string())?;
            let account = account.ok_or(Error::NoPhone)?;
            let stored = tx.get::<Phone>(&user.to_string())?;
            let (sent, sent_since) = budget(stored.as_ref().map(|row| &row.value), now)?;
            let wants = stored.as_ref().map(|phone| phone.wants);
            let phone = Phone {
                user,
                email_key: account.email_key.clone(),
                number: number.clone(),
                confirmed_at: None,
                wants: wants.unwrap_or_default(),
                asked: Some(Asked {
                    nonce: nonce.clone(),
                    until: now.plus_secs(CODE_LIVES_SECS),
                    tries: 0,
                }),
                sent: sent + 1,
                sent_since,
            };
            let view = phone.view();
            match stored {
                Some(mut stored) => {
                    stored.value = phone;
                    tx.replace(&mut stored)?;
                }
                None => {
                    tx.insert(&phone)?;
                }
            }
            let text = Text {
                id: format!("code:{user}:{nonce}"),
                user,
                says: Says::Code {
                    nonce: nonce.clone(),
                },
                created_at: now,
                status: Status::Waiting,
                tries: 0,
            };
            tx.insert(&text)?;
            jobs::enqueue(tx, send(job, &text.id, now))?;
            Ok(view)
        })
        .await
}

/// How many codes were sent in this hour, and since when it runs.
fn budget(phone: Option<&Phone>, now: Timestamp) -> Result<(u32, Timestamp), Error> {
    let Some(phone) = phone else {
        return Ok((0, now));
    };
    let ends = phone.sent_since.plus_secs(HOUR_SECS);
    if now >= ends {
        return Ok((0, now));
    }
    if phone.sent >= PER_HOUR_MAX {
        let secs = u64::try_from(ends.millis_since(now)).unwrap_or(0);
        let retry_secs = secs.div_ceil(1_000);
        return Err(Error::TooMany { retry_secs });
    }
    Ok((phone.sent, phone.sent_since))
}

pub(super) async fn confirm(app: &App, caller: &Caller, typed: &str) -> Result<PhoneView, Error> {
    let now = app.clock.now();
    let user = caller.user;
    let (vault, typed) = (app.vault.clone(), typed.trim().to_owned());
    let confirmed = app
        .db
        .write(move |tx| {
            let phone = tx.get::<Phone>(&user.to_string())?;
            let mut phone = phone.ok_or(Error::NoPhone)?;
            let Some(asked) = phone.asked.as_mut() else {
                return Ok(None);
            };
            if now >= asked.until || asked.tries >= TRIES_MAX {
                return Ok(None);
            }
            let expected = code(&vault, user, &asked.nonce);
            if !bool::from(expected.as_bytes().ct_eq(typed.as_bytes())) {
                // Kept, so that nobody tries them all.
                asked.tries += 1;
                tx.replace(&mut phone)?;
                return Ok(None);
            }
            phone.asked = None;
            phone.confirmed_at = Some(now);
            tx.replace(&mut phone)?;
            Ok::<_, Error>(Some(phone.view()))
        })
        .await?;
    confirmed.ok_or(Error::WrongCode)
}

/// Six digits that nothing stored gives away.
pub(super) fn code(vault: &Vault, user: UserId, nonce: &str) -> String {
    let key = vault.derive(&format!("phone/{user}/{nonce}"));
    let mut number = [0; 8];
    number.copy_from_slice(&key[..8]);
    format!("{:06}", u64::from_be_bytes(number) % 1_000_000)
}

pub(super) async fn prefer(
    app: &App,
    caller: &Caller,
    wants: TextPreferences,
) -> Result<PhoneView, Error> {
    let user = caller.user;
    app.db
        .write(move |tx| {
            let phone = tx.get::<Phone>(&user.to_string())?;
            let mut phone = phone.ok_or(Error::NoPhone)?;
            phone.wants = wants;
            tx.replace(&mut phone)?;
            Ok(phone.view())
        })
        .await
}

pub(super) async fn take_back(app: &App, caller: &Caller) -> Result<(), Error> {
    let user = caller.user;
    app.db
        .write(move |tx| {
            let phone = tx.get::<Phone>(&user.to_string())?;
            Ok(tx.delete(&phone.ok_or(Error::NoPhone)?)?)
        })
        .await
}

/// What is stored of an account's phone.
pub async fn phone_of(db: &Db, user: UserId) -> Result<Option<PhoneView>, DbError> {
    let phone = db.get::<Phone>(&user.to_string()).await?;
    Ok(phone.map(|phone| phone.view()))
}

/// The account has another address from this commit on.
pub fn follow_address(tx: &mut Tx<'_>, user: UserId, email_key: &str) -> Result<(), DbError> {
    let Some(mut phone) = tx.get::<Phone>(&user.to_string())? else {
        return Ok(());
    };
    email_key.clone_into(&mut phone.email_key);
    tx.replace(&mut phone)
}

/// In the commit that ends the account.
pub fn erase(tx: &mut Tx<'_>, user: UserId) -> Result<(), DbError> {
    if let Some(phone) = tx.get::<Phone>(&user.to_string())? {
        tx.delete(&phone)?;
    }
    let texts = Query::on("by_user").eq(user).limit(LIMIT_MAX);
    for text in tx.list::<Text>(&texts)? {
        tx.delete(&text)?;
    }
    Ok(())
}
