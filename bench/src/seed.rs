//! The rows that exist before anything is measured, so that indexes have a realistic size.

use accunode_domain::user::Password;
use accunode_local::{Argon2Hasher, HashingSettings};
use accunode_ports::system::PasswordHasher;
use anyhow::Context;
use uuid::Uuid;

use crate::{
    cluster::Cluster,
    note,
    options::{Options, YEARS},
};

/// The number of organizations, with one user each. The system's rows are added to theirs.
pub(crate) const TENANTS: u64 = 20;
/// The password of all users.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The first year of these companies.
pub(crate) const FIRST_YEAR: u64 = 2015;
/// The definition of the outcomes of these companies.
pub(crate) const DEFINITION: &str = "bankruptcy@1";
/// The time of the first prediction; each further one is a second later.
const START: &str = "timestamptz '2026-01-01T00:00:00Z'";
/// The number of predictions of one INSERT.
const BATCH: u64 = 100_000;

/// Entities whose ids are derived from their numbers, in the same way here and in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbered {
    /// An organization, from 1.
    Tenant,
    /// Its member; 0 is the super_admin.
    TestUser,
    /// A company, from 0.
    Company,
    /// A prediction, from 1. Later ones sort later, as the application's own ids do.
    Prediction,
}

impl Numbered {
    const fn prefix(self) -> u128 {
        match self {
            Self::Tenant => 0x0190_0000_0000_7000_8000_0000_0000_0000,
            Self::TestUser => 0x0190_0000_0000_7000_9000_0000_0000_0000,
            Self::Company => 0x0190_0000_0000_7000_a000_0000_0000_0000,
            Self::Prediction => 0x0190_0000_0000_7000_b000_0000_0000_0000,
        }
    }

    /// Returns the id of number `n`.
    pub(crate) const fn id(self, n: u64) -> Uuid {
        Uuid::from_u128(self.prefix() | n as u128)
    }

    /// Returns the same for an SQL expression.
    pub(crate) fn sql(self, n: &str) -> String {
        let prefix = self.id(0).to_string();
        let prefix = prefix.strip_suffix("000000000000").unwrap_or(&prefix);
        format!("('{prefix}' || lpad(to_hex({n}), 12, '0'))::uuid")
    }
}

/// The size of the existing rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeedRows {
    /// The number of predictions.
    pub(crate) rows: u64,
    /// The number of companies, each with a prediction for each of some years.
    pub(crate) companies: u64,
}

impl SeedRows {
    /// Creates the rows.
    pub(crate) async fn create(cluster: &Cluster, options: &Options) -> anyhow::Result<Self> {
        let seed = Self::create_rows(cluster, options.base / YEARS, YEARS, owner).await?;
        create_companies_of_uploads(cluster, options.companies()).await?;
        seed.settle(cluster).await?;
        Ok(seed)
    }

    /// Creates the rows as personal rows of the first tenant's member: other users have
    /// none.
    pub(crate) async fn create_for_one(
        cluster: &Cluster,
        options: &Options,
    ) -> anyhow::Result<Self> {
        let seed = Self::create_rows(cluster, options.base / YEARS, YEARS, |_| {
            format!(
                "NULL::uuid, 'personal', '{}'::uuid",
                Numbered::TestUser.id(1)
            )
        })
        .await?;
        seed.settle(cluster).await?;
        Ok(seed)
    }

    /// Creates as many companies as there are predictions, each with one for [`FIRST_YEAR`], of
    /// the first organization, which its member administers; and an outcome of each.
    pub(crate) async fn create_with_outcomes(
        cluster: &Cluster,
        options: &Options,
    ) -> anyhow::Result<Self> {
        let owner = |_: &str| {
            format!(
                "'{}'::uuid, 'organization', '{}'::uuid",
                Numbered::Tenant.id(1),
                Numbered::TestUser.id(1)
            )
        };
        let seed = Self::create_rows(cluster, options.base, 1, owner).await?;
        note(format_args!("creating {} outcomes", seed.companies));
        let mut from = 0;
        while from < seed.companies {
            let to = seed.companies.min(from + BATCH) - 1;
            cluster.run(outcomes(from, to, &owner(""))).await?;
            from = to + 1;
        }
        cluster
            .run(format!(
                "UPDATE users SET role = 'org_admin' WHERE id = '{}'; \
                 INSERT INTO outcome_coverage (definition, complete_from, complete_through, \
                   organization_id, access_level, created_by) \
                 SELECT '{DEFINITION}', '2010-01-01', '2020-12-31', {}",
                Numbered::TestUser.id(1),
                owner("")
            ))
            .await?;
        cluster.run("VACUUM (ANALYZE) outcomes").await?;
        seed.settle(cluster).await?;
        Ok(seed)
    }

