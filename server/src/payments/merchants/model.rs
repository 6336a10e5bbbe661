//! An organization's account at a gateway. Pure.

use serde::{Deserialize, Serialize};
use shared::api::merchants::MerchantView;
use shared::api::payments::Provider;
use shared::ids::{MerchantId, OrganizationId};
use shared::time::Timestamp;

use crate::payments::model::provider_key;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};
use crate::platform::vault::Wrapped;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merchant {
    pub id: MerchantId,
    pub organization: OrganizationId,
    pub provider: Provider,
    /// The gateway's own name of it.
    pub name: String,
    /// `None`: nothing needs them any more.
    pub keys: Option<Wrapped>,
    pub last_four: String,
    pub live: Option<bool>,
    pub added_at: Timestamp,
    pub verified_at: Timestamp,
    pub webhook_confirmed_at: Option<Timestamp>,
    /// It takes no new payments since.
    pub retired_at: Option<Timestamp>,
    /// When to ask for what no webhook took.
    pub ask_at: Option<Timestamp>,
}

impl Merchant {
    /// What the keys are wrapped for.
    pub(super) fn context(organization: OrganizationId, provider: Provider, name: &str) -> String {
        format!(
            "organization/{organization}/{}/{name}",
            provider_key(provider)
        )
    }

    pub(super) fn scope(organization: OrganizationId, provider: Provider) -> String {
        format!("{organization}/{}", provider_key(provider))
    }

    pub(super) fn view(&self) -> MerchantView {
        MerchantView {
            id: self.id,
            provider: self.provider,
            account: self.name.clone(),
            last_four: self.last_four.clone(),
            live: self.live,
            current: self.retired_at.is_none(),
            added_at: self.added_at,
            verified_at: self.verified_at,
            webhook_confirmed_at: self.webhook_confirmed_at,
        }
    }
}

/// A delivery's name in the inbox. Whoever signs for one account must not be able to use up the names
/// of another's.
pub fn delivery(merchant: Option<MerchantId>, id: &str) -> String {
    merchant.map_or_else(|| id.to_owned(), |merchant| format!("{merchant}:{id}"))
}

impl Entity for Merchant {
    const COLLECTION: Collection = Collection {
        name: "merchants",
        fields: &[
            Field::text("scope"),
            Field::text("current").nullable(),
            Field::int("ask_at").nullable(),
        ],
        indexes: &[
            Index::on("by_scope", &["scope"]),
            Index::unique("by_current", &["current"]),
            Index::on("by_ask", &["ask_at"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        let scope = Self::scope(self.organization, self.provider);
        let current = self.retired_at.is_none().then(|| scope.clone());
        let ask_at = self.ask_at.filter(|_| self.keys.is_some());
        vec![scope.into(), current.into(), ask_at.into()]
    }
}
