//! Organizations, their members and who is invited; pure.

use serde::{Deserialize, Serialize};
use shared::api::organizations::{InvitationView, MemberView, OrganizationRole, OrganizationView};
use shared::ids::{OneTimeId, OrganizationId, UserId};
use shared::time::Timestamp;

use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub created_at: Timestamp,
}

impl Organization {
    pub(super) fn view(&self, role: Option<OrganizationRole>) -> OrganizationView {
        OrganizationView {
            id: self.id,
            name: self.name.clone(),
            role,
            created_at: self.created_at,
        }
    }
}

impl Entity for Organization {
    const COLLECTION: Collection = Collection {
        name: "organizations",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// A person who works for an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub organization: OrganizationId,
    pub user: UserId,
    pub username: String,
    pub role: OrganizationRole,
    pub since: Timestamp,
}

impl Member {
    pub(super) fn key(organization: OrganizationId, user: UserId) -> String {
        format!("{organization}:{user}")
    }

    pub(super) fn view(&self) -> MemberView {
        MemberView {
            user_id: self.user,
            username: self.username.clone(),
            role: self.role,
            since: self.since,
        }
    }
}

impl Entity for Member {
    const COLLECTION: Collection = Collection {
        name: "members",
        fields: &[Field::text("organization_id"), Field::text("user_id")],
        indexes: &[
            Index::on("by_organization", &["organization_id"]),
            Index::on("by_user", &["user_id"]),
        ],
    };
    fn id(&self) -> String {
        Self::key(self.organization, self.user)
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.organization.into(), self.user.into()]
    }
}

/// Somebody who may join. The token in the mailed link is derived from `id` and lies nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub id: OneTimeId,
    pub organization: OrganizationId,
    /// In the form that is compared.
    pub email: String,
    pub role: OrganizationRole,
    pub expires_at: Timestamp,
}

impl Invitation {
    pub(super) fn view(&self) -> InvitationView {
        InvitationView {
            id: self.id,
            email: self.email.clone(),
            role: self.role,
            expires_at: self.expires_at,
        }
    }
}

impl Entity for Invitation {
    const COLLECTION: Collection = Collection {
        name: "invitations",
        fields: &[Field::text("organization_id"), Field::int("expires_at")],
        indexes: &[
            Index::on("by_organization", &["organization_id"]),
            Index::on("by_expiry", &["expires_at"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.organization.into(), self.expires_at.into()]
    }
}
