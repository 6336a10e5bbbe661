//! Reading hooks and their log: whoever made them.

use shared::api::hooks::{HookMessageView, HookView};
use shared::api::page::Page;
use shared::ids::HookId;

use super::Error;
use super::model::{Hook, HookMessage};
use crate::app::App;
use crate::platform::db::Query;
use crate::platform::http::{Caller, PageParams};

/// The caller's hook; for others there is none.
pub(super) async fn own(app: &App, caller: &Caller, id: HookId) -> Result<Hook, Error> {
    let hook = app.db.get::<Hook>(&id.to_string()).await?;
    let hook = hook.filter(|hook| hook.owner == caller.user);
    hook.map(|hook| hook.value).ok_or(Error::NotFound)
}

pub(super) async fn list(
    app: &App,
    caller: &Caller,
    page: &PageParams,
) -> Result<Page<HookView>, Error> {
    let query = Query::on("by_owner").eq(caller.user);
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<Hook>(&query).await?;
    Ok(Page {
        items: found.items.iter().map(|hook| hook.view()).collect(),
        next_cursor: found.next,
    })
}

/// The latest first.
pub(super) async fn log(
    app: &App,
    caller: &Caller,
    id: HookId,
    page: &PageParams,
) -> Result<Page<HookMessageView>, Error> {
    own(app, caller, id).await?;
    let query = Query::on("by_hook").eq(id).descending();
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<HookMessage>(&query).await?;
    Ok(Page {
        items: found.items.iter().map(|message| message.view()).collect(),
        next_cursor: found.next,
    })
}
