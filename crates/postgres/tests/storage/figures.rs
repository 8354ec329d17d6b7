//! The law of figures: whatever happens to rows, people and organizations, every figure
//! that somebody is shown equals the same figure in plain SQL over what he may read.

use std::fmt::Write as _;

use accunode_domain::{
    access::{Actor, DashboardScope, Grant, Scope},
    company::{Company, CompanyDraft},
    id::{CompanyId, OrganizationId},
    owner::AccessLevel,
    page::{Limit, Sort},
    prediction::{EnsembleParts, Kind, Prediction, ReportingYear},
    risk::{Pd, Thresholds},
};
use accunode_ports::{
    RepositoryError,
    repositories::{CompanyFilter, GroupBy, PredictionFilter, Repositories},
};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use crate::world::{PEOPLE, World, id, noon, organization, prediction};

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn of<'t, T>(&mut self, items: &'t [T]) -> Option<&'t T> {
        match items.len() {
            0 => None,
            n => Some(&items[self.below(n)]),
        }
    }

    /// From one in 100,000 to certain, evenly on the logarithm.
    fn probability(&mut self) -> f64 {
        10_f64.powf(-(self.below(5_000) as f64) / 1_000.0)
    }
}

/// Something happens, or is refused.
struct Life<'w> {
    world: &'w World,
    dice: Dice,
    made: u32,
    happened: usize,
}

