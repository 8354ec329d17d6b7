//! A row of the matrix as a request to the policy.

use accunode_domain::{
    access::{
        Actor, Contradiction, DashboardScope, Denial, OnCompany, OrganizationChange, Reading,
        Removal, RowsOnCompany,
    },
    id::{OrganizationId, UserId},
    owner::{AccessLevel, Owner},
    user::Role,
};

use crate::fixture::{Fixture, organization, split};

/// The request of a row: one resource and one action.
pub(crate) struct Request<'a> {
    pub(crate) resource: &'a str,
    pub(crate) action: &'a str,
    pub(crate) detail: &'a str,
}

/// Every resource and action that the tests support.
pub(crate) const KNOWN: &[&str] = &[
    "admin use",
    "analytics read",
    "audit read",
    "audit read_event",
    "bulk_job cancel",
    "bulk_job create",
    "bulk_job delete",
    "bulk_job list",
    "bulk_job read",
    "bulk_job retry",
    "bulk_job rows",
    "company create",
    "company delete",
    "company force_delete",
    "company list",
    "company lower",
    "company raise",
    "company read",
    "company share",
    "company update",
    "coverage read",
    "coverage set",
    "dashboard read",
    "definition create",
    "definition list",
    "definition read",
    "definition retire",
    "invitation create",
    "invitation list",
    "invitation withdraw",
    "models use",
    "monitoring read",
    "monitoring snapshots",
    "organization change_allowed_emails",
    "organization change_hide_system_data",
    "organization change_is_active",
    "organization change_join_token",
    "organization change_max_users",
    "organization change_profile",
    "organization change_require_second_factor",
    "organization change_second_factor_approval",
    "organization create",
    "organization delete",
    "organization read",
    "organization set_parent",
    "organizations list",
    "second_factors list",
    "outcome create",
    "outcome list",
    "outcome read",
    "outcome withdraw",
    "prediction create",
    "prediction delete",
    "prediction list",
    "prediction lower",
    "prediction raise",
    "prediction read",
    "prediction update",
    "rescoring create",
    "rescoring read",
    "scale create",
    "scale list",
    "scale read",
    "scoring use",
    "templates use",
    "transitions read",
    "user anonymize",
    "user approve_second_factor",
    "user deactivate",
    "user edit",
    "user end_sessions",
    "user list_sessions",
    "user read",
    "user remove_from_org",
    "user refuse_second_factor",
    "user remove_second_factor",
    "user reset_password",
    "user set_role",
    "users directory",
    "validation create",
    "validation list",
    "validation read",
    "validation report",
    "validation sample",
    "validation sign_off",
    "validation text",
];

type Answer = Result<Reading, Denial>;

/// The answer of the policy, in the form of a cell.
///
/// # Errors
/// The part of the request that is unknown.
pub(crate) fn answer(
    fixture: &Fixture,
    request: &Request<'_>,
    who: &str,
) -> Result<String, String> {
    let Ok(actor) = fixture.sign_in(who) else {
        return Ok("401".to_owned());
    };
    // The policy is always asked, so that an unknown row is reported.
    let policy = ask(fixture, &actor, request)?;
    Ok(match actor.require_active_organization().and(policy) {
        Ok(Reading::Open) => "ok",
        Ok(Reading::BreakGlass) => "ok*",
        Err(Denial::Forbidden(_)) => "403",
        Err(Denial::NotFound) => "404",
        Err(Denial::Conflict(_)) => "409",
        Err(Denial::Unprocessable(_)) => "422",
    }
    .to_owned())
}