    /// `owner` is `organization_id, access_level, created_by` of a company by its number.
    async fn create_rows(
        cluster: &Cluster,
        companies: u64,
        years: u64,
        owner: fn(&str) -> String,
    ) -> anyhow::Result<Self> {
        let seed = Self {
            rows: companies * years,
            companies,
        };
        note(format_args!("creating {} predictions", seed.rows));
        users(cluster).await?;
        seed.create_companies(cluster, owner).await?;
        let mut from = 1;
        while from <= seed.rows {
            let to = seed.rows.min(from + BATCH - 1);
            cluster.run(seed.predictions(from, to, owner)).await?;
            from = to + 1;
        }
        Ok(seed)
    }

    async fn settle(self, cluster: &Cluster) -> anyhow::Result<()> {
        while fold(cluster).await? > 0 {}
        cluster.run("VACUUM (ANALYZE) companies").await?;
        cluster.settle().await
    }

    /// Returns the organization of a prediction; 0 is the system.
    pub(crate) const fn tenant_of(self, prediction: u64) -> u64 {
        ((prediction - 1) % self.companies) % (TENANTS + 1)
    }

    /// Returns a prediction of this organization for any `n`.
    pub(crate) const fn prediction_of(self, tenant: u64, n: u64) -> u64 {
        let each = self.companies / (TENANTS + 1);
        let company = (n % each) * (TENANTS + 1) + tenant;
        let year = (n / each) % YEARS;
        year * self.companies + company + 1
    }

    /// Returns the time of the prediction after which 80 % of all were made, as SQL.
    pub(crate) fn long_ago(self) -> String {
        format!("({START} + {} * interval '1 second')", self.rows / 5)
    }

    /// Every 21st company is the system's; the others belong to the tenants in turn.
    async fn create_companies(
        self,
        cluster: &Cluster,
        owner: fn(&str) -> String,
    ) -> anyhow::Result<()> {
        cluster
            .run(format!(
                "INSERT INTO companies (id, symbol, name, sector, organization_id, access_level, created_by) \
                 SELECT {}, 'C' || c, 'Company ' || c, {}, {} \
                   FROM generate_series(0, {}::bigint) c",
                Numbered::Company.sql("c"),
                sector("c"),
                owner("c"),
                self.companies - 1
            ))
            .await
            .context("companies")?;
        Ok(())
    }

    fn predictions(self, from: u64, to: u64, owner: fn(&str) -> String) -> String {
        format!(
            "INSERT INTO annual_predictions (id, company_id, company_symbol, company_name, company_sector, \
               reporting_year, probability, pd, risk_level, confidence, predicted_at, model_name, model_version, \
               model_sha256, long_term_debt_to_total_capital, total_debt_to_ebitda, net_income_margin, \
               ebit_to_interest_expense, return_on_assets, raw_ratios, created_at, updated_at, \
               organization_id, access_level, created_by) \
             SELECT {id}, {company}, 'C' || c, 'Company ' || c, {sector}, year::text, pd::numeric(5,4), pd, \
               CASE WHEN pd < 0.02 THEN 'Low' WHEN pd < 0.1 THEN 'Medium' ELSE 'High' END, 0.8, at, \
               'ground', '1.0.0', repeat('0', 64), 0.62, 7.4, -0.03, 0.8, -0.01, \
               '{{\"unit\": \"fraction\", \"values\": {{\"long_term_debt_to_total_capital\": \"0.62\", \
                 \"total_debt_to_ebitda\": \"7.4\", \"net_income_margin\": \"-0.03\", \
                 \"ebit_to_interest_expense\": \"0.8\", \"return_on_assets\": \"-0.01\"}}}}', at, at, {owner} \
               FROM (SELECT n, (n - 1) % {companies} AS c, {FIRST_YEAR} + (n - 1) / {companies} AS year, \
                            power(10, 4 * ((n * 7919 % 100003)::float8 / 100003) - 4) AS pd, \
                            {START} + n * interval '1 second' AS at \
                       FROM generate_series({from}::bigint, {to}::bigint) n) r",
            id = Numbered::Prediction.sql("n"),
            company = Numbered::Company.sql("c"),
            sector = sector("c"),
            owner = owner("c"),
            companies = self.companies,
        )
    }
}