impl Life<'_> {
    async fn step(&mut self) {
        let (name, ..) = PEOPLE[self.dice.below(PEOPLE.len())];
        let actor = self.world.actor(name).await;
        match self.dice.below(20) {
            0 => self.make_company(&actor).await,
            1..=9 => self.predict(&actor).await,
            10..=11 => self.rescore(&actor).await,
            12..=14 => self.raise(&actor).await,
            15 => self.remove_prediction(&actor).await,
            16 => self.remove_company(&actor).await,
            17 => self.move_person().await,
            18 => self.change_organization().await,
            _ => self.fold().await,
        }
    }

    async fn make_company(&mut self, actor: &Actor) {
        let level = AccessLevel::ALL[self.dice.below(3)];
        let named = *self
            .dice
            .of(&[None, Some(organization("A")), Some(organization("B"))])
            .unwrap();
        let named = named.filter(|_| level == AccessLevel::Organization);
        let Ok(grant) = actor.create(Some(level), named) else {
            return;
        };
        self.made += 1;
        let pick = |dice: &mut Dice, names: &[&str]| dice.of(names).map(|name| (*name).to_owned());
        let draft = CompanyDraft {
            symbol: format!("S{}", self.made),
            sector: pick(&mut self.dice, &["Energy", "Utilities", "Materials"]),
            industry: pick(&mut self.dice, &["Oil", "Gas", ""]),
            country: pick(&mut self.dice, &["USA", "POL"]),
            ..CompanyDraft::default()
        };
        let work = self.world.begin(actor).await;
        let company = CompanyId(Uuid::new_v4());
        let profile = draft.check().unwrap();
        work.companies()
            .add(grant, company, &profile)
            .await
            .unwrap();
        work.commit().await.unwrap();
        self.happened += 1;
    }

    async fn companies(&self, scope: &Scope) -> Vec<Company> {
        let companies = self.world.store.companies();
        let all = (CompanyFilter::default(), Limit::new(100).unwrap());
        companies
            .list(scope, &all.0, Sort::CreatedAt, all.1, None)
            .await
            .unwrap()
            .rows
    }

    async fn some_prediction(&mut self, scope: &Scope) -> Option<Prediction> {
        let kind = Kind::ALL[self.dice.below(2)];
        let all = (PredictionFilter::default(), Limit::new(100).unwrap());
        let predictions = self.world.store.predictions();
        let page = predictions
            .list(scope, kind, &all.0, Sort::CreatedAt, all.1, None)
            .await
            .unwrap();
        self.dice.of(&page.rows).cloned()
    }

    async fn predict(&mut self, actor: &Actor) {
        let companies = self.companies(&actor.scope()).await;
        let Some(company) = self.dice.of(&companies) else {
            return;
        };
        let level = AccessLevel::ALL[self.dice.below(3)];
        let Ok(grant) = actor.predict(Some(level), None, company.owner) else {
            return;
        };
        let year = 2020 + self.dice.below(3);
        let period = match self.dice.below(2) {
            0 => format!("{year}"),
            _ => format!("{year} Q{}", 1 + self.dice.below(2)),
        };
        let pd = self.dice.probability();
        self.made += 1;
        let mut new = prediction(grant, company, &period, pd);
        new.created_at = noon() + std::time::Duration::from_secs(u64::from(self.made));
        self.dress(&mut new);
        let work = self.world.begin(actor).await;
        if work.predictions().add(grant, &new).await.is_ok() {
            work.commit().await.unwrap();
            self.happened += 1;
        }
    }

    /// Other probabilities and another confidence than everybody's.
    fn dress(&mut self, prediction: &mut Prediction) {
        let outcome = &mut prediction.outcome;
        outcome.pd = Pd::new(self.dice.probability()).unwrap();
        outcome.risk_level = Thresholds::FALLBACK.level(outcome.pd);
        outcome.confidence = self.dice.below(10_001) as f64 / 10_000.0;
        if outcome.parts.is_some() {
            outcome.parts = Some(EnsembleParts {
                logistic: Pd::new(self.dice.probability()).unwrap(),
                gbm: Pd::new(self.dice.probability()).unwrap(),
            });
        }
    }

    async fn rescore(&mut self, actor: &Actor) {
        let Some(stored) = self.some_prediction(&actor.scope()).await else {
            return;
        };
        let Ok(grant) = actor.write(stored.owner, stored.created_by) else {
            return;
        };
        let mut next = stored.clone();
        self.dress(&mut next);
        self.replace(actor, grant, &next).await;
    }

    async fn raise(&mut self, actor: &Actor) {
        let Some(stored) = self.some_prediction(&actor.scope()).await else {
            return;
        };
        let level = AccessLevel::ALL[1 + self.dice.below(2)];
        let companies = self.world.store.companies();
        let company = companies.find(&actor.scope(), stored.company.id).await;
        let Some(company) = company.unwrap() else {
            return;
        };
        let grant =
            actor.raise_prediction(stored.owner, stored.created_by, level, None, company.owner);
        let Ok(grant) = grant else { return };
        let next = Prediction {
            owner: grant.owner(),
            ..stored.clone()
        };
        self.replace(actor, grant, &next).await;
    }

    async fn replace(&mut self, actor: &Actor, grant: Grant, next: &Prediction) {
        let work = self.world.begin(actor).await;
        let version = next.row_version;
        match work.predictions().replace(grant, next, version).await {
            Ok(()) => {
                work.commit().await.unwrap();
                self.happened += 1;
            }
            // The wider owner has one already.
            Err(RepositoryError::Conflict { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }

    async fn remove_prediction(&mut self, actor: &Actor) {
        let Some(stored) = self.some_prediction(&actor.scope()).await else {
            return;
        };
        let Ok(grant) = actor.write(stored.owner, stored.created_by) else {
            return;
        };
        let work = self.world.begin(actor).await;
        let kind = stored.period.kind();
        let version = stored.row_version;
        let removed = work.predictions().remove(grant, kind, stored.id, version);
        removed.await.unwrap();
        work.commit().await.unwrap();
        self.happened += 1;
    }

    async fn remove_company(&mut self, actor: &Actor) {
        let companies = self.companies(&actor.scope()).await;
        let Some(company) = self.dice.of(&companies) else {
            return;
        };
        let Ok(grant) = actor.write(company.owner, company.created_by) else {
            return;
        };
        let work = self.world.begin(actor).await;
        let removed = work
            .companies()
            .remove(grant, company.id, company.row_version);
        removed.await.unwrap();
        work.commit().await.unwrap();
        self.happened += 1;
    }

    async fn move_person(&mut self) {
        let name = *self.dice.of(&["m1", "m2", "oA", "mB"]).unwrap();
        let (role, to) = *self
            .dice
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
            .execute(&self.world.superuser)
            .await
            .unwrap();
        self.happened += 1;
    }

    async fn change_organization(&mut self) {
        let sql = match self.dice.below(3) {
            0 => "UPDATE organizations SET hide_system_data = NOT hide_system_data WHERE id = $1",
            1 => "UPDATE organizations SET parent_id = $2 WHERE id = $1",
            // Two organizations may have the same name.
            _ => "UPDATE organizations SET name = 'Acme' WHERE id = $1",
        };
        let child = *self.dice.of(&["A", "B"]).unwrap();
        let root = *self.dice.of(&["R", "Z"]).unwrap();
        let query = sqlx::query(sql).bind(id(child));
        let query = if sql.contains("$2") {
            query.bind(id(root))
        } else {
            query
        };
        query.execute(&self.world.superuser).await.unwrap();
        self.happened += 1;
    }

    async fn fold(&mut self) {
        sqlx::query("SELECT fold_prediction_rollups(3)")
            .execute(&self.world.superuser)
            .await
            .unwrap();
    }
}

/// What somebody may read, as a condition on the alias, from the facts alone.
struct Plain {
    everything: Vec<String>,
    personal: String,
    organizations: Vec<OrganizationId>,
    system: String,
}

impl Plain {
    async fn of(world: &World, name: &str) -> Self {
        let facts = sqlx::query(
            "SELECT u.role, u.organization_id, o.parent_id, coalesce(o.hide_system_data, false) AS hides, \
             ARRAY(SELECT id FROM organizations c WHERE c.parent_id = u.organization_id) AS children, \
             ARRAY(SELECT id FROM organizations) AS every \
             FROM users u LEFT JOIN organizations o ON o.id = u.organization_id WHERE u.id = $1",
        )
        .bind(id(name))
        .fetch_one(&world.superuser)
        .await
        .unwrap();
        let role: String = facts.get("role");
        let own: Option<Uuid> = facts.get("organization_id");
        let mut organizations: Vec<Uuid> = own.into_iter().collect();
        match role.as_str() {
            "super_admin" => organizations = facts.get("every"),
            "tenant_admin" if facts.get::<Option<Uuid>, _>("parent_id").is_none() => {
                organizations.extend(facts.get::<Vec<Uuid>, _>("children"));
            }
            _ => {}
        }
        let organizations: Vec<_> = organizations.into_iter().map(OrganizationId).collect();
        let personal = format!(
            "(p.access_level = 'personal' AND p.created_by = '{}')",
            id(name)
        );
        let system = if facts.get("hides") {
            "false".to_owned()
        } else {
            "p.access_level = 'system'".to_owned()
        };
        let everything = vec![personal.clone(), of_any(&organizations), system.clone()];
        Self {
            everything,
            personal,
            organizations,
            system,
        }
    }

    fn all(&self) -> String {
        format!("({})", self.everything.join(" OR "))
    }
}

fn of_any(organizations: &[OrganizationId]) -> String {
    let ids: Vec<_> = organizations.iter().map(|id| format!("'{id}'")).collect();
    match ids.len() {
        0 => "false".to_owned(),
        _ => format!(
            "(p.access_level = 'organization' AND p.organization_id IN ({}))",
            ids.join(", ")
        ),
    }
}

/// Every scope that a person may ask for, with the plain condition for it.
async fn scopes(world: &World, name: &str) -> Vec<(String, Scope, String)> {
    let actor = world.actor(name).await;
    let plain = Plain::of(world, name).await;
    let mut scopes = vec![("everything".to_owned(), actor.scope(), plain.all())];
    let mut add = |part: DashboardScope, named, children: &[OrganizationId], condition: String| {
        // What he may not ask for has no figures.
        if let Ok(scope) = actor.dashboard(part, named, children) {
            scopes.push((format!("{part} {named:?}"), scope, condition));
        }
    };
    add(DashboardScope::Personal, None, &[], plain.personal.clone());
    add(DashboardScope::System, None, &[], plain.system.clone());
    for organization in &plain.organizations {
        let one = of_any(&[*organization]);
        add(DashboardScope::Organization, Some(*organization), &[], one);
        let rows = sqlx::query("SELECT id FROM organizations WHERE parent_id = $1")
            .bind(organization.0)
            .fetch_all(&world.superuser)
            .await
            .unwrap();
        let children: Vec<_> = rows
            .iter()
            .map(|row| OrganizationId(row.get("id")))
            .collect();
        let tenant: Vec<_> = [*organization]
            .into_iter()
            .chain(children.clone())
            .collect();
        let tenant = of_any(&tenant);
        add(
            DashboardScope::Tenant,
            Some(*organization),
            &children,
            tenant,
        );
    }
    scopes
}

async fn plainly(world: &World, sql: String) -> Vec<String> {
    let told: Vec<Option<String>> = sqlx::query_scalar(AssertSqlSafe(sql.clone()))
        .fetch_all(&world.superuser)
        .await
        .unwrap_or_else(|error| panic!("{error}\n{sql}"));
    told.into_iter().map(Option::unwrap_or_default).collect()
}

/// A number with more digits than any mean of these can have.
fn digits(value: f64) -> String {
    format!("{value:.12}")
}

const MIDDLE: &str = "power(10::float8, (pd_bucket(percentile_disc(0.5) WITHIN GROUP (ORDER BY p.pd)) + 0.5) * 5 / 64 - 5)";

struct Tables {
    table: &'static str,
    probability: &'static str,
    period: &'static str,
}

fn tables(kind: Kind) -> Tables {
    match kind {
        Kind::Annual => Tables {
            table: "annual_predictions",
            probability: "p.probability",
            period: "p.reporting_year",
        },
        Kind::Quarterly => Tables {
            table: "quarterly_predictions",
            probability: "p.ensemble_probability",
            period: "p.reporting_year || ' ' || p.reporting_quarter",
        },
    }
}

/// Name and organization of a group, and what must be joined for them.
fn group_sql(group_by: GroupBy, readable: &str) -> (String, &'static str) {
    let company = |column: &str| {
        let readable = readable.replace("p.", "c.");
        (
            format!("coalesce(CASE WHEN {readable} THEN c.{column} END, 'Unknown') || '/'"),
            "LEFT JOIN companies c ON c.id = p.company_id",
        )
    };
    match group_by {
        GroupBy::Sector => ("p.company_sector || '/'".to_owned(), ""),
        GroupBy::Industry => company("industry"),
        GroupBy::Country => company("country"),
        GroupBy::Organization => (
            "CASE p.access_level WHEN 'system' THEN 'System/' WHEN 'personal' THEN 'Personal/' \
             ELSE o.name || '/' || o.id::text END"
                .to_owned(),
            "LEFT JOIN organizations o ON o.id = p.organization_id",
        ),
    }
}

fn group_text(group: &accunode_ports::repositories::Group) -> String {
    let mut text = format!("{}/", group.name);
    if let Some(organization) = group.organization {
        let _ = write!(text, "{organization}");
    }
    text
}

const GROUPS: [GroupBy; 4] = [
    GroupBy::Sector,
    GroupBy::Industry,
    GroupBy::Country,
    GroupBy::Organization,
];

/// Compares every figure of a person; answers how many predictions they counted.
async fn compare(world: &World, name: &str, when: &str) -> i64 {
    let readable = Plain::of(world, name).await.all();
    let reader = world.actor(name).await.scope();
    let mut counted = 0;
    for (what, scope, condition) in scopes(world, name).await {
        let about = format!("{when}: {name}, {what}");
        for kind in Kind::ALL {
            for year in [None, ReportingYear::parse("", "2021").ok()] {
                let narrowed = match year {
                    None => condition.clone(),
                    Some(year) => format!("{condition} AND p.reporting_year = '{year}'"),
                };
                counted += headline(world, &scope, kind, year, &narrowed, &about).await;
                for group_by in GROUPS {
                    let at = format!("{about} {kind} {group_by:?} {year:?}");
                    distribution(
                        world,
                        (&reader, &scope),
                        kind,
                        year,
                        group_by,
                        &narrowed,
                        &readable,
                        &at,
                    )
                    .await;
                }
                if kind == Kind::Quarterly {
                    agreement(world, &scope, year, &narrowed, &about).await;
                }
            }
            for group_by in [None].into_iter().chain(GROUPS.map(Some)) {
                let at = format!("{about} {kind} {group_by:?}");
                trend(
                    world,
                    (&reader, &scope),
                    kind,
                    group_by,
                    &condition,
                    &readable,
                    &at,
                )
                .await;
            }
        }
    }
    counted
}

async fn headline(
    world: &World,
    scope: &Scope,
    kind: Kind,
    year: Option<ReportingYear>,
    condition: &str,
    about: &str,
) -> i64 {
    let told = world.store.analytics().headline(scope, kind, year).await;
    let told = told.unwrap();
    let text = |value: Option<f64>| value.map(digits).unwrap_or_default();
    let told_line = format!(
        "{} {} {} {} {} {}",
        told.total_predictions,
        told.high_risk_count,
        told.high_risk_companies,
        text(told.avg_probability),
        text(told.median_probability),
        told.last_prediction.map_or(0, |at| at.unix_timestamp()),
    );
    let Tables {
        table, probability, ..
    } = tables(kind);
    let sql = format!(
        "SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE p.risk_level = 'High'), \
         count(DISTINCT p.company_id) FILTER (WHERE p.risk_level = 'High'), \
         coalesce(round(avg({probability}), 12)::text, ''), coalesce(round({MIDDLE}::numeric, 12)::text, ''), \
         coalesce(extract(epoch FROM max(p.created_at))::bigint, 0)) FROM {table} p WHERE {condition}"
    );
    let plain = plainly(world, sql).await;
    assert_near(&[told_line], &plain, about);
    told.total_predictions
}

#[expect(
    clippy::too_many_arguments,
    reason = "one figure with all that narrows it"
)]
async fn distribution(
    world: &World,
    (reader, scope): (&Scope, &Scope),
    kind: Kind,
    year: Option<ReportingYear>,
    group_by: GroupBy,
    condition: &str,
    readable: &str,
    about: &str,
) {
    let analytics = world.store.analytics();
    let told = analytics
        .risk_distribution(reader, scope, kind, year, group_by)
        .await;
    let told: Vec<_> = told
        .unwrap()
        .into_iter()
        .map(|count| {
            format!(
                "{} {} {}",
                group_text(&count.group),
                count.risk_level,
                count.count
            )
        })
        .collect();
    let (group, join) = group_sql(group_by, readable);
    let table = tables(kind).table;
    let sql = format!(
        "SELECT concat_ws(' ', {group}, p.risk_level, count(*)) FROM {table} p {join} \
         WHERE {condition} GROUP BY {group}, p.risk_level"
    );
    assert_near(&told, &plainly(world, sql).await, about);
}

