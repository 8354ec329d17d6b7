//! Invitations into organizations.

use accunode_domain::{
    Timestamp,
    id::{InvitationId, OrganizationId, UserId},
    invitation::Invitation,
    page::{Cursor, Limit, Page, Sort},
    secret::SecretHash,
    user::Email,
};
use accunode_ports::{
    RepositoryError,
    repositories::{InvitationRepository, NewInvitation},
};
use async_trait::async_trait;
use sqlx::{QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use crate::{
    db::Db,
    errors::defect,
    keyset::page,
    row::{RowRef, get, key_time, time_key},
};

/// An invitation's columns.
const INVITATION: &str = "id, organization_id, email, role, invited_by, expires_at, accepted_at, \
     accepted_by, created_at";

#[async_trait]
impl InvitationRepository for Db {
    async fn add(&self, invitation: &NewInvitation) -> Result<Invitation, RepositoryError> {
        let assignment = invitation.assignment;
        let mut sql = QueryBuilder::new(
            "INSERT INTO invitations AS i (id, organization_id, email, role, token_hash, invited_by, \
             created_at, expires_at) VALUES (",
        );
        sql.push_bind(invitation.id.0)
            .push(", ")
            .push_bind(assignment.organization().map(|id| id.0))
            .push(", ")
            .push_bind(invitation.email.as_str())
            .push(", ")
            .push_bind(assignment.role().as_str())
            .push(", ")
            .push_bind(invitation.token_hash.as_str())
            .push(", ")
            .push_bind(invitation.invited_by.0)
            .push(", ")
            .push_bind(invitation.created_at)
            .push(", ")
            .push_bind(invitation.expires_at)
            .push(format_args!(
                ") ON CONFLICT (organization_id, email) WHERE accepted_at IS NULL DO UPDATE SET \
                 role = excluded.role, token_hash = excluded.token_hash, \
                 invited_by = excluded.invited_by, expires_at = excluded.expires_at, \
                 created_at = excluded.created_at RETURNING {INVITATION}"
            ));
        let row = self.one(sql).await?;
        row.as_ref().map_or_else(
            || Err(defect("an invitation was stored and not given back")),
            read,
        )
    }

    async fn waiting(
        &self,
        organization: OrganizationId,
        email: &Email,
    ) -> Result<Option<Invitation>, RepositoryError> {
        let mut sql = QueryBuilder::new(format!(
            "SELECT {INVITATION} FROM invitations WHERE accepted_at IS NULL AND organization_id = "
        ));
        sql.push_bind(organization.0)
            .push(" AND email = ")
            .push_bind(email.as_str())
            .push(" FOR UPDATE");
        self.one(sql).await?.as_ref().map(read).transpose()
    }

    async fn by_token(&self, token: &SecretHash) -> Result<Option<Invitation>, RepositoryError> {
        let mut sql = QueryBuilder::new(format!(
            "SELECT {INVITATION} FROM invitations WHERE token_hash = "
        ));
        sql.push_bind(token.as_str()).push(" FOR UPDATE");
        self.one(sql).await?.as_ref().map(read).transpose()
    }

    async fn accept(
        &self,
        id: InvitationId,
        by: UserId,
        at: Timestamp,
    ) -> Result<(), RepositoryError> {
        let mut sql = QueryBuilder::new("UPDATE invitations SET accepted_at = ");
        sql.push_bind(at)
            .push(", accepted_by = ")
            .push_bind(by.0)
            .push(" WHERE accepted_at IS NULL AND id = ")
            .push_bind(id.0);
        match self.run(sql).await? {
            0 => Err(RepositoryError::Stale { what: "invitation" }),
            _ => Ok(()),
        }
    }

    async fn list(
        &self,
        organization: OrganizationId,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Invitation>, RepositoryError> {
        let mut sql = QueryBuilder::new(format!(
            "SELECT {INVITATION} FROM invitations WHERE organization_id = "
        ));
        sql.push_bind(organization.0);
        if let Some(after) = &after {
            sql.push(" AND (created_at, id) < (")
                .push_bind(key_time(after)?)
                .push(", ")
                .push_bind(after.id)
                .push(")");
        }
        sql.push(" ORDER BY created_at DESC, id DESC LIMIT ")
            .push_bind(i64::from(limit.get()) + 1);
        let rows = self.all(sql).await?;
        let rows = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(page(rows, limit, |last| Cursor {
            sort: Sort::CreatedAt,
            key: time_key(last.created_at),
            id: last.id.0,
        }))
    }

    async fn withdraw(
        &self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, RepositoryError> {
        let mut sql = QueryBuilder::new(
            "DELETE FROM invitations WHERE accepted_at IS NULL AND organization_id = ",
        );
        sql.push_bind(organization.0)
            .push(" AND id = ")
            .push_bind(id.0)
            .push(format_args!(" RETURNING {INVITATION}"));
        self.one(sql).await?.as_ref().map(read).transpose()
    }
}

fn read(row: &PgRow) -> Result<Invitation, RepositoryError> {
    let id: Uuid = get(row, "id")?;
    let place = RowRef {
        table: "invitations",
        id,
    };
    Ok(Invitation {
        id: InvitationId(id),
        organization: OrganizationId(get(row, "organization_id")?),
        email: Email::from_stored(get(row, "email")?),
        role: place.named(row, "role")?,
        invited_by: get::<Option<Uuid>>(row, "invited_by")?.map(UserId),
        expires_at: get(row, "expires_at")?,
        accepted_at: get(row, "accepted_at")?,
        accepted_by: get::<Option<Uuid>>(row, "accepted_by")?.map(UserId),
        created_at: get(row, "created_at")?,
    })
}
