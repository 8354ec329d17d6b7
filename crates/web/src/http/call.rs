//! The extractors with which every handler of the API begins.

use accunode_application::ErrorCode;
use std::{net::IpAddr, str::FromStr};

use accunode_application::{Application, Caller, Confirmed, RowLevel};
use accunode_domain::{Timestamp, audit::RequestContext, fault::Fault, owner::AccessLevel};
use accunode_ports::{
    limits::{self, LimitClass},
    workload::Work,
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web,
};
use futures::future::LocalBoxFuture;
use uuid::Uuid;

use super::{
    browser,
    negotiate::{Format, choose},
    policy::{Keys, Policy, StepUp},
    problem::Problem,
    query::{self, Query},
    recent_writes,
    response_middleware::{RateLimitState, RequestId},
    route::Endpoint,
    state::WebState,
    streams::Streams,
    work::{self, WorkLimits},
};

/// A request of an authenticated caller. Extracting it checks, in this order, the token, the
/// budget, the organization, its second factor, the scopes of an API key, the recent proof if one
/// is always needed, and `Accept`.
#[derive(Debug)]
pub(crate) struct Authenticated {
    pub(crate) request: HttpRequest,
    pub(crate) application: Application,
    pub(crate) caller: Caller,
    pub(crate) format: Format,
}

/// The authenticated caller of a request, in its extensions: a later denial is recorded in the
/// audit log under their name, and a long response checks their rights again.
#[derive(Clone, Debug)]
pub(crate) struct AuthenticatedCaller {
    pub(crate) caller: Caller,
    /// When the caller was authenticated.
    pub(crate) at: Timestamp,
}

impl AuthenticatedCaller {
    /// Notes the caller of a request.
    fn note(request: &HttpRequest, state: &WebState, caller: &Caller) {
        let noted = Self {
            caller: caller.clone(),
            at: state.application.ports().clock.now(),
        };
        request.extensions_mut().insert(noted);
    }
}

/// A request that needs no authentication.
#[derive(Debug)]
pub(crate) struct Anonymous {
    pub(crate) request: HttpRequest,
    pub(crate) application: Application,
    pub(crate) context: RequestContext,
}

/// A request with or without authentication: it is allowed in either case, but its result depends
/// on the caller.
#[derive(Debug)]
pub(crate) struct MaybeAuthenticated {
    pub(crate) application: Application,
    pub(crate) context: RequestContext,
    pub(crate) caller: Option<Caller>,
}

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let state = state(&request)?;
            let policy = Endpoint::policy_of(&request);
            let context = context(&request, state);
            let address = limits::principal(context.ip);
            let caller = match authenticate(&request, state, context).await {
                Ok(caller) => caller,
                Err(refusal) => {
                    // Guessing tokens also consumes a budget.
                    if refusal.status() == StatusCode::UNAUTHORIZED {
                        consume(&request, state, policy.limit, &address).await?;
                    }
                    return Err(refusal);
                }
            };
            AuthenticatedCaller::note(&request, state, &caller);
            let user = caller.actor.user().to_string();
            tracing::Span::current().record("user", &user);
            let principal = caller.principal().to_string();
            consume(&request, state, policy.limit, &principal).await?;
            require_rights(&caller, &policy)?;
            if policy.step_up == StepUp::Always {
                state.application.confirm(&caller)?;
            }
            let format = choose(request.headers(), policy.formats)?;
            let tenant = caller.tenant();
            let work = policy.work_of(request.query_string(), format);
            let user = caller.actor.user();
            let may_read_late = recent_writes::begin(&request, state, work, user).await;
            work::begin(&request, &state.work, work, tenant, may_read_late).await?;
            Ok(Self {
                application: state.application.clone(),
                caller,
                format,
                request,
            })
        })
    }
}

impl FromRequest for Anonymous {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let state = state(&request)?;
            let policy = Endpoint::policy_of(&request);
            require_public(&policy)?;
            let context = context(&request, state);
            let principal = limits::principal(context.ip);
            consume(&request, state, policy.limit, &principal).await?;
            choose(request.headers(), policy.formats)?;
            Ok(Self {
                application: state.application.clone(),
                context,
                request: request.clone(),
            })
        })
    }
}

impl FromRequest for MaybeAuthenticated {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let anonymous = Anonymous::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let Anonymous {
                application,
                context,
                ..
            } = anonymous.await?;
            let state = state(&request)?;
            let caller = if is_signed(&request, state)? {
                let caller = authenticate(&request, state, context.clone()).await?;
                AuthenticatedCaller::note(&request, state, &caller);
                let (ports, user) = (state.application.ports(), caller.actor.user());
                recent_writes::expect(&request, ports, Work::Unlimited, user);
                Some(caller)
            } else {
                None
            };
            Ok(Self {
                application,
                context,
                caller,
            })
        })
    }
}

