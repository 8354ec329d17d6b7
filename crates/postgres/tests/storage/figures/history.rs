//! A random history of rows, users and organizations.

use accunode_domain::{
    access::{Actor, Grant, Scope},
    company::{Company, CompanyDraft},
    id::CompanyId,
    owner::AccessLevel,
    page::{Limit, Sort},
    prediction::{EnsembleParts, Kind, Prediction},
    risk::{Pd, Thresholds},
};
use accunode_ports::{
    RepositoryError,
    repositories::{CompanyFilter, PredictionFilter, Repositories},
};
use uuid::Uuid;

use crate::fixture::{Fixture, USERS, id, noon, organization, prediction};

/// Pseudo-random numbers that are the same in every run (SplitMix64).
pub(super) struct Rng(pub(super) u64);

impl Rng {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(super) fn of<'t, T>(&mut self, items: &'t [T]) -> Option<&'t T> {
        match items.len() {
            0 => None,
            n => Some(&items[self.below(n)]),
        }
    }

    /// Returns a probability from one in 100,000 to 1, evenly on the logarithm.
    pub(super) fn probability(&mut self) -> f64 {
        10_f64.powf(-(self.below(5_000) as f64) / 1_000.0)
    }
}

/// A random step, which may be refused.
pub(super) struct RandomStep<'w> {
    pub(super) fixture: &'w Fixture,
    pub(super) rng: Rng,
    pub(super) made: u32,
    pub(super) step_count: usize,
}

