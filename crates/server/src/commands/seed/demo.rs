//! `accunode seed demo`: an invented bank with its organizations, users, companies and uploads,
//! created through the use cases as its users would have done. Existing data is left unchanged, so
//! that the next run continues an interrupted one.

use accunode_application::{
    Application, Caller, Error, Replayable, RowLevel,
    auth::{LoggedIn, Registration},
    bulk_uploads::SubmitUpload,
    organizations::CreateOrganization,
    users::SetRole,
};
use accunode_domain::{
    audit::RequestContext,
    id::{OrganizationId, UserId},
    job::JobOptions,
    organization::OrganizationDraft,
    owner::AccessLevel,
    prediction::{Kind, OnConflict},
    user::Role,
};
use anyhow::{Context, bail};
use bytes::Bytes;
use futures::{StreamExt, stream};
use sqlx::{Connection, PgConnection};

use super::{outcomes, portfolio, require_only};
use crate::{
    commands::{print_line, print_note, with_database},
    config::{self, Config},
    service::Service,
};

/// The password of all users, unless another one is given.
pub const PASSWORD: &str = "northern lights over vestermark";
const BANK: &str = "Vestermark Bank";
const CORPORATE: &str = "Corporate Lending";
const SMALL: &str = "Small Business";
const LEASING: &str = "Leasing";

/// An account: address, names, role, organization.
type Account = (
    &'static str,
    &'static str,
    &'static str,
    Role,
    Option<&'static str>,
);

const ADMIN: &str = "operator@demo.example";
const ACCOUNTS: [Account; 8] = [
    (
        "petra@demo.example",
        "Petra",
        "Holm",
        Role::TenantAdmin,
        Some(BANK),
    ),
    (
        "oskar@demo.example",
        "Oskar",
        "Lind",
        Role::OrgAdmin,
        Some(CORPORATE),
    ),
    (
        "ana@demo.example",
        "Ana",
        "Costa",
        Role::OrgMember,
        Some(CORPORATE),
    ),
    (
        "ben@demo.example",
        "Ben",
        "Adler",
        Role::OrgMember,
        Some(CORPORATE),
    ),
    (
        "mira@demo.example",
        "Mira",
        "Novak",
        Role::OrgAdmin,
        Some(SMALL),
    ),
    (
        "jonas@demo.example",
        "Jonas",
        "Weber",
        Role::OrgMember,
        Some(SMALL),
    ),
    (
        "lea@demo.example",
        "Lea",
        "Moreau",
        Role::OrgMember,
        Some(LEASING),
    ),
    ("guest@demo.example", "Gil", "Guest", Role::User, None),
];
/// The organizations with the companies of their portfolios, and the users who maintain them.
const PORTFOLIOS: [(&str, &str, std::ops::Range<usize>); 3] = [
    ("ana@demo.example", "corporate", 0..180),
    ("jonas@demo.example", "small-business", 180..320),
    ("lea@demo.example", "leasing", 320..portfolio::COMPANIES),
];

/// Creates the demonstration data.
///
/// # Errors
/// If the database contains other data; those of the database and the use cases.
pub(super) fn run(config: &Config, password: &str) -> anyhow::Result<()> {
    // Its users confirm no addresses, and no mails are sent to them.
    let config = Config {
        registration: config::Registration::Open,
        smtp_url: None,
        ..config.clone()
    };
    with_database(&config, async |database| {
        database.ensure_schema().await?;
        let mut connection = database.connect_as_owner().await?;
        require_empty(&mut connection).await?;
        let route = database.route().await?;
        let service = Service::wire(&config, &route).await?;
        let bulk = service.application.bulk_uploads.clone();
        service
            .tasks
            .vital("worker of the demonstration", |stop| async move {
                bulk.work(stop).await;
                Ok(())
            });
        let made = fill(&service.application, &mut connection, password).await;
        if made.is_ok() {
            while service.store.fold_rollups().await? > 0 {}
        }
        service.close().await;
        connection.close().await?;
        made
    })?;
    announce(password)
}

