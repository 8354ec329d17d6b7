//! Checks whether a role may serve: the rule that keeps row-level security in force.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Row};

use super::{DatabaseError, connect};

/// The properties of a connection's role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RoleFacts {
    /// The role that executes statements.
    name: String,
    pub(super) superuser: bool,
    bypasses: bool,
    /// Whether row-level security does not apply to it because it has the owner's rights.
    owns: bool,
    /// Whether it has the rights of `accunode_server` already; `None` if there is no such
    /// role.
    is_server: Option<bool>,
    /// Whether it may assume `accunode_server`.
    may_be_server: Option<bool>,
    /// Whether it may assume `accunode_owner`; `None` if there is no such role.
    pub(super) may_be_owner: Option<bool>,
}

impl RoleFacts {
    /// Connects and queries the role.
    pub(super) async fn ask(options: &PgConnectOptions) -> Result<Self, DatabaseError> {
        let mut connection = connect(options).await?;
        let row = sqlx::query(include_str!("role.sql"))
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(Self {
            name: row.try_get("name")?,
            superuser: row.try_get("superuser")?,
            bypasses: row.try_get("bypasses")?,
            owns: row.try_get("owns")?,
            is_server: row.try_get("is_server")?,
            may_be_server: row.try_get("may_be_server")?,
            may_be_owner: row.try_get("may_be_owner")?,
        })
    }

    /// Returns whether a connection of this role must assume `accunode_server` first.
    pub(super) fn must_become_server(&self) -> Result<bool, DatabaseError> {
        let (Some(is_server), Some(may_be_server)) = (self.is_server, self.may_be_server) else {
            return Err(DatabaseError::RolesMissing);
        };
        let reason = match self.unfit() {
            None if is_server => return Ok(false),
            None => "has none of accunode_server's rights",
            Some(reason) => reason,
        };
        if may_be_server {
            return Ok(true);
        }
        Err(DatabaseError::UnfitRole {
            role: self.name.clone(),
            reason,
        })
    }

    /// Checks the role that was assumed: it must be fit now.
    pub(super) fn must_be_fit(&self) -> Result<(), DatabaseError> {
        let reason = match self.unfit() {
            None if self.is_server == Some(true) => return Ok(()),
            None => "has none of accunode_server's rights",
            Some(reason) => reason,
        };
        Err(DatabaseError::UnfitServerRole {
            role: self.name.clone(),
            reason,
        })
    }

    fn unfit(&self) -> Option<&'static str> {
        if self.superuser {
            Some("is a superuser")
        } else if self.bypasses {
            Some("bypasses row-level security")
        } else if self.owns {
            Some("has the rights of the tables' owner")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> RoleFacts {
        RoleFacts {
            name: "accunode_server".into(),
            superuser: false,
            bypasses: false,
            owns: false,
            is_server: Some(true),
            may_be_server: Some(true),
            may_be_owner: Some(false),
        }
    }

    #[test]
    fn server_role_serves_without_change() {
        assert!(!server().must_become_server().expect("fit"));
        server().must_be_fit().expect("fit");
    }

    #[test]
    fn role_bypassing_row_level_security_becomes_the_server_role() {
        let superuser = RoleFacts {
            superuser: true,
            ..server()
        };
        let bypasses = RoleFacts {
            bypasses: true,
            ..server()
        };
        let owner = RoleFacts {
            owns: true,
            ..server()
        };
        for unfit in [superuser, bypasses, owner] {
            assert!(unfit.must_become_server().expect("it may"), "{unfit:?}");
            assert!(unfit.must_be_fit().is_err(), "{unfit:?}");
            let stuck = RoleFacts {
                may_be_server: Some(false),
                ..unfit
            };
            let refused = stuck.must_become_server();
            assert!(
                matches!(refused, Err(DatabaseError::UnfitRole { .. })),
                "{stuck:?}"
            );
        }
    }

    #[test]
    fn non_inheriting_member_becomes_the_server_role() {
        let member = RoleFacts {
            is_server: Some(false),
            ..server()
        };
        assert!(member.must_become_server().expect("it may"));
        let stranger = RoleFacts {
            may_be_server: Some(false),
            ..member
        };
        assert!(matches!(
            stranger.must_become_server(),
            Err(DatabaseError::UnfitRole { .. })
        ));
    }

    #[test]
    fn missing_roles_refuse_to_serve() {
        let early = RoleFacts {
            is_server: None,
            may_be_server: None,
            superuser: true,
            ..server()
        };
        assert!(matches!(
            early.must_become_server(),
            Err(DatabaseError::RolesMissing)
        ));
    }
}
