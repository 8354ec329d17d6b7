//! Faults of the parts whose form is right, in a body whose other parts are wrong.
//!
//! A body that fits its schema is checked by the domain as a whole. One that does not
//! never comes so far, so its sound parts are checked here by the same rules: whoever
//! mends it learns of everything at once.

use accunode_domain::{
    company::CompanyDraft,
    decimal::Decimal,
    fault::Fault,
    organization::OrganizationDraft,
    prediction::{Kind, Quarter, ReportingYear},
    user::{Email, Password, Profile},
};
use serde::Deserialize;
use serde_json::Value;

/// The further faults of a body of this schema.
pub(super) fn check(schema: &str, body: &Value) -> Vec<Fault> {
    match schema {
        "NewCompany" | "CompanyChanges" => company(body),
        "NewPrediction" => prediction(body),
        "NewAccount" | "Acceptance" => account(body),
        "NewOrganization" | "OrganizationChanges" => organization(body),
        "UserChanges" | "ProfileChanges" => profile(body),
        _ => Vec::new(),
    }
}

fn text<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}

fn company(body: &Value) -> Vec<Fault> {
    let owned = |name| text(body, name).map(str::to_owned);
    let draft = CompanyDraft {
        // A symbol that is absent, or no text, has been told of already.
        symbol: owned("symbol").unwrap_or_else(|| "X".to_owned()),
        name: owned("name"),
        sector: owned("sector"),
        industry: owned("industry"),
        market_cap: body
            .get("market_cap")
            .and_then(|value| Decimal::deserialize(value).ok()),
        country: owned("country"),
        currency: owned("currency"),
        exchange: owned("exchange"),
    };
    draft.check().err().unwrap_or_default()
}

fn prediction(body: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(year) = text(body, "reporting_year") {
        faults.extend(ReportingYear::parse("/reporting_year", year).err());
    }
    if let Some(Err(unknown)) = text(body, "reporting_quarter").map(str::parse::<Quarter>) {
        faults.push(Fault::new(
            "/reporting_quarter",
            "invalid_quarter",
            unknown.to_string(),
        ));
    }
    if let Some(draft) = body.get("company").filter(|draft| draft.is_object()) {
        faults.extend(
            company(draft)
                .into_iter()
                .map(|fault| fault.under("/company")),
        );
    }
    let known = |name: &str| {
        Kind::ALL
            .iter()
            .flat_map(|kind| kind.ratios())
            .any(|ratio| ratio.name == name)
    };
    let ratios = body.get("ratios").and_then(Value::as_object);
    faults.extend(
        ratios
            .into_iter()
            .flatten()
            .filter(|(name, _)| !known(name))
            .map(|(name, _)| {
                Fault::new(
                    format!("/ratios/{}", super::json::escape(name)),
                    "unknown_field",
                    "is no ratio of annual or quarterly predictions",
                )
            }),
    );
    faults
}

fn organization(body: &Value) -> Vec<Fault> {
    let owned = |name| text(body, name).map(str::to_owned);
    let draft = OrganizationDraft {
        // A name that is absent, or no text, has been told of already.
        name: owned("name").unwrap_or_else(|| "X".to_owned()),
        domain: owned("domain"),
        description: owned("description"),
        industry: owned("industry"),
        size_category: None,
    };
    let mut faults = draft.check().err().unwrap_or_default();
    let admin = text(body, "admin_email").map(|email| Email::parse("/admin_email", email));
    faults.extend(admin.and_then(Result::err));
    faults
}

fn account(body: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let email = text(body, "email").map(|email| Email::parse("/email", email));
    let known = Email::from_stored(String::new());
    if let Some(password) = text(body, "password") {
        let email = email
            .as_ref()
            .and_then(|email| email.as_ref().ok())
            .unwrap_or(&known);
        faults.extend(Password::new("/password", password, email).err());
    }
    faults.extend(email.and_then(Result::err));
    faults.extend(profile(body));
    faults
}

fn profile(body: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let [first, last, phone] = ["first_name", "last_name", "phone"].map(|name| text(body, name));
    Profile::parse(first, last, phone, &mut faults);
    faults
}