/// Returns the INSERT of an outcome of each company: within 2017 a default of one in 33 and an
/// exit of two in 33; the others left later.
fn outcomes(from: u64, to: u64, owner: &str) -> String {
    format!(
        "INSERT INTO outcomes (company_id, company_symbol, company_name, company_sector, definition, event, \
           occurred_on, created_at, organization_id, access_level, created_by) \
         SELECT {}, 'C' || c, 'Company ' || c, {}, '{DEFINITION}', \
           CASE WHEN c % 33 = 0 THEN 'default' ELSE 'exit' END, \
           CASE WHEN c % 11 = 0 THEN date '2017-01-01' + (c % 360)::int ELSE date '2018-06-01' END, \
           timestamptz '2018-07-01', {owner} \
           FROM generate_series({from}::bigint, {to}::bigint) c",
        Numbered::Company.sql("c"),
        sector("c"),
    )
}

/// Returns one of eleven sectors, as SQL.
fn sector(n: &str) -> String {
    format!("'Sector ' || {n} % 11")
}

/// Returns `organization_id, access_level, created_by` of the company with this number, as
/// SQL.
fn owner(n: &str) -> String {
    let turn = format!("{n} % {}", TENANTS + 1);
    format!(
        "CASE WHEN {turn} > 0 THEN {} END, CASE WHEN {turn} > 0 THEN 'organization' ELSE 'system' END, {}",
        Numbered::Tenant.sql(&turn),
        Numbered::TestUser.sql(&turn)
    )
}

async fn users(cluster: &Cluster) -> anyhow::Result<()> {
    let hasher = Argon2Hasher::new(HashingSettings::default())?;
    let password = Password::attempt(PASSWORD).context("a password")?;
    let hash = hasher.hash(password).await?;
    cluster
        .run(format!(
            "INSERT INTO organizations (id, name) SELECT {}, 'Tenant ' || n FROM generate_series(1, {TENANTS}::bigint) n; \
             INSERT INTO users (id, email, password_hash, role, organization_id, is_verified) \
             SELECT {}, 'user' || n || '@example.com', '{hash}', \
                    CASE WHEN n > 0 THEN 'org_member' ELSE 'super_admin' END, \
                    CASE WHEN n > 0 THEN {} END, true \
               FROM generate_series(0, {TENANTS}::bigint) n",
            Numbered::Tenant.sql("n"),
            Numbered::TestUser.sql("n"),
            Numbered::Tenant.sql("n")
        ))
        .await
        .context("users")?;
    Ok(())
}

/// The companies of the uploads belong to the first tenant and exist already, because the
/// reference could not create them.
async fn create_companies_of_uploads(cluster: &Cluster, companies: u64) -> anyhow::Result<()> {
    cluster
        .run(format!(
            "INSERT INTO companies (symbol, name, sector, organization_id, access_level, created_by) \
             SELECT 'B' || n, 'Company B' || n, {}, '{}', 'organization', '{}' FROM generate_series(0, {}::bigint) n",
            sector("n"),
            Numbered::Tenant.id(1),
            Numbered::TestUser.id(1),
            companies - 1
        ))
        .await
        .context("companies of the uploads")?;
    Ok(())
}

/// Merges the deltas of the triggers, as the service does all the time.
async fn fold(cluster: &Cluster) -> anyhow::Result<i32> {
    Ok(sqlx::query_scalar("SELECT fold_prediction_rollups()")
        .fetch_one(cluster.superuser())
        .await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_ids_are_equal_in_rust_and_sql() {
        assert_eq!(
            Numbered::Tenant.sql("7"),
            "('01900000-0000-7000-8000-' || lpad(to_hex(7), 12, '0'))::uuid"
        );
        assert_eq!(
            Numbered::Tenant.id(26).to_string(),
            "01900000-0000-7000-8000-00000000001a"
        );
    }

    #[test]
    fn prediction_of_tenant_is_an_existing_row_of_that_tenant() {
        let seed = SeedRows {
            rows: 4_200,
            companies: 420,
        };
        for tenant in 0..=TENANTS {
            for n in [0, 1, 19, 20, 199, 5_000, u64::MAX] {
                let prediction = seed.prediction_of(tenant, n);
                assert_eq!(seed.tenant_of(prediction), tenant);
                assert!((1..=seed.rows).contains(&prediction));
            }
        }
    }
}