fn ask(fixture: &Fixture, actor: &Actor, request: &Request<'_>) -> Result<Answer, String> {
    let unknown = || {
        let Request {
            resource,
            action,
            detail,
        } = request;
        format!("unknown request {resource} {action} {detail:?}")
    };
    let (action, to) = match request.action.split_once(':') {
        Some((action, to)) => (action, Some(to)),
        None => (request.action, None),
    };
    Ok(match (request.resource, action, to) {
        (
            "company" | "prediction" | "bulk_job" | "rescoring" | "outcome" | "scale"
            | "definition",
            "read",
            None,
        )
        | ("bulk_job", "rows", None)
        | ("validation", "read" | "sample" | "report" | "text", None) => {
            actor.read(fixture.owner(request.detail)?.0)
        }
        (
            "company" | "prediction" | "bulk_job" | "outcome" | "validation" | "scale"
            | "definition",
            "list",
            None,
        ) => {
            let (level, organization) = target(request.detail).ok_or_else(unknown)?;
            open(actor.narrowed(Some(level), organization))
        }
        ("company" | "prediction", "update" | "delete", None) | ("outcome", "withdraw", None) => {
            let (owner, creator) = fixture.owner(request.detail)?;
            open(actor.write(owner, creator))
        }
        ("bulk_job", "cancel" | "retry" | "delete", None) => {
            let (owner, creator) = fixture.owner(request.detail)?;
            open(actor.control_upload(owner, creator))
        }
        ("company", "raise" | "lower", Some(to)) => {
            let (owner, creator) = fixture.owner(request.detail)?;
            let (level, organization) = target(to).ok_or_else(unknown)?;
            open(actor.widen_access(owner, creator, level, organization))
        }
        ("company", "force_delete", None) => {
            let (row, company) = request.detail.split_once(" on ").ok_or_else(unknown)?;
            let (company, creator) = fixture.owner(company)?;
            let (owner, created_by) = fixture.owner(row)?;
            let row = RowsOnCompany {
                what: OnCompany::Predictions,
                owner,
                created_by,
                count: 1,
            };
            let write = actor.write(company, creator);
            open(
                write.and_then(|_| match actor.company_use(&[row]).may_go() {
                    true => Ok(()),
                    // All conflicts count as the same.
                    false => Err(Denial::Conflict(Contradiction::LevelChange)),
                }),
            )
        }
        ("company", "share", Some(to)) => {
            let (row, company) = request.detail.split_once(" on ").ok_or_else(unknown)?;
            let (company, creator) = fixture.owner(company)?;
            let (owner, created_by) = fixture.owner(row)?;
            let (level, organization) = target(to).ok_or_else(unknown)?;
            let row = RowsOnCompany {
                what: OnCompany::Predictions,
                owner,
                created_by,
                count: 1,
            };
            let raise = actor.widen_access(company, creator, level, organization);
            open(
                raise.and_then(|raise| match actor.company_sharing(raise, &[row]).refused {
                    0 => Ok(()),
                    _ => Err(Denial::Conflict(Contradiction::LevelChange)),
                }),
            )
        }
        ("prediction", "raise" | "lower", Some(to)) => {
            let (owner, creator, company) = prediction(fixture, request.detail)?;
            let (level, organization) = target(to).ok_or_else(unknown)?;
            open(actor.widen_prediction_access(owner, creator, level, organization, company))
        }
        ("company", "create", None) => {
            let (level, organization) = target(request.detail).ok_or_else(unknown)?;
            open(actor.create(Some(level), organization))
        }
        ("bulk_job" | "rescoring", "create", None) => {
            let (level, organization) = target(request.detail).ok_or_else(unknown)?;
            open(actor.upload(Some(level), organization))
        }
        ("prediction", "create", None) => {
            let (to, company) = request.detail.split_once(" on ").ok_or_else(unknown)?;
            let (level, organization) = target(to).ok_or_else(unknown)?;
            open(actor.predict(Some(level), organization, fixture.owner(company)?.0))
        }
        ("outcome", "create", None) => {
            let (to, company) = request.detail.split_once(" on ").ok_or_else(unknown)?;
            let (level, organization) = target(to).ok_or_else(unknown)?;
            open(actor.record_outcome(Some(level), organization, fixture.owner(company)?.0))
        }
        ("coverage", "read", None) => {
            let (level, organization) = target(request.detail).ok_or_else(unknown)?;
            open(actor.read_coverage(Some(level), organization))
        }
        ("transitions", "read", None) => {
            let (level, organization) = target(request.detail).ok_or_else(unknown)?;
            open(actor.figures_of_one(Some(level), organization))
        }
        ("monitoring", "read" | "snapshots", None) => {
            let (level, organization) = target(request.detail).ok_or_else(unknown)?;
            open(actor.monitor(Some(level), organization))
        }
        ("coverage", "set", None) => {
            let (level, organization) = target(request.detail).ok_or_else(unknown)?;
            open(actor.set_coverage(Some(level), organization))
        }
        ("validation", "create", None) => {
            let (level, organization) = target(request.detail).ok_or_else(unknown)?;
            open(actor.validate(Some(level), organization))
        }
        ("definition", "retire", None) => {
            let (owner, _) = fixture.owner(request.detail)?;
            open(actor.retire_definition(owner))
        }
        ("definition", "create", None) => {
            let (level, organization) = target(request.detail).ok_or_else(unknown)?;
            open(actor.create_definition(Some(level), organization))
        }
        ("scale", "create", None) => {
            let (level, organization) = target(request.detail).ok_or_else(unknown)?;
            open(actor.create_scale(Some(level), organization))
        }
        ("validation", "sign_off", None) => {
            let (owner, creator) = fixture.owner(request.detail)?;
            // Members create rows of organizations, and administrators create back-tests.
            let maker = match owner {
                Owner::Organization(_) => fixture.user("oA").ok_or_else(unknown)?,
                _ => creator,
            };
            open(actor.sign_off(owner, maker))
        }
        ("scoring" | "models" | "templates", "use", None) => open(actor.use_models()),
        ("dashboard" | "analytics", "read", None) => {
            let (scope, named) = split(request.detail);
            let scope: DashboardScope = scope.parse().map_err(|_| unknown())?;
            // The policy receives the children, which the service would look up.
            let children = named.map_or(Vec::new(), |name| fixture.children(name));
            open(actor.dashboard(scope, named.map(organization), &children))
        }
        ("admin", "use", None) => open(actor.operate_installation()),
        ("audit", "read", None) => match split(request.detail) {
            ("own", None) => open(actor.own_audit_log()),
            ("organization", Some(name)) => open(actor.audit_log(Some(organization(name)))),
            _ => return Err(unknown()),
        },
        ("audit", "read_event", None) => {
            let (owner, creator) = fixture.owner(request.detail)?;
            let events = actor.audit_log(None);
            events.and_then(
                |events| match events.contains(Some(creator), owner.organization()) {
                    true => Ok(Reading::Open),
                    false => Err(Denial::NotFound),
                },
            )
        }
        ("users", "directory", None) => open(actor.directory(Some(organization(request.detail)))),
        ("user", action, to) => {
            user(fixture, actor, action, to, request.detail).ok_or_else(unknown)?
        }
        ("invitation", "create", None) => {
            let (role, place) = assigned(request.detail).ok_or_else(unknown)?;
            open(actor.invite(role, place))
        }
        ("invitation", "list" | "withdraw", None) => {
            let id = organization(request.detail);
            open(actor.change_organization(id, OrganizationChange::Profile))
        }
        ("second_factors", "list", None) => open(actor.approvals(organization(request.detail))),
        ("organizations", "list", None) => match split(request.detail) {
            ("own", None) => open(actor.list_organizations(None)),
            ("children", Some(root)) => open(actor.list_organizations(Some(organization(root)))),
            _ => return Err(unknown()),
        },
        ("organization", action, None) => {
            organization_request(actor, action, request.detail).ok_or_else(unknown)?
        }
        _ => return Err(unknown()),
    })
}

