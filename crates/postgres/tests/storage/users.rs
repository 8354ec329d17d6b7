//! Users and their organizations.

use accunode_domain::{
    access::Scope,
    id::UserId,
    user::{Email, Profile, Role},
};
use accunode_ports::{
    Conflict,
    repositories::{NewUser, Rehashed, Repositories, Store, UserFreshness},
};

use crate::fixture::{Fixture, id, noon, organization};

const fn rehashed(old: &'static str) -> Rehashed<'static> {
    Rehashed {
        old,
        new: "new hash",
    }
}

#[tokio::test]
async fn email_address_is_unique() {
    let fixture = Fixture::create().await;
    let user = |n: u128| NewUser {
        id: UserId(uuid::Uuid::from_u128(n)),
        email: Email::parse("/email", "Ada@Example.com").unwrap(),
        password_hash: "hash".to_owned(),
        role: Role::User,
        organization: None,
        profile: Profile {
            first_name: Some("Ada".to_owned()),
            ..Profile::default()
        },
        is_verified: false,
    };
    let work = fixture.store.begin(&Scope::none()).await.unwrap();
    let stored = work.auth().add(&user(1)).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(
        (stored.email.as_str(), stored.row_version),
        ("ada@example.com", 1)
    );
    let work = fixture.store.begin(&Scope::none()).await.unwrap();
    let taken = work.auth().add(&user(2)).await.unwrap_err();
    drop(work);
    assert!(taken.conflict() == Some(Conflict::EmailTaken), "{taken:?}");
    let found = fixture
        .store
        .auth()
        .credentials(&stored.email)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.user, found.password_hash.as_str()), (stored, "hash"));
}

#[tokio::test]
async fn tenant_admin_is_loaded_with_the_children_of_their_root() {
    let fixture = Fixture::create().await;
    let (user, membership, version) = fixture
        .store
        .auth()
        .with_membership(UserId(id("tR")))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(user.role, Role::TenantAdmin);
    let membership = membership.unwrap();
    assert_eq!(membership.organization, organization("R"));
    let children = [organization("A"), organization("B")];
    assert_eq!(membership.children, children);
    assert_eq!(
        fixture
            .store
            .auth()
            .children(organization("R"))
            .await
            .unwrap(),
        children
    );
    let freshness = fixture
        .store
        .auth()
        .current(user.id, version)
        .await
        .unwrap();
    assert_eq!(freshness, UserFreshness::Unchanged);
    let unknown = fixture
        .store
        .auth()
        .with_membership(UserId(id("unknown")))
        .await
        .unwrap();
    assert!(unknown.is_none());
}

async fn record_login(fixture: &Fixture, user: UserId) {
    let work = fixture.store.begin(&Scope::none()).await.unwrap();
    let rehashed = Some(rehashed("hash"));
    let users = work.auth();
    users.record_login(user, noon(), rehashed).await.unwrap();
    work.commit().await.unwrap();
}

#[tokio::test]
async fn login_leaves_versions_unchanged_and_an_organization_change_does_not() {
    let fixture = Fixture::create().await;
    let users = fixture.store.auth();
    let (before, _, version) = users
        .with_membership(UserId(id("m1")))
        .await
        .unwrap()
        .unwrap();
    record_login(&fixture, before.id).await;
    let (after, _, same) = users.with_membership(before.id).await.unwrap().unwrap();
    assert_eq!((after.row_version, same), (before.row_version, version));
    assert_eq!(after.last_login, Some(noon()));
    let credentials = users.credentials(&after.email).await.unwrap().unwrap();
    assert_eq!(credentials.password_hash, "new hash");
    // A login with the old password does not restore a password that was changed meanwhile.
    record_login(&fixture, before.id).await;
    let credentials = users.credentials(&after.email).await.unwrap().unwrap();
    assert_eq!(credentials.password_hash, "new hash");

    sqlx::query("UPDATE organizations SET hide_system_data = true WHERE name = 'A'")
        .execute(&fixture.superuser)
        .await
        .unwrap();
    let freshness = users.current(before.id, version).await.unwrap();
    let UserFreshness::Changed {
        user,
        membership,
        version: now,
    } = freshness
    else {
        panic!("{freshness:?}")
    };
    assert_eq!(*user, after);
    assert!(membership.unwrap().hide_system_data && now > version);
    let gone = users.current(UserId(id("unknown")), version).await.unwrap();
    assert_eq!(gone, UserFreshness::Gone);
}