async fn agreement(
    world: &World,
    scope: &Scope,
    year: Option<ReportingYear>,
    condition: &str,
    about: &str,
) {
    let told = world.store.analytics().model_agreement(scope, year).await;
    let told = told.unwrap();
    let periods: Vec<_> = told.iter().map(|quarter| quarter.period).collect();
    assert!(
        periods.windows(2).all(|pair| pair[0] > pair[1]),
        "{about}: {periods:?}"
    );
    let told: Vec<_> = told
        .into_iter()
        .map(|quarter| {
            format!(
                "{} {} {} {} {}",
                quarter.period,
                quarter.count,
                digits(quarter.logistic_deviation),
                digits(quarter.gbm_deviation),
                digits(quarter.confidence)
            )
        })
        .collect();
    let sql = format!(
        "SELECT concat_ws(' ', p.reporting_year, p.reporting_quarter, count(*), \
         round(avg(abs(p.logistic_probability - p.ensemble_probability)), 12), \
         round(avg(abs(p.gbm_probability - p.ensemble_probability)), 12), round(avg(p.confidence), 12)) \
         FROM quarterly_predictions p WHERE {condition} GROUP BY p.reporting_year, p.reporting_quarter"
    );
    assert_near(&told, &plainly(world, sql).await, about);
}