impl Authenticated {
    /// Returns a typed id from the path. A text that is not an id is answered with not found.
    pub(crate) fn id<T: From<Uuid>>(&self, what: &'static str) -> Result<T, Problem> {
        self.request
            .match_info()
            .get("id")
            .and_then(|text| Uuid::try_parse(text).ok())
            .map(T::from)
            .ok_or_else(|| accunode_application::Error::not_found(what).into())
    }

    /// Returns a name from the path, whose pattern admits only valid ones.
    pub(crate) fn name<T: FromStr>(&self, parameter: &str) -> Result<T, Problem> {
        self.request
            .match_info()
            .get(parameter)
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Problem::of_status(StatusCode::NOT_FOUND))
    }

    /// Returns the parameters of the query.
    ///
    /// # Errors
    /// 422 with all faults.
    pub(crate) fn query<Q: Query>(&self) -> Result<Q, Problem> {
        self.query_checked(|_| None)
    }

    /// Returns the parameters of the query, with a rule that involves several of them.
    ///
    /// # Errors
    /// 422 with all faults.
    pub(crate) fn query_checked<Q: Query>(
        &self,
        check: impl FnOnce(&Q) -> Option<Fault>,
    ) -> Result<Q, Problem> {
        query::read(self.request.query_string(), check)
    }

    /// Checks that the query is empty.
    pub(crate) fn no_params(&self) -> Result<(), Problem> {
        self.query()
    }

    /// Returns the open event streams.
    pub(crate) fn streams(&self) -> Result<&Streams, Problem> {
        Ok(&state(&self.request)?.streams)
    }

    /// Returns the limits of concurrent work.
    pub(crate) fn work_limits(&self) -> Result<&WorkLimits, Problem> {
        Ok(&state(&self.request)?.work)
    }

    /// Returns the caller as they are now: for a request that waits before it is answered. A
    /// response that takes long needs nothing: [`long_response`](super::long_response) checks them
    /// all.
    pub(crate) async fn renewed_caller(&self) -> Result<Caller, Problem> {
        renew(&self.request, &self.caller).await
    }

    /// Returns the caller with a recent proof of their identity. If an operation always needs it,
    /// extracting the call has checked it.
    ///
    /// # Errors
    /// 403 `key_forbidden`; 401 `step_up_required`.
    pub(crate) fn confirmed(&self) -> Result<Confirmed, Problem> {
        Ok(self.application.confirm(&self.caller)?)
    }
}

impl Authenticated {
    /// Returns the level at which rows are created or to which access is widened.
    ///
    /// # Errors
    /// As [`Self::confirmed`], for the level `system`.
    pub(crate) fn row_level(
        &self,
        level: Option<AccessLevel>,
    ) -> Result<Option<RowLevel>, Problem> {
        let Some(level) = level else {
            return Ok(None);
        };
        Ok(Some(match RowLevel::limited(level) {
            Some(raised) => raised,
            None => RowLevel::everyone(&self.confirmed()?),
        }))
    }
}

impl MaybeAuthenticated {
    /// Returns the caller with a recent proof of their identity, if a user is signed in.
    ///
    /// # Errors
    /// As [`Authenticated::confirmed`].
    pub(crate) fn confirmed(&self) -> Result<Option<Confirmed>, Problem> {
        let caller = self.caller.as_ref();
        let confirmed = caller.map(|caller| self.application.confirm(caller));
        Ok(confirmed.transpose()?)
    }
}

/// Checks that the caller of a response still has the rights with which it began.
///
/// # Errors
/// 401 or 403 if they do not; 503 if that cannot be checked.
pub(super) async fn require_same_rights(
    request: HttpRequest,
    caller: Caller,
) -> Result<(), Problem> {
    let now = renew(&request, &caller).await?;
    if now.actor.has_rights_of(&caller.actor) {
        return Ok(());
    }
    Err(Problem::of_status(StatusCode::FORBIDDEN))
}

/// Returns the caller of a request as they are now, if they may still make it. An access token
/// that has expired meanwhile changes nothing: the session behind it decides. An API key is
/// presented again.
async fn renew(request: &HttpRequest, caller: &Caller) -> Result<Caller, Problem> {
    let state = state(request)?;
    let now = match caller.session {
        Some(_) => state.application.auth.renew(caller).await?,
        None => authenticate(request, state, caller.context.clone()).await?,
    };
    require_rights(&now, &Endpoint::policy_of(request))?;
    Ok(now)
}

/// Checks what an operation requires of every caller.
fn require_rights(caller: &Caller, policy: &Policy) -> Result<(), Problem> {
    if policy.for_inactive.is_none() {
        require_active_organization(caller)?;
    }
    if policy.without_second_factor.is_none() {
        require_second_factor(caller)?;
    }
    require_key(caller, policy.keys)
}

