//! The application over doubles of every port, and a signed-in user.

use std::sync::Arc;

use accunode_application::{Application, Outbox, Ports, Settings, auth::KnownKeys};
use accunode_domain::{
    Timestamp,
    access::Actor,
    id::{OrganizationId, SessionId, UserId},
    organization::Membership,
    session::Session,
    user::{Email, Profile, Role, User},
};
use accunode_ports::{
    cache::MockCache,
    files::{FileStore, MockFileStore},
    limits::{Budget, LimitClass, MockRateLimiter},
    mail::MockMailer,
    maintenance::MockMaintenance,
    meter::{Meter, NoMeter},
    mock::MockStore,
    monitoring::MockMonitoring,
    repositories::{MockJobQueue, UserFreshness},
    scoring::MockScorer,
    second_factor::MockCodeDevice,
    sessions::MockSessionStore,
    system::{MockClock, MockDisks, MockIdSource, MockPasswordHasher, MockRandomness, Volume},
    throttle::MockThrottle,
};
use accunode_tasks::Tasks;
use accunode_web::{
    AllowedOrigins, Lifecycle, Readiness, Streams, TrustedProxies, WebState, WorkLimits,
};
use actix_web::{
    body::to_bytes,
    http::{StatusCode, header::HeaderMap},
    test,
};
use serde_json::Value;
use uuid::Uuid;

/// The token that the session store accepts.
pub(crate) const TOKEN: &str = "a-token";

/// The doubles that a test can replace.
pub(crate) struct Kit {
    pub(crate) store: MockStore,
    pub(crate) sessions: MockSessionStore,
    pub(crate) files: Arc<dyn FileStore>,
    pub(crate) scorer: MockScorer,
    pub(crate) remaining: u32,
    pub(crate) volumes: Vec<Volume>,
    pub(crate) work: WorkLimits,
    pub(crate) meter: Arc<dyn Meter>,
}

pub(crate) fn user(role: Role, organization: Option<OrganizationId>) -> User {
    User {
        id: UserId(Uuid::from_u128(1)),
        email: Email::from_stored("ada@example.com".to_owned()),
        role,
        organization,
        profile: Profile::default(),
        is_verified: true,
        is_active: true,
        last_login: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        row_version: 4,
    }
}

pub(crate) fn session(user: &User, membership: Option<Membership>) -> Session {
    Session {
        id: SessionId(Uuid::from_u128(2)),
        user: user.id,
        actor: Actor::new(user, membership).unwrap(),
        tenancy_version: 1,
        ip: None,
        user_agent: None,
        created_at: Timestamp::UNIX_EPOCH,
        last_seen_at: Timestamp::UNIX_EPOCH,
        confirmed_at: Timestamp::UNIX_EPOCH,
        second_factor: false,
    }
}

impl Kit {
    /// Without a signed-in user.
    pub(crate) fn new() -> Self {
        let mut store = MockStore::default();
        store
            .auth
            .expect_current()
            .returning(|_, _| Ok(UserFreshness::Unchanged));
        Self {
            store,
            sessions: MockSessionStore::new(),
            files: Arc::new(MockFileStore::new()),
            scorer: MockScorer::new(),
            remaining: 9,
            volumes: Vec::new(),
            work: WorkLimits::default(),
            meter: Arc::new(NoMeter),
        }
    }

    /// With a user who is signed in with [`TOKEN`].
    pub(crate) fn signed_in(session: Session) -> Self {
        let mut kit = Self::new();
        kit.sessions
            .expect_find()
            .returning(move |token| Ok((token == TOKEN).then(|| session.clone())));
        kit
    }

    /// With a signed-in user who has no organization.
    pub(crate) fn with_user() -> Self {
        Self::signed_in(session(&user(Role::User, None), None))
    }

