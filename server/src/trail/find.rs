//! Reading the journal: all of it for administrators, their own for organizers.

use serde::Deserialize;
use shared::api::journal::JournalHeadView;
use shared::api::page::Page;
use shared::ids::UserId;
use shared::time::Timestamp;

use super::seal::{last_seal, public_key, unsealed};
use crate::app::App;
use crate::error::ApiError;
use crate::platform::db::{DbError, Query};
use crate::platform::http::PageParams;
use crate::platform::journal::{self, Entry};

#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct TrailFilter {
    /// Kind and id: `order/0190…`.
    pub(super) subject: Option<String>,
    /// The user who acted.
    pub(super) actor: Option<UserId>,
    /// `order.paid`, or a route: `POST /events/{id}/gates`.
    pub(super) action: Option<String>,
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

/// Newest first. One filter finds the entries, the others sift a page of them: it may be short and
/// still have a next one.
pub(super) async fn list(
    app: &App,
    scope: Option<String>,
    filter: &TrailFilter,
    page: &PageParams,
) -> Result<Page<Entry>, DbError> {
    let actor = filter.actor.map(|user| journal::subject("user", user));
    let mut query = match (&scope, &filter.subject, &actor, &filter.action) {
        (Some(scope), ..) => Query::on("by_scope").eq(scope),
        (None, Some(subject), ..) => Query::on("by_subject").eq(subject),
        (None, None, Some(actor), _) => Query::on("by_actor").eq(actor),
        (None, None, None, Some(action)) => Query::on("by_action").eq(action),
        (None, None, None, None) => Query::on("by_time"),
    };
    if let Some(from) = filter.from {
        query = query.at_least(from);
    }
    if let Some(until) = filter.until {
        query = query.less_than(until);
    }
    let query = query.descending().limit(page.limit);
    let found = app
        .db
        .page::<Entry>(&query.after(page.cursor.as_deref()))
        .await?;
    let fits = |entry: &Entry| {
        let same = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|of| of == is);
        same(&filter.subject, &entry.subject)
            && same(&filter.action, &entry.action)
            && same(&actor, &entry.actor.to_string())
    };
    let items = found.items.into_iter().map(|row| row.value);
    Ok(Page {
        items: items.filter(fits).collect(),
        next_cursor: found.next,
    })
}

pub(super) async fn head(app: &App) -> Result<JournalHeadView, ApiError> {
    let last = last_seal(&app.db).await?;
    Ok(JournalHeadView {
        number: last.as_ref().map(|seal| seal.number),
        hash: last.as_ref().map(shared::journal::Seal::hash),
        sealed_at: last.as_ref().map(|seal| seal.at),
        sealed: last.as_ref().map_or(0, shared::journal::Seal::end),
        unsealed: app.db.count::<Entry>(&unsealed()).await?,
        key: public_key(&app.vault),
    })
}
