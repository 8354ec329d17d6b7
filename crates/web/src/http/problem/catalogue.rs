//! The explanation of every code of a problem: the source of `docs/errors.md` and of the page
//! `/docs/errors`, to which the `type` of problems links.

/// The explanation of a code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// The `code` of the problem.
    pub(crate) code: &'static str,
    /// The statuses of its answers.
    pub(crate) statuses: &'static [u16],
    /// Its meaning and its cause.
    pub(crate) cause: &'static str,
    /// The remedy for the client or the operator.
    pub(crate) remedy: &'static str,
}

const fn entry(
    code: &'static str,
    statuses: &'static [u16],
    cause: &'static str,
    remedy: &'static str,
) -> Entry {
    Entry {
        code,
        statuses,
        cause,
        remedy,
    }
}

/// The code of a request with several faults. If all faults of a request are of one kind, that kind
/// is the code of the problem, so the kinds are explained here, too.
pub(crate) const VALIDATION_FAILED: &str = "validation_failed";

/// Every code, ordered by name.
#[rustfmt::skip] // A line each: it is read as a table.
pub(crate) const ENTRIES: &[Entry] = &[
    entry("already_allowed", &[409], "The e-mail address is on the organization's list already.", "Nothing is to be done."),
    entry("already_enrolled", &[409], "The account has a second factor.", "Remove it first, with a recent proof, where it is to be replaced."),
    entry("already_in_default", &[409], "The company is in default at that day: a default would follow another without a cure between them.", "Record the cure, or withdraw one of the defaults."),
    entry("already_member", &[409], "The user belongs to an organization, and to one only.", "Leave the organization first."),
    entry("already_running", &[409], "A run of this maintenance has not ended, on this node or another.", "Wait for its end: `/admin/maintenance` shows it."),
    entry("already_withdrawn", &[409], "The outcome was withdrawn before. It is never changed again.", "Record a new outcome."),
    entry("approval_pending", &[409], "The second factor was shown, and an administrator has yet to approve it.", "Ask an administrator of the organization."),
    entry("archive_differs", &[409], "The archive of a month does not hold what the database does.", "Archive the month again, and find out who changed the file."),
    entry("bad_request", &[400], "The request cannot be understood as HTTP of this API.", "Compare it with the OpenAPI document."),
    entry("changed_meanwhile", &[409], "Others changed the same thing while the request was carried out.", "Send the request again after `Retry-After`."),
    entry("company_in_use", &[409], "There are predictions or outcomes on the company, so it can be neither removed nor moved as it is; `detail` counts those that the caller may see.", "`force=true` removes it with the predictions that the caller may delete; with outcomes, or rows of others, it stays. `with_predictions=true` raises it together with the predictions of its owner."),
    entry("conflict", &[409], "The change contradicts what is stored.", "Read what is there and decide again."),
    entry("cross_site_request", &[403], "A page of another site sent the request with the cookies of a session.", "Send the request from the service's own pages, or with a token instead of cookies."),
    entry("definition_exists", &[409], "The owner has a definition of default of this code and version, which never changes.", "Send another `version`, or use the one that is there."),
    entry("domain_taken", &[409], "Another organization has this domain.", "Choose another domain, or none."),
    entry("duplicate_file", &[409], "The same file was uploaded with the same options before; `existing_id` is that upload.", "Look at that upload, or upload again with `force=true`."),
    entry("email_not_allowed", &[403], "The organization lists who may join, and this address is not among them.", "Ask an administrator of the organization to list it."),
    entry("email_taken", &[409], "The address has an account.", "Sign in to it, or use another address."),
    entry("email_unverified", &[403], "The address has not been confirmed.", "Follow the link of the mail that was sent, or ask for another at `/auth/verify-email/resend`."),
    entry("extension_missing", &[503], "The database lacks the extension that the figures come from.", "`detail` says how it is had."),
    entry("field_forbidden", &[403], "The caller's role does not cover one of the fields that were sent.", "Leave the field out, or ask an administrator."),
    entry("file_budget_exhausted", &[507], "The kept files of the account or organization have reached their limit.", "Remove uploads that are no longer needed."),
    entry("four_eyes", &[403], "A report is signed off by another user than the one who asked for it.", "Ask a colleague to sign it off."),
    entry("has_children", &[422], "An organization with children cannot become the child of another.", "Move its children first."),
    entry("idempotency_in_flight", &[409], "A request with this `Idempotency-Key` is being carried out.", "Send it again after `Retry-After`: the first answer is given again then."),
    entry("identifier_taken", &[409], "Another company of the owner has this ISIN, LEI, FIGI or national number.", "Look for that company with `q=`, and correct one of the two."),
    entry("inactive", &[401, 403], "The account was deactivated.", "Ask an administrator."),
    entry("incomplete_body", &[400], "The connection ended before the whole body had arrived.", "Send the request again."),
    entry("internal_error", &[500], "A defect of the service. Its cause is in the log, by `request_id`, and nowhere else.", "Tell those who operate the service its `request_id`."),
    entry("invalid_code", &[401], "The code of the second factor is wrong, or was used before.", "Wait for the next code, or use a recovery code."),
    entry("invalid_credentials", &[401], "E-mail address or password is wrong. Which of the two is not told.", "Try again, or ask for a new password at `/auth/password/forgot`."),
    entry("invalid_token", &[401], "The access token or API key is unknown, has ended or was revoked.", "Refresh the tokens, or sign in again."),
    entry("job_budget_exhausted", &[507], "The account or organization keeps as many uploads and rescorings as it may.", "Remove some that are no longer needed."),
    entry("key_expired", &[409], "The API key has expired and cannot be rotated.", "Make another key."),
    entry("key_forbidden", &[403], "No API key may do this, whatever its scopes.", "Sign in as a user."),
    entry("key_scope", &[403], "The scopes of the API key do not cover this.", "Use a key with the scope that `x-access` in the OpenAPI document names."),
    entry("last_super_admin", &[409], "At least one active super_admin must remain.", "Make another user super_admin first."),
    entry("level_change", &[409], "What is shared is never narrowed, nor moved to another organization.", "Make a new row where it is to belong to someone else."),
    entry("level_forbidden", &[403], "The caller's role makes nothing at this access level.", "Choose a narrower `access_level`, or ask an administrator."),
    entry("level_mismatch", &[409, 422], "The levels of company and prediction do not fit: an organization's prediction needs a company of the same organization or of the system, a system prediction one of the system.", "Choose another company or access level, or raise both together by a PATCH of the company with `with_predictions=true`."),
    entry("locked_out", &[429], "Too many failed logins of this address or from this network.", "Come back after `Retry-After`."),
    entry("malformed_form", &[400], "The body is no `multipart/form-data` as RFC 7578 describes it.", "Use a library for the form; it sets the boundary."),
    entry("malformed_json", &[400], "The body is no JSON; `detail` says where.", "Mend the JSON at that place."),
    entry("method_not_allowed", &[405], "The address does not know the method.", "Use one that `Allow` names."),
    entry("model_unavailable", &[409], "This version of the model is not served any more.", "Use a version that `/models` lists, or score the prediction again."),
    entry("name_taken", &[409], "Another organization of the tenant has this name, or one that looks like it.", "Choose another name."),
    entry("no_baseline", &[409], "There is nothing that the predictions could be compared with.", "Name another `baseline`: `detail` says which is missing."),
    entry("not_a_member", &[409], "The user does not belong to the organization.", "Check the ids."),
    entry("not_a_root", &[409, 422], "A tenant is named by its root organization, and this is none.", "Name the root."),
    entry("not_acceptable", &[406], "`Accept` excludes everything that could be answered.", "Accept one of the media types that `detail` names."),
    entry("not_cancellable", &[409], "The upload or rescoring has ended.", "Nothing is left to cancel."),
    entry("not_enrolled", &[409], "The account has no second factor.", "Enrol one at `/me/mfa/totp` first."),
    entry("not_finished", &[409], "The report is not completed; its `status` says where it stands.", "Wait for its end, or look at why it failed."),
    entry("not_found", &[404], "There is nothing at this address, or nothing that the caller may see: which of the two is not told.", "Check the address and the id, and whether the caller may read it."),
    entry("not_in_default", &[409], "The company is not in default at that day: the cure would end none.", "Record the default first."),
    entry("not_ready", &[503], "The service cannot serve at the moment; `failing` says why.", "Come back after `Retry-After`."),
    entry("not_writable", &[403], "The caller can read this and not change it.", "Ask the user who made it, or an administrator."),
    entry("nothing_to_retry", &[409], "The upload has no failed rows, or has not ended.", "Wait for its end, or look at its counters."),
    entry("organization_full", &[409], "The organization has as many members as it may.", "Ask its administrator to raise `max_users`."),
    entry("organization_inactive", &[403], "The caller's organization is not active.", "Ask an administrator of the tenant."),
    entry("organization_mismatch", &[422], "`organization_id` names an organization, and the access level is not `organization`.", "Leave `organization_id` out, or set `access_level` to `organization`."),
    entry("organization_not_empty", &[409], "The organization has members or rows; `detail` counts them.", "Remove it with `force=true`, which removes its rows."),
    entry("organization_required", &[422], "The access level is `organization`, and which one is not known: the caller has none, or several.", "Send `organization_id`."),
    entry("other_account", &[403], "The invitation or link is for another account than the one that is signed in.", "Sign out, or sign in to the account that it is for."),
    entry("outcome_exists", &[409], "This outcome of the company and day, or one with this `external_id`, is recorded.", "Nothing is to be done, or withdraw the one that is there."),
    entry("outside_scope", &[403], "The organization is not one of the caller's.", "Leave `organization_id` out, or name one of your own."),
    entry("owner_unavailable", &[409], "The maintenance needs the role that owns the tables, and this process cannot act as it.", "Run it by `accunode maintain run` with that role's URL."),
    entry("payload_too_large", &[413], "The body is larger than the operation takes.", "Send less at a time; large tables are bulk uploads."),
    entry("prediction_exists", &[409], "Company and period have a prediction; `existing_id` is it.", "Send `on_conflict` `update` to replace it, or `skip` to keep it."),
    entry("rank_too_low", &[403], "The other user's rank is not below the caller's.", "Ask someone of a higher rank."),
    entry("rate_limited", &[429], "Too many requests of this class; `RateLimit` says how many are left.", "Come back after `Retry-After`."),
    entry("refused", &[403], "The request was refused before any operation looked at it.", "Compare it with the OpenAPI document."),
    entry("registration_closed", &[403], "Accounts are made by an administrator here.", "Ask for an invitation."),
    entry("request_timeout", &[408], "The request took too long to arrive.", "Send it again, over a better connection or in smaller parts."),
    entry("rescoring_running", &[409], "The same rescoring has not ended; `existing_id` is it.", "Wait for its end, or cancel it."),
    entry("role_forbidden", &[403], "The caller's role does not allow this.", "Ask an administrator."),
    entry("role_not_assignable", &[403], "The caller cannot give this role.", "Give a role below your own, or ask an administrator."),
    entry("rows_not_kept", &[409], "Not every failed row of the upload was kept, so they cannot be tried again from here.", "Mend the file and upload it again."),
    entry("running", &[409], "The upload is being worked on.", "Cancel it first, or wait for its end."),
    entry("scale_exists", &[409], "The owner has a master scale of this name and version, which never changes.", "Send another `version`, or use the one that is there."),
    entry("scope_exceeds_role", &[403], "An API key cannot do more than its owner, and one of the scopes would.", "Leave the scope out."),
    entry("second_factor_required", &[403], "The caller's organization demands a second factor, and the caller has not shown one.", "Enrol one at `/me/mfa/totp` and sign in with it."),
    entry("secret_already_shown", &[409], "The request was carried out before, and the secret that was shown then is kept nowhere.", "Rotate the key for another secret."),
    entry("sign_in_required", &[401], "The address that was invited has an account.", "Sign in to it and accept again."),
    entry("signed_off", &[409], "The report is signed off, which is never changed.", "Ask for a new report."),
    entry("stale", &[412], "It was changed since the version that `If-Match` names was read.", "Read it again and decide again."),
    entry("starting", &[503], "The service is starting.", "Come back after `Retry-After`."),
    entry("step_up_required", &[401], "The operation needs a recent proof of who the caller is.", "Send the password to `/auth/step-up` and try again."),
    entry("storage_low", &[507], "The service has no room for uploads.", "Try again later, or tell those who operate the service."),
    entry("symbol_taken", &[409], "The owner has a company with this symbol.", "Use that company, or correct the symbol."),
    entry("timed_out", &[503], "The answer took longer than it may.", "Narrow the request, or come back after `Retry-After`."),
    entry("token_expired", &[401, 410], "The refresh token, link or login is unknown or too old.", "Sign in again, or ask for another link."),
    entry("token_required", &[401], "The request says not who sends it.", "Sign in and send `Authorization: Bearer` with the access token, or an API key."),
    entry("token_reused", &[401], "The refresh token was used before, so its session was ended: someone else may have it.", "Sign in again, and change the password where that is not explained."),
    entry("too_few_rows", &[409], "There is nothing, or too little, to make figures of.", "Widen the request: `detail` names what narrows it."),
    entry("too_many_at_once", &[429], "The caller's tenant has as much work of this kind under way as it may.", "Wait for one to end, or come back after `Retry-After`."),
    entry("too_many_event_streams", &[429], "As many event streams, or requests that wait, are open as may be.", "Close one, or ask for the upload now and again."),
    entry("too_many_items", &[413], "The list has more items than the operation takes.", "Send fewer at a time."),
    entry("too_many_keys", &[409], "The user has as many API keys as one may have.", "Revoke one that is not needed."),
    entry("too_many_mails", &[429], "As many mails of this kind were sent as may be.", "Come back after `Retry-After`."),
    entry("too_many_open_jobs", &[429], "As many uploads and rescorings are open as may be.", "Wait for one to end, or cancel one."),
    entry("too_many_rows", &[413, 422], "The file or table has more rows than is taken or written.", "Divide it, or ask for CSV."),
    entry("unavailable", &[503], "Something that the service needs is out of reach.", "Come back after `Retry-After`; those who operate the service find the cause by `request_id`."),
    entry("unsupported_media_type", &[415], "Another kind of body is needed.", "Send the `Content-Type` that `detail` names."),
    entry(VALIDATION_FAILED, &[415, 422], "Something is wrong with what was sent: `errors` has every fault with its place (`pointer`), its `code` and a `detail` that names value, rule and remedy. Where all faults are of one kind, that is the code of the problem, too.", "Mend what `errors` names."),
    entry("window_not_covered", &[409], "It is not known of the whole window what happened in it; `detail` says until when it is.", "Record what happened and say until when it is complete (`/outcome-coverage`), or choose an earlier window."),
    entry("wrong_password", &[401], "This is not the password of the account.", "Try again, or ask for a new password."),
];

/// Returns the place that explains the code: its anchor on the page, or, for a fault that a whole
/// request has, the anchor that explains faults.
pub(crate) fn place(code: &str) -> &'static str {
    let found = ENTRIES.iter().find(|entry| entry.code == code);
    found.map_or(VALIDATION_FAILED, |entry| entry.code)
}