async fn trend(
    world: &World,
    (reader, scope): (&Scope, &Scope),
    kind: Kind,
    group_by: Option<GroupBy>,
    condition: &str,
    readable: &str,
    about: &str,
) {
    let told = world
        .store
        .analytics()
        .trend(reader, scope, kind, group_by)
        .await;
    let told = told.unwrap();
    let places: Vec<_> = told.iter().map(|p| (p.group.clone(), p.period)).collect();
    assert!(
        places.windows(2).all(|pair| pair[0] < pair[1]),
        "{about}: {places:?}"
    );
    let told: Vec<_> = told
        .into_iter()
        .map(|point| {
            format!(
                "{} {} {} {} {} {}",
                point.group.as_ref().map(group_text).unwrap_or_default(),
                point.period,
                point.count,
                point.high,
                digits(point.mean_probability),
                digits(point.median_probability)
            )
        })
        .collect();
    let (group, join) = match group_by {
        None => ("''::text".to_owned(), ""),
        Some(group_by) => group_sql(group_by, readable),
    };
    let Tables {
        table,
        probability,
        period,
    } = tables(kind);
    let sql = format!(
        "SELECT concat_ws(' ', {group}, {period}, count(*), count(*) FILTER (WHERE p.risk_level = 'High'), \
         round(avg({probability}), 12), round({MIDDLE}::numeric, 12)) \
         FROM {table} p {join} WHERE {condition} GROUP BY {group}, {period}"
    );
    assert_near(&told, &plainly(world, sql).await, about);
}

