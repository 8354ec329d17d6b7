//! `accunode admin`: management of administrators.

use std::io::{BufRead, stdin};

use accunode_application::{Error, auth::Registration};
use accunode_domain::audit::RequestContext;
use anyhow::{Context, bail};
use tokio::runtime;
use uuid::Uuid;

use super::{print_line, with_database};
use crate::{
    cli::Admin,
    config::Config,
    service::{Service, hasher},
};

/// Runs one action; may be used beside a running server.
///
/// # Errors
/// Every fault of the arguments, and those of the database.
pub fn run(config: &Config, action: &Admin) -> anyhow::Result<()> {
    let Admin::Create {
        email,
        password_stdin,
    } = action;
    if !password_stdin {
        bail!(
            "give the password on standard input, with --password-stdin: an argument would show in the list of processes"
        );
    }
    let mut password = String::new();
    stdin()
        .lock()
        .read_line(&mut password)
        .context("cannot read the password")?;
    let form = Registration {
        email: email.clone(),
        password: password.trim_end_matches(['\r', '\n']).to_owned(),
        ..Registration::default()
    };
    check(config, &form)?;
    with_database(config, async |database| {
        database.ensure_schema().await?;
        let route = database.route().await?;
        let service = Service::wire(config, &route).await?;
        let context = RequestContext {
            request_id: format!("cli-{}", Uuid::from_u128(u128::from(std::process::id()))),
            user_agent: Some("accunode admin create".to_owned()),
            ..RequestContext::default()
        };
        let made = service.application.auth.create_admin(&form, &context).await;
        service.close().await;
        match made {
            Ok(user) => print_line(format_args!("{} is a super_admin now", user.email.as_str())),
            Err(error) => Err(with_faults(error)),
        }
    })
}

/// Refuses invalid arguments before a database is started, or even created.
fn check(config: &Config, form: &Registration) -> anyhow::Result<()> {
    let hasher = hasher(config)?;
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?
        .block_on(form.check(&hasher))
        .map_err(with_faults)
}

fn with_faults(error: Error) -> anyhow::Error {
    let Error::Invalid(faults) = error else {
        return error.into();
    };
    let lines: Vec<_> = faults
        .iter()
        .map(|f| format!("{}: {}", f.pointer.trim_start_matches('/'), f.detail))
        .collect();
    anyhow::anyhow!("{}", lines.join("\n"))
}