impl RandomStep<'_> {
    pub(super) async fn step(&mut self) {
        let (name, ..) = USERS[self.rng.below(USERS.len())];
        let actor = self.fixture.actor(name).await;
        match self.rng.below(20) {
            0 => self.make_company(&actor).await,
            1..=9 => self.predict(&actor).await,
            10..=11 => self.rescore(&actor).await,
            12..=14 => self.widen_access(&actor).await,
            15 => self.remove_prediction(&actor).await,
            16 => self.remove_company(&actor).await,
            17 => self.move_user().await,
            18 => self.change_organization().await,
            _ => self.fold().await,
        }
    }

    pub(super) async fn make_company(&mut self, actor: &Actor) {
        let level = AccessLevel::ALL[self.rng.below(3)];
        let named = *self
            .rng
            .of(&[None, Some(organization("A")), Some(organization("B"))])
            .unwrap();
        let named = named.filter(|_| level == AccessLevel::Organization);
        let Ok(grant) = actor.create(Some(level), named) else {
            return;
        };
        self.made += 1;
        let pick = |rng: &mut Rng, names: &[&str]| rng.of(names).map(|name| (*name).to_owned());
        let draft = CompanyDraft {
            symbol: format!("S{}", self.made),
            sector: pick(&mut self.rng, &["Energy", "Utilities", "Materials"]),
            industry: pick(&mut self.rng, &["Oil", "Gas", ""]),
            country: pick(&mut self.rng, &["USA", "POL"]),
            ..CompanyDraft::default()
        };
        let work = self.fixture.begin(actor).await;
        let company = CompanyId(Uuid::new_v4());
        let profile = draft.check().unwrap();
        work.companies()
            .add(grant, company, &profile)
            .await
            .unwrap();
        work.commit().await.unwrap();
        self.step_count += 1;
    }

    pub(super) async fn companies(&self, scope: &Scope) -> Vec<Company> {
        let companies = self.fixture.store.companies();
        let all = (CompanyFilter::default(), Limit::new(100).unwrap());
        companies
            .list(scope, &all.0, Sort::CreatedAt, all.1, None)
            .await
            .unwrap()
            .rows
    }

    pub(super) async fn some_prediction(&mut self, scope: &Scope) -> Option<Prediction> {
        let kind = Kind::ALL[self.rng.below(2)];
        let all = (PredictionFilter::default(), Limit::new(100).unwrap());
        let predictions = self.fixture.store.predictions();
        let page = predictions
            .list(scope, kind, &all.0, Sort::CreatedAt, all.1, None)
            .await
            .unwrap();
        self.rng.of(&page.rows).cloned()
    }

    pub(super) async fn predict(&mut self, actor: &Actor) {
        let companies = self.companies(&actor.scope()).await;
        let Some(company) = self.rng.of(&companies) else {
            return;
        };
        let level = AccessLevel::ALL[self.rng.below(3)];
        let Ok(grant) = actor.predict(Some(level), None, company.owner) else {
            return;
        };
        let year = 2020 + self.rng.below(3);
        let period = match self.rng.below(2) {
            0 => format!("{year}"),
            _ => format!("{year} Q{}", 1 + self.rng.below(2)),
        };
        let pd = self.rng.probability();
        self.made += 1;
        let mut new = prediction(grant, company, &period, pd);
        new.created_at = noon() + std::time::Duration::from_secs(u64::from(self.made));
        self.randomize(&mut new);
        let work = self.fixture.begin(actor).await;
        if work.predictions().add(grant, &new).await.is_ok() {
            work.commit().await.unwrap();
            self.step_count += 1;
        }
    }

    /// Sets other probabilities and another confidence than the default ones.
    pub(super) fn randomize(&mut self, prediction: &mut Prediction) {
        let outcome = &mut prediction.outcome;
        outcome.pd = Pd::new(self.rng.probability()).unwrap();
        outcome.risk_level = Thresholds::FALLBACK.level(outcome.pd);
        outcome.confidence = self.rng.below(10_001) as f64 / 10_000.0;
        if outcome.parts.is_some() {
            outcome.parts = Some(EnsembleParts {
                logistic: Pd::new(self.rng.probability()).unwrap(),
                gbm: Pd::new(self.rng.probability()).unwrap(),
            });
        }
    }

    pub(super) async fn rescore(&mut self, actor: &Actor) {
        let Some(stored) = self.some_prediction(&actor.scope()).await else {
            return;
        };
        let Ok(grant) = actor.write(stored.owner, stored.created_by) else {
            return;
        };
        let mut next = stored.clone();
        self.randomize(&mut next);
        self.replace(actor, grant, &next).await;
    }

    pub(super) async fn widen_access(&mut self, actor: &Actor) {
        let Some(stored) = self.some_prediction(&actor.scope()).await else {
            return;
        };
        let level = AccessLevel::ALL[1 + self.rng.below(2)];
        let companies = self.fixture.store.companies();
        let company = companies.find(&actor.scope(), stored.company.id).await;
        let Some(company) = company.unwrap() else {
            return;
        };
        let grant = actor.widen_prediction_access(
            stored.owner,
            stored.created_by,
            level,
            None,
            company.owner,
        );
        let Ok(grant) = grant else { return };
        let next = Prediction {
            owner: grant.owner(),
            ..stored.clone()
        };
        self.replace(actor, grant, &next).await;
    }

    pub(super) async fn replace(&mut self, actor: &Actor, grant: Grant, next: &Prediction) {
        let work = self.fixture.begin(actor).await;
        let version = next.row_version;
        match work.predictions().replace(grant, next, version).await {
            Ok(()) => {
                work.commit().await.unwrap();
                self.step_count += 1;
            }
            // The wider owner has such a row already.
            Err(RepositoryError::Conflict { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }

    pub(super) async fn remove_prediction(&mut self, actor: &Actor) {
        let Some(stored) = self.some_prediction(&actor.scope()).await else {
            return;
        };
        let Ok(grant) = actor.write(stored.owner, stored.created_by) else {
            return;
        };
        let work = self.fixture.begin(actor).await;
        let kind = stored.period.kind();
        let version = stored.row_version;
        let removed = work.predictions().remove(grant, kind, stored.id, version);
        removed.await.unwrap();
        work.commit().await.unwrap();
        self.step_count += 1;
    }

    pub(super) async fn remove_company(&mut self, actor: &Actor) {
        let companies = self.companies(&actor.scope()).await;
        let Some(company) = self.rng.of(&companies) else {
            return;
        };
        let Ok(grant) = actor.write(company.owner, company.created_by) else {
            return;
        };
        let work = self.fixture.begin(actor).await;
        let removed = work
            .companies()
            .remove(grant, company.id, company.row_version);
        match removed.await {
            Ok(()) => {
                work.commit().await.unwrap();
                self.step_count += 1;
            }
            // Rows of other owners refer to it, so it stays.
            Err(RepositoryError::Stale { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }

    pub(super) async fn move_user(&mut self) {
        let name = *self.rng.of(&["m1", "m2", "oA", "mB"]).unwrap();
        let (role, to) = *self
            .rng
            .of(&[
                ("org_member", "A"),
                ("org_member", "B"),
                ("org_admin", "B"),
                ("tenant_admin", "R"),
                ("user", ""),
            ])
            .unwrap();
        sqlx::query("UPDATE users SET role = $2, organization_id = $3 WHERE id = $1")
            .bind(id(name))
            .bind(role)
            .bind((!to.is_empty()).then(|| id(to)))
            .execute(&self.fixture.superuser)
            .await
            .unwrap();
        self.step_count += 1;
    }

    pub(super) async fn change_organization(&mut self) {
        let sql = match self.rng.below(3) {
            0 => "UPDATE organizations SET hide_system_data = NOT hide_system_data WHERE id = $1",
            1 => "UPDATE organizations SET parent_id = $2 WHERE id = $1",
            // Two organizations may have the same name.
            _ => "UPDATE organizations SET name = 'Acme' WHERE id = $1",
        };
        let child = *self.rng.of(&["A", "B"]).unwrap();
        let root = *self.rng.of(&["R", "Z"]).unwrap();
        let query = sqlx::query(sql).bind(id(child));
        let query = if sql.contains("$2") {
            query.bind(id(root))
        } else {
            query
        };
        query.execute(&self.fixture.superuser).await.unwrap();
        self.step_count += 1;
    }

    pub(super) async fn fold(&mut self) {
        sqlx::query("SELECT fold_prediction_rollups(3)")
            .execute(&self.fixture.superuser)
            .await
            .unwrap();
    }
}
