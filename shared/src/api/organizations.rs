//! Organizations: who holds events, who works for them, and who may do what (A6, A9).

use serde::{Deserialize, Serialize};

use crate::ids::{OneTimeId, OrganizationId, UserId};
use crate::time::Timestamp;

/// What somebody may do with the events of an organization; also what an API key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Right {
    /// See the organization, its people and its drafts.
    View,
    /// Make and change events, ticket classes, gates and stock.
    Events,
    /// Serve people: their orders and tickets.
    Sales,
    /// Give money back.
    Money,
    /// Devices, keys and staff of the gates.
    Gates,
    /// Watch the gates and judge tickets.
    Watch,
    /// Invite people, change what they may do, move events.
    Team,
    /// Act as an attendee: one's own orders and tickets. For API keys; people may always.
    Attend,
}

impl Right {
    pub const ALL: [Self; 8] = [
        Self::View,
        Self::Events,
        Self::Sales,
        Self::Money,
        Self::Gates,
        Self::Watch,
        Self::Team,
        Self::Attend,
    ];
}

/// What a member of an organization is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OrganizationRole {
    Owner,
    Manager,
    BoxOffice,
    GateStaff,
    Accountant,
}

impl OrganizationRole {
    pub const ALL: [Self; 5] = [
        Self::Owner,
        Self::Manager,
        Self::BoxOffice,
        Self::GateStaff,
        Self::Accountant,
    ];

    /// The one table of who may do what.
    pub const fn may(self, right: Right) -> bool {
        match self {
            Self::Owner => !matches!(right, Right::Attend),
            Self::Manager => !matches!(right, Right::Team | Right::Attend),
            Self::BoxOffice => matches!(right, Right::View | Right::Sales | Right::Watch),
            Self::GateStaff => matches!(right, Right::View | Right::Watch),
            Self::Accountant => matches!(right, Right::View | Right::Money),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NameOrganization {
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganizationView {
    pub id: OrganizationId,
    pub name: String,
    /// The caller's; none for administrators who are no members.
    pub role: Option<OrganizationRole>,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberView {
    pub user_id: UserId,
    pub username: String,
    pub role: OrganizationRole,
    pub since: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeMember {
    pub role: OrganizationRole,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invite {
    pub email: String,
    pub role: OrganizationRole,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationView {
    pub id: OneTimeId,
    pub email: String,
    pub role: OrganizationRole,
    pub expires_at: Timestamp,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JoinRequest {
    /// The end of the mailed link.
    pub token: String,
}

super::accounts::redacted_debug!(JoinRequest {});

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MoveEvent {
    pub organization_id: OrganizationId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_rights_is_this_one() {
        // A6, A9
        use OrganizationRole as Role;
        let rows = [
            (Role::Owner, "View Events Sales Money Gates Watch Team"),
            (Role::Manager, "View Events Sales Money Gates Watch"),
            (Role::BoxOffice, "View Sales Watch"),
            (Role::GateStaff, "View Watch"),
            (Role::Accountant, "View Money"),
        ];
        assert_eq!(rows.map(|(role, _)| role), Role::ALL);
        for (role, rights) in rows {
            let has: Vec<_> = Right::ALL
                .into_iter()
                .filter(|right| role.may(*right))
                .collect();
            let names: Vec<_> = has.iter().map(|right| format!("{right:?}")).collect();
            assert_eq!(names.join(" "), rights, "{role:?}");
        }
    }
}
