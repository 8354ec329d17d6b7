//! The fixture of the matrix in a running service: its rows, and the changes to it.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU32, Ordering},
};

use accunode_tests::{Service, ServiceOptions, TestUser, tenancy::Tenancy};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::table::split;
use crate::support::{
    definition_of, file_of, line, outcome_on, prediction_on, run, scale_of, submit, text,
};

/// The service with the users of the matrix; no worker processes uploads.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) service: Service,
    pub(super) users: Tenancy,
    pub(super) pool: PgPool,
    made: AtomicU32,
}

impl Setup {
    pub(super) async fn start() -> Self {
        let service = Service::with(ServiceOptions::default().without_worker()).await;
        let users = Tenancy::of(&service).await;
        let pool = service.database.superuser().await;
        Self {
            service,
            users,
            pool,
            made: AtomicU32::new(0),
        }
    }

    /// A symbol that is not yet in use.
    pub(super) fn symbol(&self) -> String {
        format!("S{}", self.made.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes the changes that precede the rows.
    pub(super) async fn prepare(&mut self, given: &str) {
        if given == "r_has_new_child_c" {
            let id: Uuid = sqlx::query_scalar(
                "INSERT INTO organizations (name, parent_id) VALUES ('C', $1) RETURNING id",
            )
            .bind(self.users.organization("R"))
            .fetch_one(&self.pool)
            .await
            .expect("a child");
            self.users.organizations.insert("C", id);
        }
    }

    /// Makes the changes that follow the rows, with direct access to the database.
    pub(super) async fn apply(&self, given: &str) {
        let user = |changes: &str, who: &str| {
            format!(
                "UPDATE users SET {changes} WHERE email = '{}@example.com'",
                who.to_lowercase()
            )
        };
        let id = |name: &str| self.users.organization(name);
        let sql = match given {
            "" | "r_has_new_child_c" => return,
            "a_hides_system_data" => {
                "UPDATE organizations SET hide_system_data = true WHERE name = 'A'".to_owned()
            }
            "a_inactive" => {
                "UPDATE organizations SET is_active = false WHERE name = 'A'".to_owned()
            }
            "a_deleted" => "DELETE FROM organizations WHERE name = 'A'".to_owned(),
            "m1_moved_to_b" => user(&format!("organization_id = '{}'", id("B")), "m1"),
            "u0_joined_a" => user(
                &format!("role = 'org_member', organization_id = '{}'", id("A")),
                "u0",
            ),
            "oa_demoted" => user("role = 'org_member'", "oA"),
            "m1_deactivated" => user("is_active = false", "m1"),
            other => panic!("unknown situation {other:?}"),
        };
        run(&self.pool, &sql).await;
    }

    /// Restores organizations and users to the state of the fixture.
    pub(super) async fn put_back(&self) {
        let id = |name: &str| self.users.organization(name);
        let mut sql = String::new();
        for (name, parent) in [("R", None), ("Z", None), ("A", Some("R")), ("B", Some("R"))] {
            let parent = parent.map_or("NULL".to_owned(), |parent| format!("'{}'", id(parent)));
            let _ = write!(
                sql,
                "INSERT INTO organizations AS o (id, name, parent_id) VALUES ('{}', '{name}', {parent}) \
                 ON CONFLICT (id) DO UPDATE SET parent_id = excluded.parent_id, is_active = true, \
                   hide_system_data = false, max_users = NULL, join_policy = 'closed' \
                 WHERE (o.parent_id, o.is_active, o.hide_system_data, o.max_users, o.join_policy) \
                   IS DISTINCT FROM (excluded.parent_id, true, false, NULL::int, 'closed'); ",
                id(name)
            );
        }
        for (name, role, organization) in accunode_tests::tenancy::USERS {
            let organization = organization.map_or("NULL".to_owned(), |o| format!("'{}'", id(o)));
            let user = self.users.user(name).id;
            let _ = write!(
                sql,
                "UPDATE users SET role = '{role}', organization_id = {organization}, is_active = true \
                 WHERE id = '{user}' AND (role, organization_id, is_active) \
                   IS DISTINCT FROM ('{role}', {organization}::uuid, true); "
            );
        }
        run(&self.pool, &sql).await;
    }

    /// The user who creates the rows of an owner, and the fields that name the owner in a body.
    fn owner(&self, owner: &str) -> (&TestUser, Map<String, Value>) {
        let (level, of) = split(owner);
        let creator = match (level, of) {
            ("personal", Some(who)) => who,
            ("organization", Some("A")) => "m1",
            ("organization", Some("B")) => "mB",
            ("organization", Some("R" | "C")) => "tR",
            ("organization", Some("Z")) => "tZ",
            ("system", None) => "sa",
            _ => panic!("unknown owner {owner:?}"),
        };
        let of = of.filter(|_| level == "organization");
        (self.users.user(creator), self.fields(level, of))
    }

    /// A level and an organization, as in a request body.
    pub(super) fn fields(&self, level: &str, organization: Option<&str>) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("access_level".to_owned(), level.into());
        if let Some(name) = organization {
            fields.insert(
                "organization_id".to_owned(),
                self.users.organization(name).to_string().into(),
            );
        }
        fields
    }

    /// Creates a company of this owner.
    pub(super) async fn company(&self, owner: &str) -> String {
        let (creator, mut body) = self.owner(owner);
        body.insert("symbol".to_owned(), self.symbol().into());
        let made = creator
            .post("/companies", &Value::Object(body))
            .await
            .expect(201);
        text(&made, "id").to_owned()
    }

    /// Creates a prediction of this owner on a company of that owner.
    pub(super) async fn prediction(&self, kind: &str, owner: &str, company: &str) -> String {
        let company = self.company(company).await;
        let (creator, fields) = self.owner(owner);
        let mut body = prediction_on(kind, &company, "2024");
        body.as_object_mut().expect("an object").extend(fields);
        let made = creator
            .post(&format!("/predictions/{kind}"), &body)
            .await
            .expect(201);
        text(&made, "id").to_owned()
    }

    /// Creates a company with a prediction on it, given as `personal(m1) on organization(A)`.
    pub(super) async fn company_with(&self, detail: &str) -> String {
        let (row, company) = detail.split_once(" on ").expect("a row on a company");
        let prediction = self.prediction("annual", row, company).await;
        let company: Uuid =
            sqlx::query_scalar("SELECT company_id FROM annual_predictions WHERE id = $1")
                .bind(prediction.parse::<Uuid>().expect("an id"))
                .fetch_one(&self.pool)
                .await
                .expect("a company");
        company.to_string()
    }

    /// Creates a user with the same role and organization as this user; returns id and e-mail
    /// address.
    pub(super) async fn twin(&self, who: &str) -> (Uuid, String) {
        let email = format!("twin-{}@example.com", self.symbol().to_lowercase());
        let id = sqlx::query_scalar(
            "INSERT INTO users (email, password_hash, role, organization_id, is_verified) \
             SELECT $1, password_hash, role, organization_id, true FROM users WHERE id = $2 RETURNING id",
        )
        .bind(&email)
        .bind(self.users.user(who).id)
        .fetch_one(&self.pool)
        .await
        .expect("a twin");
        (id, email)
    }

    /// Creates a second factor of a user that waits for approval.
    pub(super) async fn waiting_factor(&self, user: Uuid) -> Uuid {
        sqlx::query_scalar(
            "INSERT INTO user_totp (user_id, secret, waits_since) VALUES ($1, 'sealed', now()) RETURNING enrolment_id",
        )
        .bind(user)
        .fetch_one(&self.pool)
        .await
        .expect("a second factor")
    }

    /// Creates a waiting upload of this owner.
    pub(super) async fn upload(&self, owner: &str) -> String {
        let (creator, fields) = self.owner(owner);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().expect("a text")))
            .collect();
        submit(creator, "a.csv", file_of([self.symbol()]), &fields).await
    }

    /// Creates an outcome of this owner on a company that the matrix has for it.
    pub(super) async fn outcome(&self, owner: &str) -> String {
        let company = self.company(&Self::company_under(owner, "")).await;
        let (creator, fields) = self.owner(owner);
        let mut body = outcome_on(&company);
        body.as_object_mut().expect("an object").extend(fields);
        let made = creator.post("/outcomes", &body).await.expect(201);
        text(&made, "id").to_owned()
    }

    /// States up to which day this owner's outcomes are complete, by a user who may.
    pub(super) async fn coverage(&self, owner: &str) -> Uuid {
        let (level, organization) = split(owner);
        let mut body = object(self.fields(level, organization));
        body["complete_from"] = "2020-01-01".into();
        body["complete_through"] = "2024-12-31".into();
        let sa = self.users.user("sa");
        let _ = sa
            .put("/outcome-coverage/crr_178@1", &body)
            .await
            .expect(200);
        sqlx::query_scalar(
            "SELECT id FROM outcome_coverage WHERE access_level = $1 AND organization_id IS NOT DISTINCT FROM $2",
        )
        .bind(level)
        .bind(organization.map(|name| self.users.organization(name)))
        .fetch_one(&self.pool)
        .await
        .expect("a coverage")
    }

    /// Makes the outcomes of every owner complete, so that back-tests can be requested.
    pub(super) async fn cover(&self) {
        let days = "'bankruptcy@1', date '2015-01-01', date '2024-12-31'";
        run(
            &self.pool,
            &format!(
                "INSERT INTO outcome_coverage (definition, complete_from, complete_through, access_level, organization_id, created_by) \
                   SELECT {days}, 'personal', NULL::uuid, id FROM users \
                   UNION ALL SELECT {days}, 'organization', o.id, u.id FROM organizations o, users u WHERE u.role = 'super_admin' \
                   UNION ALL SELECT {days}, 'system', NULL, id FROM users WHERE role = 'super_admin' \
                 ON CONFLICT DO NOTHING"
            ),
        )
        .await;
    }

    /// Gives every owner a prediction of 2019 on a system company.
    pub(super) async fn predict_for_all(&self) {
        self.predict("2019", "'m', '1', repeat('a', 64)").await;
    }

    /// The same by the model that scores annual statements.
    pub(super) async fn predict_for_all_by_the_served_model(&self) {
        let model = self
            .users
            .user("sa")
            .get("/models/annual")
            .await
            .expect(200);
        let (version, sha256) = (text(&model, "version"), text(&model, "sha256"));
        let model = format!("'annual', '{version}', '{sha256}'");
        self.predict("2018", &model).await;
    }

    async fn predict(&self, year: &str, model: &str) {
        let owned = "'personal', NULL::uuid, id FROM users \
             UNION ALL SELECT 'organization', o.id, u.id FROM organizations o, users u WHERE u.role = 'super_admin' \
             UNION ALL SELECT 'system', NULL, id FROM users WHERE role = 'super_admin'";
        run(
            &self.pool,
            &format!(
                "INSERT INTO companies (symbol, name, sector, access_level, created_by) \
                   SELECT 'MOVES', 'Moves', 'Energy', 'system', id FROM users WHERE role = 'super_admin' ON CONFLICT DO NOTHING; \
                 INSERT INTO annual_predictions (company_id, company_symbol, company_name, company_sector, reporting_year, \
                   probability, pd, risk_level, confidence, predicted_at, model_name, model_version, model_sha256, \
                   access_level, organization_id, created_by) \
                   SELECT c.id, c.symbol, c.name, c.sector, '{year}', 0.1, 0.1, 'High', 0.9, now(), {model}, w.* \
                     FROM companies c, (SELECT {owned}) w WHERE c.symbol = 'MOVES' AND c.access_level = 'system' ON CONFLICT DO NOTHING"
            ),
        )
        .await;
    }

    /// Creates a completed back-test of this owner's predictions.
    pub(super) async fn validation(&self, owner: &str) -> String {
        self.cover().await;
        let (creator, fields) = self.owner(owner);
        let maker = match split(owner) {
            ("organization", Some("A")) => self.users.user("oA"),
            _ => creator,
        };
        let mut body = object(fields);
        body["kind"] = "annual".into();
        body["d0"] = "2020-12-31".into();
        let made = maker.post("/validations", &body).await.expect(202);
        let id = text(&made, "id").to_owned();
        let hash = "repeat('a', 64)";
        run(
            &self.pool,
            &format!(
                "UPDATE bulk_upload_jobs SET status = 'cancelled', completed_at = now(), lease_token = NULL, lease_expires_at = NULL WHERE id = '{id}'; \
                 UPDATE validation_reports SET status = 'completed', error = NULL, verdict = 'attention', sample_sha256 = {hash}, \
                   sample_rows = 0, report_sha256 = {hash}, code_version = 'test', finished_at = now() WHERE id = '{id}'; \
                 INSERT INTO validation_files (report_id, name, part, content) \
                   SELECT '{id}', name, 0, decode('H4sIAAAAAAACA6uu5QIABrCh3QMAAAA=', 'base64') \
                     FROM unnest(ARRAY['sample.csv', 'report.json', 'report.md']) name"
            ),
        )
        .await;
        id
    }

    /// Creates a master scale of this owner, by a user who may.
    pub(super) async fn scale(&self, owner: &str) -> String {
        let (creator, mut fields) = self.owner(owner);
        let maker = match split(owner) {
            ("organization", Some("A")) => self.users.user("oA"),
            _ => creator,
        };
        fields.extend(scale_of(&self.symbol().to_lowercase()));
        let made = maker.post("/rating-scales", &object(fields)).await;
        text(&made.expect(201), "id").to_owned()
    }

    /// Creates a definition of default of this owner, by a user who may.
    pub(super) async fn definition(&self, owner: &str) -> String {
        let (creator, mut fields) = self.owner(owner);
        let maker = match split(owner) {
            ("organization", Some("A")) => self.users.user("oA"),
            _ => creator,
        };
        fields.extend(definition_of(split(owner).0, &self.symbol()));
        let made = maker.post("/default-definitions", &object(fields)).await;
        text(&made.expect(201), "id").to_owned()
    }

    /// Creates a waiting rescoring of this owner's predictions.
    pub(super) async fn rescoring(&self, owner: &str) -> String {
        let (creator, fields) = self.owner(owner);
        let mut body = object(fields);
        body["kind"] = "annual".into();
        body["only_from_model_version"] = self.symbol().into();
        let made = creator.post("/rescorings", &body).await.expect(202);
        text(&made, "id").to_owned()
    }

    /// The audit event of the creation of this company.
    pub(super) async fn event_of(&self, company: &str) -> Uuid {
        sqlx::query_scalar(
            "SELECT id FROM audit_logs WHERE entity_id = $1::uuid AND event_type = 'company.created'",
        )
        .bind(company.parse::<Uuid>().expect("an id"))
        .fetch_one(&self.pool)
        .await
        .expect("an event")
    }

    /// Creates a waiting invitation of this address into an organization.
    pub(super) async fn invitation(&self, organization: &str, email: &str) -> String {
        let body = json!({
            "email": email, "role": "org_member",
            "organization_id": self.users.organization(organization),
        });
        let made = self
            .users
            .user("sa")
            .post("/users", &body)
            .await
            .expect(202);
        text(&made, "id").to_owned()
    }

    /// Ends an upload, with a row that failed.
    pub(super) async fn end(&self, job: &str) {
        let columns: Vec<String> = crate::support::HEADER
            .split(',')
            .map(|name| format!("'{name}'"))
            .collect();
        run(
            &self.pool,
            &format!(
                "UPDATE bulk_upload_jobs SET status = 'processing', started_at = now(), lease_token = gen_random_uuid(), \
                   lease_expires_at = now() + interval '1 hour' WHERE id = '{job}'; \
                 UPDATE bulk_upload_jobs SET status = 'completed', completed_at = now(), lease_token = NULL, \
                   lease_expires_at = NULL, total_rows = 1, processed_rows = 1, error_count = 1, rows_kept = 1, \
                   file_columns = ARRAY[{}] WHERE id = '{job}'; \
                 INSERT INTO bulk_upload_rows (job_id, row_number, status, code, problem, source, owner_key) \
                 SELECT id, 2, 'error', 'invalid_year', \
                   '[{{\"pointer\": \"reporting_year\", \"code\": \"invalid_year\", \"detail\": \"is none\"}}]', '{}', owner_key \
                 FROM bulk_upload_jobs WHERE id = '{job}'",
                columns.join(","),
                line(&self.symbol(), "2024", "2.0"),
            ),
        )
        .await;
    }

    /// The company on which the matrix has a prediction of this owner.
    pub(super) fn company_under(owner: &str, given: &str) -> String {
        match split(owner) {
            ("system", None) => "system".to_owned(),
            // Deleting an organization deletes its companies, and u0 could see none before.
            ("personal", Some(who)) if given == "a_deleted" || who == "u0" => owner.to_owned(),
            ("personal", _) => "organization(A)".to_owned(),
            _ => owner.to_owned(),
        }
    }

    /// Whether this request was recorded as break-glass in the audit log.
    pub(super) async fn broke_the_glass(&self, request_id: &str) -> bool {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM audit_logs WHERE request_id = $1 AND action = 'READ' \
             AND event_type LIKE '%.break\\_glass' AND user_id = $2)",
        )
        .bind(request_id)
        .bind(self.users.user("sa").id)
        .fetch_one(&self.pool)
        .await
        .expect("the audit log")
    }

    /// The users, in the order of the table's columns.
    pub(super) fn everyone() -> impl Iterator<Item = &'static str> {
        accunode_tests::tenancy::USERS
            .iter()
            .map(|(name, ..)| *name)
    }
}

/// An empty object, or one with these fields.
pub(super) fn object(fields: Map<String, Value>) -> Value {
    if fields.is_empty() {
        json!({})
    } else {
        Value::Object(fields)
    }
}
