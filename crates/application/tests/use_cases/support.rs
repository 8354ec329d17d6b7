//! Mocks of the ports that refuse every call that a test does not expect.

use std::sync::{Arc, atomic::AtomicBool};

use accunode_application::{Application, Caller, Outbox, Ports, Settings, auth::KnownKeys};
use accunode_domain::{
    Timestamp,
    access::Actor,
    audit::RequestContext,
    id::{CompanyId, OrganizationId, UserId},
    organization::Membership,
    prediction::Outcome,
    ratio::Ratios,
    risk::{Explanation, ModelRef, Pd, RiskLevel, SectorScope},
    user::{Email, Profile, Role, User},
};
use accunode_ports::{
    cache::MockCache,
    files::MockFileStore,
    limits::{Budget, MockRateLimiter},
    mail::MockMailer,
    maintenance::MockMaintenance,
    meter::NoMeter,
    mock::{MockStore, MockUnitOfWork},
    monitoring::MockMonitoring,
    repositories::MockJobQueue,
    scoring::{MockScorer, Scored, ScoringError, TrainingFacts},
    second_factor::MockCodeDevice,
    sessions::MockSessionStore,
    system::{MockClock, MockDisks, MockIdSource, MockPasswordHasher, MockRandomness},
    throttle::{Admission, MockThrottle},
};
use accunode_tasks::Tasks;
use uuid::Uuid;

pub(crate) struct Doubles {
    pub(crate) store: MockStore,
    pub(crate) sessions: MockSessionStore,
    pub(crate) throttle: MockThrottle,
    pub(crate) limiter: MockRateLimiter,
    pub(crate) disks: MockDisks,
    pub(crate) cache: MockCache,
    pub(crate) hasher: MockPasswordHasher,
    pub(crate) scorer: MockScorer,
    pub(crate) files: MockFileStore,
    pub(crate) queue: MockJobQueue,
    pub(crate) mailer: MockMailer,
    pub(crate) settings: Settings,
}

impl Default for Doubles {
    fn default() -> Self {
        let mut cache = MockCache::new();
        cache.expect_invalidate().returning(|_| Ok(()));
        let mut throttle = MockThrottle::new();
        throttle.expect_admit().returning(|_| Ok(Admission::Go));
        throttle.expect_succeeded().returning(|_| Ok(()));
        let mut disks = MockDisks::new();
        disks.expect_volumes().returning(Vec::new);
        let mut scorer = MockScorer::new();
        scorer.expect_accepts_missing().return_const(true);
        Self {
            store: MockStore::default(),
            sessions: MockSessionStore::new(),
            throttle,
            limiter: generous(),
            disks,
            cache,
            hasher: MockPasswordHasher::new(),
            scorer,
            files: MockFileStore::new(),
            queue: MockJobQueue::new(),
            mailer: MockMailer::new(),
            settings: Settings::default(),
        }
    }
}

impl Doubles {
    /// No user has a second factor.
    pub(crate) fn without_second_factors(&mut self) {
        let factors = &mut self.store.second_factors;
        factors.expect_find().returning(|_| Ok(None));
    }

    /// Adds one unit of work, and returns whether it was committed.
    pub(crate) fn unit(&mut self, arrange: impl FnOnce(&mut MockUnitOfWork)) -> Arc<AtomicBool> {
        let mut unit = MockUnitOfWork::default();
        arrange(&mut unit);
        let committed = unit.committed.clone();
        self.store.units.get_mut().unwrap().push(unit);
        committed
    }

    pub(crate) fn application(self) -> Application {
        let mut clock = MockClock::new();
        clock.expect_now().returning(noon);
        let mut ids = MockIdSource::new();
        ids.expect_new_id().returning(Uuid::new_v4);
        let mut randomness = MockRandomness::new();
        randomness.expect_bits().return_const([7; 32]);
        let tasks = Tasks::here();
        Application::new(Arc::new(Ports {
            store: Arc::new(self.store),
            sessions: Arc::new(self.sessions),
            throttle: Arc::new(self.throttle),
            limiter: Arc::new(self.limiter),
            disks: Arc::new(self.disks),
            known_keys: KnownKeys::default(),
            recent_writes: None,
            cache: Arc::new(self.cache),
            hasher: Arc::new(self.hasher),
            codes: Arc::new(MockCodeDevice::new()),
            scorer: Arc::new(self.scorer),
            files: Arc::new(self.files),
            queue: Arc::new(self.queue),
            clock: Arc::new(clock),
            ids: Arc::new(ids),
            randomness: Arc::new(randomness),
            mail: Outbox::new(Arc::new(self.mailer), tasks.clone()),
            meter: Arc::new(NoMeter),
            maintenance: Arc::new(MockMaintenance::new()),
            monitoring: Arc::new(MockMonitoring::new()),
            tasks,
            settings: self.settings,
        }))
    }
}

