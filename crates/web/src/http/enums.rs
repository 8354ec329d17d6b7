//! The schemas of the domain's enumerations, from their names.

use std::borrow::Cow;

use accunode_domain::{
    access::{DashboardScope, KeyScope, Removal},
    audit::AuditAction,
    default_definition::{Definition, DefinitionBasis},
    fault::Fault,
    intake::DecimalMark,
    invitation::InvitationStatus,
    job::{JobEvent, JobStatus, JobType, JobWork, OtherCompany, RowStatus},
    maintenance::{MaintenanceTask, RunStatus},
    organization::{JoinPolicy, SizeCategory},
    owner::AccessLevel,
    prediction::{Kind, OnConflict, Quarter, RevisionReason},
    rating_scale::ScaleStatus,
    ratio::RatioUnit,
    risk::RiskLevel,
    second_factor::Decision,
    user::Role,
    validation::{Basis, BinKind, Event, Stability, TransitionMethod, Verdict},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr, Schema,
        schema::{ObjectBuilder, Type},
    },
};

use super::query::{self, Parameter};

/// What a default is: `code@version` of a definition.
#[derive(Debug)]
pub(crate) struct DefinitionName;

impl PartialSchema for DefinitionName {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "What a default is: `code@version` of a shipped definition (`crr_178@1`, `bankruptcy@1`), of one of the owner, or of one of everyone.",
            ))
            .pattern(Some("^[a-z][a-z0-9_]*@[1-9][0-9]{0,4}$"))
            .max_length(Some(46))
            .examples([Definition::Crr178.as_str()])
            .into()
    }
}

impl ToSchema for DefinitionName {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Definition")
    }
}

impl Parameter for Definition {
    fn schema() -> RefOr<Schema> {
        Ref::from_schema_name(DefinitionName::name()).into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        query::name(pointer, text)
    }
}

macro_rules! names_of {
    ($($name:ident, $of:ty, $what:literal;)+) => {$(
        #[doc = $what]
        #[derive(Debug)]
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($what))
                    .enum_values(Some(<$of>::ALL.map(|x| x.as_str())))
                    .into()
            }
        }

        impl Parameter for $of {
            fn schema() -> RefOr<Schema> {
                Ref::from_schema_name($name::name()).into()
            }

            fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
                query::name(pointer, text)
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name).trim_end_matches("Name"))
            }
        }
    )+

        /// All schemas by name: those that only parameters refer to are in no body's schema.
        pub(crate) fn schemas() -> Vec<(String, RefOr<Schema>)> {
            vec![
                (DefinitionName::name().into_owned(), DefinitionName::schema()),
                $(($name::name().into_owned(), $name::schema()),)+
            ]
        }
    };
}

names_of! {
    AccessLevelName, AccessLevel, "For whom a row is: its creator alone, an organization, everyone.";
    AuditActionName, AuditAction, "What was done.";
    BasisName, Basis, "Which predictions a back-test counts: those recorded by its first day, or the latest statement available then, whenever it was scored.";
    BinKindName, BinKind, "What is in a bin: statements without a value, values at the lower bound, values between two edges, values at the upper bound.";
    DashboardScopeName, DashboardScope, "Whose predictions are counted.";
    DecimalMarkName, DecimalMark, "What separates the decimals of numbers in a file: 1,234.5 or 1.234,5.";
    DecisionName, Decision, "What an administrator decides about a second factor.";
    DefinitionBasisName, DefinitionBasis, "What a definition of default is based on.";
    EventName, Event, "What happened to a company: a default, a cure (its return to non-defaulted status), or an exit.";
    InvitationStatusName, InvitationStatus, "What has become of an invitation.";
    JobEventName, JobEvent, "What happened to an upload, rescoring or back-test.";
    JobStatusName, JobStatus, "Where an upload stands.";
    JobTypeName, JobType, "What the rows of a file are: annual or quarterly statements that are scored, or outcomes that are recorded.";
    JobWorkName, JobWork, "What a job does: it reads a file, scores stored predictions anew, or makes the report of a back-test.";
    JoinPolicyName, JoinPolicy, "Who may join with an organization's token: no one, anyone who holds it, or only listed e-mail addresses.";
    KeyScopeName, KeyScope, "What an API key is for.";
    KindName, Kind, "From which statements a prediction is made.";
    MaintenanceTaskName, MaintenanceTask, "A piece of maintenance.";
    OnConflictName, OnConflict, "What happens where company and period have a prediction already.";
    OtherCompanyName, OtherCompany, "What happens to a row that names another company than its symbol found.";
    QuarterName, Quarter, "A quarter of the reporting year.";
    RatioUnitName, RatioUnit, "The unit of the ratios that are shares: 0.254 or 25.4.";
    RemovalName, Removal, "What becomes of a user who is removed.";
    RevisionReasonName, RevisionReason, "What differed from what took its place.";
    RiskLevelName, RiskLevel, "How a probability of default is judged, by the model's thresholds.";
    RoleName, Role, "What a user is, lowest rank first.";
    RowStatusName, RowStatus, "What became of a row of a file.";
    RunStatusName, RunStatus, "Where a run of maintenance stands.";
    SizeCategoryName, SizeCategory, "How large an organization says it is.";
    ScaleStatusName, ScaleStatus, "Where a master scale stands.";
    StabilityName, Stability, "What a stability index says, against 0.10, 0.25 and what chance alone explains.";
    TransitionMethodName, TransitionMethod, "How movements between grades are estimated: by what stood at both ends of each window, or by every change between.";
    VerdictName, Verdict, "What the tests of a back-test say, by the convention that its report prints.";
}