    fn state(self) -> WebState {
        let mut clock = MockClock::new();
        clock.expect_now().returning(|| Timestamp::UNIX_EPOCH);
        let mut ids = MockIdSource::new();
        ids.expect_new_id().returning(|| Uuid::from_u128(77));
        let mut limiter = MockRateLimiter::new();
        let remaining = self.remaining;
        limiter
            .expect_consume()
            .returning(move |_: LimitClass, _: &str| {
                Ok(Budget {
                    allowed: remaining > 0,
                    limit: 10,
                    window_seconds: 60,
                    remaining,
                    reset_seconds: 6,
                })
            });
        let volumes = self.volumes;
        let mut disks = MockDisks::new();
        disks.expect_volumes().returning(move || volumes.clone());
        let tasks = Tasks::here();
        let ports = Ports {
            store: Arc::new(self.store),
            sessions: Arc::new(self.sessions),
            throttle: Arc::new(MockThrottle::new()),
            limiter: Arc::new(MockRateLimiter::new()),
            disks: Arc::new(disks),
            known_keys: KnownKeys::default(),
            cache: Arc::new(MockCache::new()),
            recent_writes: None,
            hasher: Arc::new(MockPasswordHasher::new()),
            codes: Arc::new(MockCodeDevice::new()),
            scorer: Arc::new(self.scorer),
            files: self.files,
            queue: Arc::new(MockJobQueue::new()),
            clock: Arc::new(clock),
            ids: Arc::new(ids),
            randomness: Arc::new(MockRandomness::new()),
            mail: Outbox::new(Arc::new(MockMailer::new()), tasks.clone()),
            meter: self.meter,
            maintenance: Arc::new(MockMaintenance::new()),
            monitoring: Arc::new(MockMonitoring::new()),
            tasks,
            settings: Settings::default(),
        };
        let application = Application::new(Arc::new(ports));
        WebState {
            readiness: Readiness::new(&application, Vec::new()),
            lifecycle: Lifecycle::default(),
            application,
            limiter: Arc::new(limiter),
            streams: Streams::default(),
            work: self.work,
            proxies: TrustedProxies::default(),
            origins: AllowedOrigins::default(),
        }
    }

    /// Sends requests concurrently and returns their statuses.
    pub(crate) async fn ask_at_once(self, requests: Vec<test::TestRequest>) -> Vec<u16> {
        let app = test::init_service(accunode_web::app(&self.state())).await;
        let asked = requests
            .into_iter()
            .map(|request| test::call_service(&app, request.to_request()));
        let responses = futures::future::join_all(asked).await;
        responses.iter().map(|r| r.status().as_u16()).collect()
    }

    /// Sends one request and returns the answer.
    pub(crate) async fn ask(self, request: test::TestRequest) -> Answer {
        let app = test::init_service(accunode_web::app(&self.state())).await;
        let response = test::call_service(&app, request.to_request()).await;
        let status = response.status();
        let headers = response.headers().clone();
        let body = to_bytes(response.into_body()).await.unwrap();
        Answer {
            status,
            headers,
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}

/// An answer, read completely.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|v| v.to_str().unwrap())
            .unwrap_or_default()
    }

    /// Checks that the answer is this problem document.
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let document = self.json();
        assert_eq!(document["code"], code);
        assert_eq!(document["status"], status);
        assert_eq!(document["request_id"], self.header("x-request-id"));
    }

    /// The codes of all faults.
    pub(crate) fn faults(&self) -> Vec<(String, String)> {
        let document = self.json();
        let errors = document["errors"].as_array().unwrap();
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        errors
            .iter()
            .map(|e| (text(&e["pointer"]), text(&e["code"])))
            .collect()
    }
}

/// A request of a signed-in user.
pub(crate) fn get(path: &str) -> test::TestRequest {
    test::TestRequest::get()
        .uri(path)
        .insert_header(("Authorization", format!("Bearer {TOKEN}")))
}

/// The same, with a body.
pub(crate) fn post(path: &str, body: &'static str) -> test::TestRequest {
    test::TestRequest::post()
        .uri(path)
        .insert_header(("Authorization", format!("Bearer {TOKEN}")))
        .insert_header(("Content-Type", "application/json"))
        .set_payload(body)
}
