//! The organizations and users of the tests: root R with children A and B, another root Z;
//! and predictions for them.

use accunode_domain::{
    Timestamp,
    access::{Actor, Grant},
    company::{Company, CompanyDraft, CompanyProfile},
    decimal::Decimal,
    id::{CompanyId, OrganizationId, PredictionId, UserId},
    owner::AccessLevel,
    prediction::{EnsembleParts, Kind, Outcome, Period, Prediction, StoredRatios},
    ratio::RatioUnit,
    risk::{ModelRef, Pd, Thresholds},
};
use accunode_ports::repositories::{Repositories, Store, UnitOfWork};
use accunode_postgres::{PgStore, PoolSettings};
use sqlx::PgPool;
use uuid::Uuid;

use accunode_test_database::Database;

use crate::support::{settings, store};

/// All users: name, role, organization.
pub(crate) const USERS: [(&str, &str, &str); 8] = [
    ("u0", "user", ""),
    ("m1", "org_member", "A"),
    ("m2", "org_member", "A"),
    ("oA", "org_admin", "A"),
    ("mB", "org_member", "B"),
    ("tR", "tenant_admin", "R"),
    ("tZ", "tenant_admin", "Z"),
    ("sa", "super_admin", ""),
];

/// A database that contains all users.
pub(crate) struct Fixture {
    pub(crate) store: PgStore,
    pub(crate) superuser: PgPool,
    // Declared last: it is dropped after the connections to it.
    pub(crate) database: Database,
}

impl Fixture {
    pub(crate) async fn create() -> Self {
        let database = Database::create().await;
        let superuser = database.superuser().await;
        for (name, parent) in [("R", ""), ("Z", ""), ("A", "R"), ("B", "R")] {
            sqlx::query("INSERT INTO organizations (id, name, parent_id) VALUES ($1, $2, $3)")
                .bind(id(name))
                .bind(name)
                .bind((!parent.is_empty()).then(|| id(parent)))
                .execute(&superuser)
                .await
                .unwrap();
        }
        for (name, role, organization) in USERS {
            sqlx::query(
                "INSERT INTO users (id, email, password_hash, role, organization_id, is_verified) \
                 VALUES ($1, $2, 'hash', $3, $4, true)",
            )
            .bind(id(name))
            .bind(format!("{}@example.com", name.to_lowercase()))
            .bind(role)
            .bind((!organization.is_empty()).then(|| id(organization)))
            .execute(&superuser)
            .await
            .unwrap();
        }
        Self {
            store: store(&database).await,
            superuser,
            database,
        }
    }

    /// Returns the store as a superuser, to whom no policy applies: it shows what the
    /// store's own conditions permit.
    pub(crate) async fn without_policies(&self) -> PgStore {
        let superuser = PoolSettings {
            set_role: None,
            ..settings()
        };
        PgStore::connect(self.database.url(), superuser)
            .await
            .unwrap()
    }

    /// Returns the actor of this user as currently stored.
    pub(crate) async fn actor(&self, name: &str) -> Actor {
        let found = self
            .store
            .auth()
            .with_membership(UserId(id(name)))
            .await
            .unwrap();
        let (user, membership, _) = found.unwrap();
        Actor::new(&user, membership).unwrap()
    }

    /// Begins a unit of work of this user.
    pub(crate) async fn begin(&self, actor: &Actor) -> Box<dyn UnitOfWork> {
        self.store.begin(&actor.scope()).await.unwrap()
    }

    /// Stores a company.
    pub(crate) async fn company(&self, actor: &Actor, level: AccessLevel, symbol: &str) -> Company {
        let work = self.begin(actor).await;
        let grant = grant(actor, level);
        let company = work
            .companies()
            .add(grant, CompanyId(Uuid::new_v4()), &profile(symbol))
            .await;
        work.commit().await.unwrap();
        company.unwrap()
    }

    /// Stores a prediction on a company.
    pub(crate) async fn predict(
        &self,
        actor: &Actor,
        level: AccessLevel,
        company: &Company,
        period: &str,
        pd: f64,
    ) -> Prediction {
        let grant = grant(actor, level);
        let mut prediction = prediction(grant, company, period, pd);
        let work = self.begin(actor).await;
        prediction.updated_at = work.predictions().add(grant, &prediction).await.unwrap();
        work.commit().await.unwrap();
        prediction
    }

    /// Returns the number that a statement gives, bypassing the store.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(&self.superuser)
            .await
            .unwrap()
    }
}

/// Returns the id with this name.
pub(crate) fn id(name: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes[0] = 1;
    for (byte, c) in bytes[1..].iter_mut().zip(name.bytes()) {
        *byte = c;
    }
    Uuid::from_bytes(bytes)
}

pub(crate) fn organization(name: &str) -> OrganizationId {
    OrganizationId(id(name))
}

/// Returns the right to create a row of this level; for an organization it is the actor's
/// own.
pub(crate) fn grant(actor: &Actor, level: AccessLevel) -> Grant {
    actor.create(Some(level), None).unwrap()
}

pub(crate) fn profile(symbol: &str) -> CompanyProfile {
    let draft = CompanyDraft {
        symbol: symbol.to_owned(),
        name: Some(format!("{symbol} Incorporated")),
        sector: Some("Energy".to_owned()),
        ..CompanyDraft::default()
    };
    draft.check().unwrap()
}

/// Parses `2024` or `2024 Q3`.
pub(crate) fn period(text: &str) -> Period {
    let (year, quarter) = text
        .split_once(' ')
        .map_or((text, None), |(year, q)| (year, Some(q)));
    let kind = if quarter.is_some() {
        Kind::Quarterly
    } else {
        Kind::Annual
    };
    Period::parse(kind, year, quarter).unwrap()
}

pub(crate) fn outcome(kind: Kind, pd: f64) -> Outcome {
    let pd = Pd::new(pd).unwrap();
    let parts = EnsembleParts {
        logistic: Pd::new(0.25).unwrap(),
        gbm: Pd::new(0.125).unwrap(),
    };
    Outcome {
        pd,
        parts: (kind == Kind::Quarterly).then_some(parts),
        risk_level: Thresholds::FALLBACK.level(pd),
        confidence: 0.75,
        model: ModelRef {
            name: kind.to_string(),
            version: "1".to_owned(),
            sha256: "a".repeat(64),
        },
    }
}

/// Returns ratios that are all equal to this share, with 4 decimals.
pub(crate) fn ratios(kind: Kind, share: f64) -> StoredRatios {
    let n = kind.ratios().len();
    let mut ratios = StoredRatios {
        values: vec![Some(Decimal::rounded(share)); n],
        raw: vec![Some((share * 100.0).to_string()); n],
        unit: RatioUnit::Percent,
        flags: vec![format!("{}:missing", kind.ratios()[n - 1].name)],
    };
    ratios.values[n - 1] = None;
    ratios.raw[n - 1] = None;
    ratios
}

pub(crate) fn prediction(grant: Grant, company: &Company, text: &str, pd: f64) -> Prediction {
    let period = period(text);
    let kind = period.kind();
    Prediction {
        id: PredictionId(Uuid::new_v4()),
        company: company.snapshot(),
        period,
        outcome: outcome(kind, pd),
        predicted_at: noon(),
        ratios: ratios(kind, 0.25),
        owner: grant.owner(),
        created_by: grant.by(),
        origin: None,
        created_at: noon(),
        updated_at: noon(),
        row_version: 1,
    }
}

/// 14 November 2023, 22:13:20 UTC.
pub(crate) fn noon() -> Timestamp {
    Timestamp::from_unix_timestamp(1_700_000_000).unwrap()
}