async fn require_empty(connection: &mut PgConnection) -> anyhow::Result<()> {
    let emails = ACCOUNTS.iter().map(|(email, ..)| *email).chain([ADMIN]);
    let emails: Vec<String> = emails.map(str::to_owned).collect();
    let names = [BANK, CORPORATE, SMALL, LEASING].map(str::to_owned);
    require_only(connection, &emails, &names).await
}

/// Creates the missing parts of the demonstration. A worker must process uploads in the meantime.
///
/// # Errors
/// Those of the use cases, and of the database that `connection` reads.
pub async fn fill(
    application: &Application,
    connection: &mut PgConnection,
    password: &str,
) -> anyhow::Result<()> {
    let demo = Demo {
        application,
        password,
    };
    demo.make(connection).await
}

fn announce(password: &str) -> anyhow::Result<()> {
    print_line(format_args!(
        "The demonstration is there. Everyone's password: {password}"
    ))?;
    print_line(format_args!("  {ADMIN:<24} super_admin"))?;
    for (email, first, last, role, organization) in ACCOUNTS {
        let place = organization.unwrap_or("no organization");
        print_line(format_args!(
            "  {email:<24} {:<13} {first} {last}, {place}",
            role.as_str()
        ))?;
    }
    Ok(())
}

struct Demo<'a> {
    application: &'a Application,
    password: &'a str,
}