/// The same lines in any order; numbers may differ in the last of the 12 digits, where
/// one side rounded a float and the other a decimal.
#[track_caller]
fn assert_near(told: &[String], plain: &[String], about: &str) {
    let sorted = |lines: &[String]| {
        let mut lines = lines.to_vec();
        lines.sort();
        lines
    };
    let (told, plain) = (sorted(told), sorted(plain));
    let same = told.len() == plain.len()
        && told.iter().zip(&plain).all(|(a, b)| {
            let (a, b): (Vec<_>, Vec<_>) = (a.split(' ').collect(), b.split(' ').collect());
            a.len() == b.len()
                && a.iter().zip(&b).all(|(a, b)| {
                    a == b
                        || matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if a.fract() != 0.0 && (a - b).abs() < 2e-12)
                })
        });
    assert!(same, "{about}\n told: {told:#?}\nplain: {plain:#?}");
}

async fn live(seed: u64) {
    const STEPS: usize = 90;
    let world = World::create().await;
    let mut life = Life {
        world: &world,
        dice: Dice(seed),
        made: 0,
        happened: 0,
    };
    for (name, level) in [
        ("sa", AccessLevel::System),
        ("m1", AccessLevel::Organization),
        ("mB", AccessLevel::Organization),
        ("u0", AccessLevel::Personal),
    ] {
        let actor = world.actor(name).await;
        world.company(&actor, level, &format!("C{name}")).await;
    }
    let mut done = 0;
    // Only what was not refused is a step; there is always something that is not.
    while life.happened < STEPS {
        done += 1;
        let before = life.happened;
        life.step().await;
        if life.happened > before && life.happened.is_multiple_of(9) {
            let (name, ..) = PEOPLE[life.dice.below(PEOPLE.len())];
            compare(&world, name, &format!("seed {seed}, step {done}")).await;
        }
    }
    let mut counted = 0;
    for (name, ..) in PEOPLE {
        counted += compare(&world, name, &format!("seed {seed}, at the end")).await;
    }
    assert!(counted > 100, "seed {seed}: {counted}");
}

#[tokio::test]
async fn every_figure_is_the_plain_one_over_what_may_be_read_whatever_happened() {
    live(1).await;
}

#[tokio::test]
async fn and_in_another_life() {
    live(20_240_923).await;
}
