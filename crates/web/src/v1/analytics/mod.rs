//! Statistics over the predictions that the caller can read.

mod dashboard;
mod dto;
mod grades;
mod model_agreement;
mod risk_distribution;
mod transitions;
mod trend;

use accunode_domain::access::KeyScope;
use accunode_ports::workload::Work;

use crate::http::{
    policy::Policy,
    route::{Route, route},
};

const DASHBOARD: &str = "/dashboard";
const RISK_DISTRIBUTION: &str = "/analytics/risk-distribution";
const MODEL_AGREEMENT: &str = "/analytics/model-agreement";
const GRADES: &str = "/analytics/grades";
const TRANSITIONS: &str = "/analytics/transitions";
const TREND: &str = "/analytics/trend";

pub(crate) fn routes() -> Vec<Route> {
    let figures = Policy::read(KeyScope::Read).work(Work::Analytics);
    vec![
        route!(dashboard::dashboard, figures),
        route!(risk_distribution::risk_distribution, figures),
        route!(model_agreement::model_agreement, figures),
        route!(trend::trend, figures),
        route!(grades::grades, figures),
        route!(transitions::transitions, figures),
    ]
}