fn user(
    fixture: &Fixture,
    actor: &Actor,
    action: &str,
    to: Option<&str>,
    name: &str,
) -> Option<Answer> {
    let subject = fixture.subject(name)?;
    Some(match (action, to) {
        ("read", None) => open(actor.read_user(&subject)),
        (
            "deactivate"
            | "reset_password"
            | "list_sessions"
            | "end_sessions"
            | "remove_second_factor"
            | "approve_second_factor"
            | "refuse_second_factor",
            None,
        ) => open(actor.administer_user(&subject)),
        ("edit", None) => open(actor.edit_user(&subject)),
        ("remove_from_org", None) => open(actor.remove_user(&subject, Removal::RemoveFromOrg)),
        ("anonymize", None) => open(actor.remove_user(&subject, Removal::Anonymize)),
        ("set_role", Some(to)) => {
            let (role, place) = assigned(to)?;
            let parent = split(to)
                .1
                .and_then(|name| fixture.membership(name))
                .and_then(|m| m.parent);
            open(
                actor
                    .set_role(&subject, role, place)
                    .and_then(|assignment| assignment.fits(parent)),
            )
        }
        _ => return None,
    })
}

fn organization_request(actor: &Actor, action: &str, detail: &str) -> Option<Answer> {
    let id = organization(detail);
    let change = |change| open(actor.change_organization(id, change));
    Some(match action {
        "read" => open(actor.read_organization(id)),
        "change_profile" => change(OrganizationChange::Profile),
        "change_join_token" => change(OrganizationChange::JoinToken),
        "change_allowed_emails" => change(OrganizationChange::AllowedEmails),
        "change_is_active" => change(OrganizationChange::IsActive),
        "change_max_users" => change(OrganizationChange::MaxUsers),
        "change_hide_system_data" => change(OrganizationChange::HideSystemData),
        "change_require_second_factor" => change(OrganizationChange::RequireSecondFactor),
        "change_second_factor_approval" => change(OrganizationChange::SecondFactorApproval),
        "set_parent" => change(OrganizationChange::Parent),
        "delete" => open(actor.delete_organization(id)),
        "create" => match split(detail) {
            ("root", None) => open(actor.create_organization(None)),
            ("child", Some(of)) => open(actor.create_organization(Some(organization(of)))),
            _ => return None,
        },
        _ => return None,
    })
}

/// The owner and creator of a prediction, and the owner of its company: the one that is named,
/// otherwise A, or the system for a system prediction.
fn prediction(fixture: &Fixture, detail: &str) -> Result<(Owner, UserId, Owner), String> {
    let (row, company) = match detail.split_once(" on ") {
        Some((row, company)) => (row, company),
        None if detail == "system" => (detail, "system"),
        None => (detail, "organization(A)"),
    };
    let (owner, creator) = fixture.owner(row)?;
    Ok((owner, creator, fixture.owner(company)?.0))
}

/// A level and an organization, as in a request body.
fn target(text: &str) -> Option<(AccessLevel, Option<OrganizationId>)> {
    let (level, named) = split(text);
    Some((level.parse().ok()?, named.map(organization)))
}

/// A role and an organization, as in a request body.
fn assigned(text: &str) -> Option<(Role, Option<OrganizationId>)> {
    let (role, named) = split(text);
    Some((role.parse().ok()?, named.map(organization)))
}

fn open<T>(answer: Result<T, Denial>) -> Answer {
    answer.map(|_| Reading::Open)
}
