//! API keys: the cost of authenticating one.

use accunode_application::{Error, ErrorCode};
use accunode_domain::{
    access::KeyScope,
    api_key::ApiKey,
    audit::RequestContext,
    id::{ApiKeyId, OrganizationId},
    user::{Role, User},
};
use accunode_ports::repositories::PresentedKey;
use uuid::Uuid;

use crate::support::{Doubles, membership, noon, user};

fn key_of(owner: &User, organization: Option<OrganizationId>) -> ApiKey {
    ApiKey {
        id: ApiKeyId(Uuid::from_u128(5)),
        owner: owner.id,
        organization,
        name: "nightly".to_owned(),
        prefix: "ak_12345678".to_owned(),
        scopes: vec![KeyScope::Read],
        expires_at: None,
        last_used_at: Some(noon()),
        previous_until: None,
        created_at: noon(),
    }
}

/// The mocks fail on a look-up of sessions or any other statement.
#[tokio::test]
async fn key_authentication_takes_one_statement() {
    let mut doubles = Doubles::default();
    let organization = OrganizationId(Uuid::new_v4());
    let owner = user(Role::OrgAdmin, Some(organization));
    let key = key_of(&owner, None);
    let found = PresentedKey {
        key: key.clone(),
        owner,
        membership: Some(membership(organization)),
    };
    doubles
        .store
        .api_keys
        .expect_presented()
        .times(1)
        .withf(|hash, now| hash.as_str().len() == 64 && *now == noon())
        .returning(move |_, _| Ok(Some(found.clone())));
    let caller = doubles
        .application()
        .auth
        .authenticate(&format!("ak_{}", "7".repeat(64)), RequestContext::default())
        .await
        .unwrap();
    assert_eq!((caller.key, caller.session), (Some(key.id), None));
    assert!(caller.actor.is_key() && caller.confirmed_at.is_none());
    assert_eq!(caller.principal(), key.id.0);
    assert_eq!(caller.actor.role(), Role::OrgAdmin);
}

#[tokio::test]
async fn key_of_an_organization_its_owner_has_left_is_invalid() {
    let mut doubles = Doubles::default();
    let organization = OrganizationId(Uuid::new_v4());
    let owner = user(Role::OrgMember, Some(organization));
    let elsewhere = OrganizationId(Uuid::new_v4());
    let found = PresentedKey {
        key: key_of(&owner, Some(elsewhere)),
        owner,
        membership: Some(membership(organization)),
    };
    doubles
        .store
        .api_keys
        .expect_presented()
        .returning(move |_, _| Ok(Some(found.clone())));
    let result = doubles
        .application()
        .auth
        .authenticate(&format!("ak_{}", "7".repeat(64)), RequestContext::default())
        .await;
    assert!(
        matches!(
            result,
            Err(Error::Unauthenticated {
                code: ErrorCode::InvalidToken,
                ..
            })
        ),
        "{result:?}"
    );
}