impl Demo<'_> {
    async fn make(&self, connection: &mut PgConnection) -> anyhow::Result<()> {
        let form = self.form(ADMIN, "Olga", "Operator");
        unless_there(
            self.application.auth.create_admin(&form, &context()).await,
            "email_taken",
        )?;
        let admin = self.sign_in(ADMIN).await?;
        let bank = self.organization(connection, &admin, BANK, None).await?;
        let mut organizations = vec![(BANK, bank)];
        for name in [CORPORATE, SMALL, LEASING] {
            let id = self
                .organization(connection, &admin, name, Some(bank))
                .await?;
            organizations.push((name, id));
        }
        for (email, first, last, role, organization) in ACCOUNTS {
            let form = self.form(email, first, last);
            let made = self.application.auth.register(&form, &context()).await;
            let Some(user) = unless_there(made, "email_taken")? else {
                continue;
            };
            let place = organizations
                .iter()
                .find(|(name, _)| Some(*name) == organization);
            if let Some((_, id)) = place {
                self.appoint(&admin, user.id, role, *id).await?;
            }
        }
        for (email, name, companies) in PORTFOLIOS {
            print_note(format_args!("scoring the portfolio {name}"));
            let keeper = self.sign_in(email).await?;
            let files = [
                (
                    Kind::Annual,
                    format!("{name}-2016-2020.csv"),
                    portfolio::annual(companies.clone(), 2016..2021),
                ),
                (
                    Kind::Annual,
                    format!("{name}-2021-2025.csv"),
                    portfolio::annual(companies.clone(), 2021..2026),
                ),
                (
                    Kind::Quarterly,
                    format!("{name}-quarters.csv"),
                    portfolio::quarterly(companies.clone()),
                ),
                (
                    Kind::Annual,
                    format!("{name}-branches-corrections.csv"),
                    portfolio::with_faults(companies.start..companies.start + 36),
                ),
            ];
            for (kind, file, text) in files {
                self.upload(&keeper, kind, &file, text).await?;
            }
        }
        print_note(format_args!(
            "recording outcomes, comparing predictions with them"
        ));
        let keeper = self.sign_in("ana@demo.example").await?;
        let asker = self.sign_in("oskar@demo.example").await?;
        let signer = self.sign_in("petra@demo.example").await?;
        outcomes::record(self.application, &keeper).await?;
        outcomes::compare(self.application, &asker, &signer).await
    }

    fn form(&self, email: &str, first: &str, last: &str) -> Registration {
        Registration {
            email: email.to_owned(),
            password: self.password.to_owned(),
            first_name: Some(first.to_owned()),
            last_name: Some(last.to_owned()),
            phone: None,
        }
    }

    async fn sign_in(&self, email: &str) -> anyhow::Result<Caller> {
        let auth = &self.application.auth;
        let signed_in = auth.login(email, self.password, &context()).await;
        let signed_in = signed_in.with_context(|| {
            format!(
                "{email} cannot sign in; name the password that the demonstration was made with"
            )
        })?;
        let LoggedIn::Session(signed_in) = signed_in else {
            bail!(
                "{email} has a second factor by now: make the demonstration in an empty database"
            );
        };
        Ok(auth
            .authenticate(&signed_in.tokens.access, context())
            .await?)
    }

    async fn organization(
        &self,
        connection: &mut PgConnection,
        admin: &Caller,
        name: &str,
        parent: Option<OrganizationId>,
    ) -> anyhow::Result<OrganizationId> {
        let known = sqlx::query_scalar("SELECT id FROM organizations WHERE name = $1")
            .bind(name)
            .fetch_optional(connection)
            .await?;
        if let Some(id) = known {
            return Ok(OrganizationId(id));
        }
        let command = CreateOrganization {
            draft: OrganizationDraft {
                name: name.to_owned(),
                industry: Some("Banking".to_owned()),
                ..OrganizationDraft::default()
            },
            parent,
            ..CreateOrganization::default()
        };
        let confirmed = self.application.confirm(admin)?;
        let organizations = &self.application.organizations;
        match organizations.create(&confirmed, &command, None).await? {
            Replayable::Fresh(made) => Ok(made.id),
            Replayable::Replayed(_) => bail!("an organization was made twice"),
        }
    }

    async fn appoint(
        &self,
        admin: &Caller,
        user: UserId,
        role: Role,
        organization: OrganizationId,
    ) -> anyhow::Result<()> {
        let command = SetRole {
            role,
            organization: Some(organization),
            reason: "demonstration".to_owned(),
            if_match: None,
        };
        let confirmed = self.application.confirm(admin)?;
        self.application
            .users
            .set_role(&confirmed, user, &command)
            .await?;
        Ok(())
    }

    async fn upload(
        &self,
        caller: &Caller,
        kind: Kind,
        name: &str,
        text: String,
    ) -> anyhow::Result<()> {
        let bulk = &self.application.bulk_uploads;
        let bytes = stream::iter([Ok(Bytes::from(text))]).boxed();
        let upload = SubmitUpload {
            file: bulk.receive(bytes).await?,
            original_filename: name.to_owned(),
            job_type: kind.into(),
            access_level: RowLevel::limited(AccessLevel::Organization),
            organization: None,
            options: JobOptions {
                // Corrections replace existing predictions.
                on_conflict: OnConflict::Update,
                ..JobOptions::default()
            },
            force: false,
        };
        let submitted = bulk.submit(caller, upload, None).await;
        let Some(Replayable::Fresh(mut job)) = unless_there(submitted, "duplicate_file")? else {
            return Ok(());
        };
        while !job.status.is_final() {
            bulk.wait_for_change(job.id).await;
            job = bulk.get(caller, job.id).await?;
        }
        Ok(())
    }
}

/// Returns the created value; `None` if it existed before.
pub(super) fn unless_there<T>(made: Result<T, Error>, there: &str) -> anyhow::Result<Option<T>> {
    match made {
        Ok(made) => Ok(Some(made)),
        Err(Error::Conflict { code, .. }) if code.as_str() == there => Ok(None),
        Err(Error::Invalid(faults)) => {
            let faults: Vec<_> = faults.iter().map(|fault| fault.detail.clone()).collect();
            bail!("{}", faults.join("; "))
        }
        Err(error) => Err(error.into()),
    }
}

fn context() -> RequestContext {
    RequestContext {
        request_id: "seed-demo".to_owned(),
        user_agent: Some("accunode seed demo".to_owned()),
        ..RequestContext::default()
    }
}
