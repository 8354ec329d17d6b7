//! Limits on what clients and tenants may use: the database through wrong keys, mails, disks.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use accunode_application::{Error, ErrorCode, auth::Registration};
use accunode_domain::{
    access::KeyScope,
    api_key::ApiKey,
    audit::RequestContext,
    id::ApiKeyId,
    user::{Role, User},
};
use accunode_ports::{
    budgets::MinFree,
    files::{MockFileStore, ReceiveError, StoredFile},
    repositories::PresentedKey,
    system::{MockDisks, Volume},
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use uuid::Uuid;

use crate::support::{Doubles, limiter, noon, user};

/// Returns a secret that has the form of a key's.
fn secret(n: u32) -> String {
    format!("ak_{n:064x}")
}

fn at(address: [u8; 4]) -> RequestContext {
    RequestContext {
        ip: Some(address.into()),
        ..RequestContext::default()
    }
}

fn presented(owner: &User) -> PresentedKey {
    PresentedKey {
        key: ApiKey {
            id: ApiKeyId(Uuid::from_u128(5)),
            owner: owner.id,
            organization: None,
            name: "nightly".to_owned(),
            prefix: "ak_12345678".to_owned(),
            scopes: vec![KeyScope::Read],
            expires_at: None,
            last_used_at: Some(noon()),
            previous_until: None,
            created_at: noon(),
        },
        owner: owner.clone(),
        membership: None,
    }
}

/// Returns a limiter that allows `each` requests for each address.
fn draws(each: u32) -> accunode_ports::limits::MockRateLimiter {
    let used = std::sync::Mutex::new(std::collections::HashMap::<String, u32>::new());
    limiter(move |name, principal| {
        assert_eq!(name, "unknown_key");
        let mut used = used.lock().unwrap();
        let used = used.entry(principal.to_owned()).or_default();
        *used += 1;
        *used <= each
    })
}

#[tokio::test]
async fn wrong_keys_reach_no_database_once_the_budget_is_used_up() {
    let asked = Arc::new(AtomicU32::new(0));
    let mut doubles = Doubles {
        limiter: draws(5),
        ..Doubles::default()
    };
    let ana = user(Role::User, None);
    let (count, good) = (asked.clone(), presented(&ana));
    let good_hash = accunode_domain::secret::Secret::shown(&secret(0)).hash();
    doubles
        .store
        .api_keys
        .expect_presented()
        .returning(move |hash, _| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok((*hash == good_hash).then(|| good.clone()))
        });
    let auth = doubles.application().auth;
    let (home, elsewhere) = (at([192, 0, 2, 1]), at([192, 0, 2, 2]));

    // A valid key that has been used bypasses the budget from then on, from any address.
    let known = auth.authenticate(&secret(0), home.clone()).await;
    assert!(known.is_ok());
    for n in 1..=200 {
        let refused = auth.authenticate(&secret(n), home.clone()).await;
        match refused {
            Err(Error::Unauthenticated {
                code: ErrorCode::InvalidToken,
                ..
            }) => assert!(n < 5, "wrong key {n} came through to the database"),
            Err(Error::LockedOut { seconds }) => assert!(n >= 5 && seconds == 7),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(asked.load(Ordering::Relaxed), 5, "statements");
    assert!(auth.authenticate(&secret(0), home.clone()).await.is_ok());
    // Callers at other addresses are not affected.
    let wrong = auth.authenticate(&secret(9), elsewhere).await;
    assert!(matches!(wrong, Err(Error::Unauthenticated { .. })));
}

#[tokio::test]
async fn malformed_key_reaches_neither_database_nor_limiter() {
    let auth = Doubles {
        limiter: limiter(|_, _| panic!("the limiter was asked")),
        ..Doubles::default()
    }
    .application()
    .auth;
    let long = format!("{}0", secret(1));
    let upper = format!("ak_{}", "A".repeat(64));
    for wrong in ["ak_", "ak_1234", &long, &upper] {
        let refused = auth.authenticate(wrong, at([192, 0, 2, 1])).await;
        assert!(
            matches!(refused, Err(Error::Unauthenticated { .. })),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn revoked_key_is_removed_from_the_cache_of_valid_keys() {
    let asked = Arc::new(AtomicU32::new(0));
    let mut doubles = Doubles {
        limiter: draws(2),
        ..Doubles::default()
    };
    let ana = user(Role::User, None);
    let (count, good) = (asked.clone(), presented(&ana));
    doubles
        .store
        .api_keys
        .expect_presented()
        .returning(move |_, _| {
            let first = count.fetch_add(1, Ordering::Relaxed) == 0;
            Ok(first.then(|| good.clone()))
        });
    let auth = doubles.application().auth;
    let home = at([192, 0, 2, 1]);
    assert!(auth.authenticate(&secret(0), home.clone()).await.is_ok());
    for expected in [1, 2] {
        let refused = auth.authenticate(&secret(0), home.clone()).await;
        assert!(
            matches!(refused, Err(Error::Unauthenticated { .. })),
            "{expected}: {refused:?}"
        );
    }
    let refused = auth.authenticate(&secret(0), home).await;
    assert!(
        matches!(refused, Err(Error::LockedOut { .. })),
        "{refused:?}"
    );
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn registration_over_the_mail_budget_creates_no_user() {
    let mut doubles = Doubles {
        limiter: limiter(|name, _| name != "mail_day.verification"),
        ..Doubles::default()
    };
    doubles.mailer.expect_delivers().return_const(true);
    doubles.hasher.expect_weakness().returning(|_, _| Ok(None));
    // Neither a hash nor a unit of work is expected.
    let form = Registration {
        email: "ana@example.com".into(),
        password: "correct horse battery".into(),
        ..Registration::default()
    };
    let refused = doubles
        .application()
        .auth
        .register(&form, &at([192, 0, 2, 1]))
        .await;
    match refused {
        Err(Error::TooMany {
            code: ErrorCode::TooManyMails,
            detail,
            seconds: 7,
        }) => assert!(detail.contains("to this address in a day"), "{detail}"),
        other => panic!("{other:?}"),
    }
}

fn disks(free: impl Fn() -> u64 + Send + 'static) -> MockDisks {
    let mut disks = MockDisks::new();
    disks.expect_volumes().returning(move || {
        vec![Volume {
            name: "files",
            free_bytes: free(),
            total_bytes: 1_000,
        }]
    });
    disks
}

fn storage_low<T: std::fmt::Debug>(result: Result<T, Error>) {
    match result {
        Err(Error::Full {
            code: ErrorCode::StorageLow,
            detail,
            retry_after: Some(300),
        }) => assert!(!detail.chars().any(|c| c.is_ascii_digit()), "{detail}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn upload_is_refused_before_reading_when_disk_is_low() {
    for (limit, free, is_low) in [
        (MinFree::Bytes(100), 99, true),
        (MinFree::Bytes(100), 100, false),
        (MinFree::Percent(20), 199, true),
        (MinFree::Percent(20), 200, false),
        (MinFree::Bytes(0), 0, false),
    ] {
        let mut doubles = Doubles {
            disks: disks(move || free),
            ..Doubles::default()
        };
        doubles.settings.min_free_disk = limit;
        let mut files = MockFileStore::new();
        files
            .expect_receive()
            .times(usize::from(!is_low))
            .returning(|_, _, _| {
                Ok(StoredFile {
                    key: "k".into(),
                    size: 1,
                    sha256: "0".into(),
                })
            });
        doubles.files = files;
        let bulk = doubles.application().bulk_uploads;
        let received = bulk.receive(stream::empty().boxed()).await;
        if is_low {
            storage_low(received);
        } else {
            assert!(received.is_ok(), "{limit:?} {free}");
        }
    }
}

#[tokio::test]
async fn upload_is_cut_off_when_disk_becomes_low_during_transfer() {
    let looks = Arc::new(AtomicU32::new(0));
    let seen = looks.clone();
    let mut doubles = Doubles {
        // There is space at the start and at the first check, and none at the second.
        disks: disks(move || match seen.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => 1_000,
            _ => 0,
        }),
        ..Doubles::default()
    };
    doubles.settings.min_free_disk = MinFree::Bytes(100);
    let mut files = MockFileStore::new();
    files.expect_receive().returning(|_, bytes, _| {
        let chunks = futures::executor::block_on(bytes.collect::<Vec<_>>());
        match chunks.into_iter().find_map(Result::err) {
            Some(cause) => Err(ReceiveError::CutOff(cause)),
            None => panic!("the whole upload came in"),
        }
    });
    doubles.files = files;
    let bulk = doubles.application().bulk_uploads;
    let mebibyte = Bytes::from(vec![0; 1 << 20]);
    let bytes = stream::iter((0..64).map(move |_| Ok(mebibyte.clone()))).boxed();
    storage_low(bulk.receive(bytes).await);
    assert!(looks.load(Ordering::Relaxed) >= 3);
}