/// Checks I6: the caller's organization is active, if they have one.
fn require_active_organization(caller: &Caller) -> Result<(), Problem> {
    caller
        .actor
        .require_active_organization()
        .map_err(|denial| Problem::denied(denial, "organization"))
}

/// Checks that an API key may call this operation at all. The rights of its owner are checked
/// later.
fn require_key(caller: &Caller, keys: Keys) -> Result<(), Problem> {
    match keys {
        Keys::Never => caller.actor.require_user(),
        Keys::With(scope) => caller.actor.require_key_scope(scope),
        Keys::WithBoth(one, other) => caller
            .actor
            .require_key_scope(one)
            .and_then(|()| caller.actor.require_key_scope(other)),
        Keys::Any => Ok(()),
    }
    .map_err(|denial| Problem::denied(denial, "API key"))
}

/// Checks that an operation was declared to answer without a session. An undeclared operation
/// never does.
fn require_public(policy: &Policy) -> Result<(), Problem> {
    match policy.public {
        Some(_) => Ok(()),
        None => Err(token_required()),
    }
}

/// Checks that the caller presented a second factor, if their organization requires one.
fn require_second_factor(caller: &Caller) -> Result<(), Problem> {
    caller
        .actor
        .require_second_factor(caller.second_factor)
        .map_err(|denial| Problem::denied(denial, "organization"))
}

/// Returns the state of the API.
pub(crate) fn state(request: &HttpRequest) -> Result<&WebState, Problem> {
    request
        .app_data::<web::Data<WebState>>()
        .map(|data| data.get_ref())
        .ok_or_else(|| Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR))
}

fn context(request: &HttpRequest, state: &WebState) -> RequestContext {
    let peer: Option<IpAddr> = request.peer_addr().map(|peer| peer.ip());
    RequestContext {
        ip: state.proxies.client(peer, request.headers()),
        user_agent: request
            .headers()
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .map(|text| text.chars().filter(|c| !c.is_control()).take(512).collect()),
        request_id: request
            .extensions()
            .get::<RequestId>()
            .map(|id| id.0.clone())
            .unwrap_or_default(),
    }
}

async fn authenticate(
    request: &HttpRequest,
    state: &WebState,
    context: RequestContext,
) -> Result<Caller, Problem> {
    let auth = &state.application.auth;
    let Some(header) = request.headers().get(header::AUTHORIZATION) else {
        return match browser::access_token(request, state)? {
            Some(token) => Ok(auth.authenticate(token, context).await?),
            None => Err(token_required()),
        };
    };
    let token = header
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| (1..=512).contains(&token.len()));
    let Some(token) = token else {
        return Err(unauthenticated(
            ErrorCode::InvalidToken,
            "`Authorization` must be `Bearer` and an access token or API key",
        ));
    };
    Ok(auth.authenticate(token, context).await?)
}

/// Returns whether the request carries a token or the cookie of a browser's session.
fn is_signed(request: &HttpRequest, state: &WebState) -> Result<bool, Problem> {
    let has_token = request.headers().contains_key(header::AUTHORIZATION);
    Ok(has_token || browser::access_token(request, state)?.is_some())
}

fn token_required() -> Problem {
    unauthenticated(
        ErrorCode::TokenRequired,
        "sign in and send `Authorization: Bearer <access token>`",
    )
}

fn unauthenticated(code: ErrorCode, detail: &str) -> Problem {
    accunode_application::Error::Unauthenticated {
        code,
        detail: detail.to_owned(),
    }
    .into()
}

/// Consumes one request of the budget. If the limiter is unavailable, requests that could be used
/// to guess passwords are refused; others are not, because they have their own checks.
async fn consume(
    request: &HttpRequest,
    state: &WebState,
    class: LimitClass,
    principal: &str,
) -> Result<(), Problem> {
    let budget = match state.limiter.consume(class, principal).await {
        Ok(budget) => budget,
        Err(error) if class == LimitClass::Auth => {
            return Err(accunode_application::Error::from(error).into());
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "rate limits are out of reach"
            );
            return Ok(());
        }
    };
    request
        .extensions_mut()
        .insert(RateLimitState(class, budget));
    if budget.allowed {
        return Ok(());
    }
    let wait = budget.reset_seconds.max(1);
    Err(Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "rate_limited",
        format!(
            "at most {} requests of the class `{}` in {} seconds; try again in {wait} s",
            budget.limit,
            class.as_str(),
            budget.window_seconds
        ),
    )
    .with_header(header::RETRY_AFTER, HeaderValue::from(wait)))
}

/// Returns a fault of a header.
pub(crate) fn header_fault(name: &str, code: &'static str, detail: &str) -> Problem {
    Problem::faults(vec![Fault::new(name, code, detail)])
}