/// A limiter that refuses nothing.
pub(crate) fn generous() -> MockRateLimiter {
    limiter(|_, _| true)
}

/// A limiter that allows what `allowed` returns for a budget's name and principal.
pub(crate) fn limiter(allowed: impl Fn(&str, &str) -> bool + Send + 'static) -> MockRateLimiter {
    let mut limiter = MockRateLimiter::new();
    limiter
        .expect_consume_from()
        .returning(move |name, quota, principal| {
            Ok(Budget {
                allowed: allowed(name, principal),
                limit: quota.requests,
                window_seconds: quota.window_seconds,
                remaining: 0,
                reset_seconds: 7,
            })
        });
    limiter
}

pub(crate) fn noon() -> Timestamp {
    Timestamp::from_unix_timestamp(1_700_000_000).unwrap()
}

pub(crate) fn user(role: Role, organization: Option<OrganizationId>) -> User {
    User {
        id: UserId(Uuid::new_v4()),
        email: Email::parse("/email", "ana@example.com").unwrap(),
        role,
        organization,
        profile: Profile::default(),
        is_verified: true,
        is_active: true,
        last_login: None,
        created_at: noon(),
        updated_at: noon(),
        row_version: 1,
    }
}

pub(crate) fn membership(organization: OrganizationId) -> Membership {
    Membership {
        organization,
        parent: None,
        children: Vec::new(),
        is_active: true,
        hide_system_data: false,
        require_second_factor: false,
    }
}

pub(crate) fn caller(user: &User) -> Caller {
    let actor = Actor::new(user, user.organization.map(membership)).unwrap();
    Caller {
        actor,
        context: RequestContext::default(),
        session: None,
        confirmed_at: None,
        key: None,
        second_factor: false,
    }
}

pub(crate) fn model() -> ModelRef {
    ModelRef {
        name: "annual".into(),
        version: "1".into(),
        sha256: "00".into(),
    }
}

pub(crate) fn scored(_: &Ratios) -> Scored {
    Scored {
        outcome: Outcome {
            pd: Pd::new(0.02).unwrap(),
            parts: None,
            risk_level: RiskLevel::Medium,
            confidence: 0.9,
            model: model(),
        },
        explanation: Some(Explanation {
            base: 0.0,
            reasons: Vec::new(),
            log_odds: 0.0,
        }),
    }
}

pub(crate) fn scorer() -> MockScorer {
    scorer_that(true)
}

/// A model that accepts no gaps and, like the real ones, fails a whole call with one.
pub(crate) fn scorer_without_gaps() -> MockScorer {
    scorer_that(false)
}

fn scorer_that(accepts_missing: bool) -> MockScorer {
    let mut scorer = MockScorer::new();
    scorer.expect_score().returning(move |_, ratios, _| {
        let gap = |r: &Ratios| r.values().iter().any(|v| v.scored.is_none());
        assert!(
            accepts_missing || !ratios.iter().any(gap),
            "a gap was scored"
        );
        Ok(ratios.iter().map(scored).collect())
    });
    scorer
        .expect_covers_sector()
        .returning(|_, sector| sector != "Financials");
    scorer
        .expect_score_by()
        .returning(|named, _, ratios, _| match *named == model() {
            true => Ok(ratios.iter().map(scored).collect()),
            false => Err(ScoringError::NotServed(named.clone())),
        });
    scorer.expect_training().returning(|kind| TrainingFacts {
        medians: vec![3.0; kind.ratios().len()],
        sectors: SectorScope::all_but(["Financials"]),
    });
    scorer
        .expect_accepts_missing()
        .return_const(accepts_missing);
    scorer
}

pub(crate) fn company_id() -> CompanyId {
    CompanyId(Uuid::from_u128(7))
}
