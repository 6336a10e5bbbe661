-- Organizations, who works for them, who is invited, and which events are theirs. Events without one
-- are their organizer's own.
CREATE TABLE organizations (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    user_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_organization ON members (organization_id);
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL,
    body TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_by_organization ON invitations (organization_id);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);

ALTER TABLE events ADD COLUMN organization_id TEXT;
CREATE INDEX events_by_organization ON events (organization_id);
