//! The rows of the output.

use accunode_application::bulk_uploads::offline::OfflineScore;
use accunode_domain::{fault::Fault, intake::Layout, prediction::Kind, validation::MasterScale};
use accunode_ports::files::SourceRow;

/// Returns the names of the columns.
pub(super) fn header(kind: Kind) -> Vec<&'static str> {
    let probabilities: &[_] = match kind {
        Kind::Annual => &["probability"],
        Kind::Quarterly => &[
            "logistic_probability",
            "gbm_probability",
            "ensemble_probability",
        ],
    };
    let mut names = vec!["row", "company_symbol", "company_name", "period", "pd"];
    names.extend(probabilities);
    names.extend([
        "risk_level",
        "grade",
        "confidence",
        "model",
        "flags",
        "reasons",
        "error",
    ]);
    names
}

/// Returns one row of the output. A row that failed keeps its own symbol, name and period.
pub(super) fn record(
    layout: &Layout,
    row: &SourceRow,
    score: Result<OfflineScore, Vec<Fault>>,
) -> Vec<String> {
    let kind = layout.kind();
    let count = header(kind).len();
    let mut record = vec![row.row.to_string()];
    match score {
        Ok(score) => {
            let outcome = &score.scored.outcome;
            record.extend([
                score.company.symbol.as_str().to_owned(),
                score.company.name,
                score.period.to_string(),
                outcome.pd.get().to_string(),
            ]);
            let parts = outcome.parts.map(|parts| [parts.logistic, parts.gbm]);
            record.extend(
                parts
                    .into_iter()
                    .flatten()
                    .map(|pd| pd.rounded().to_f64().to_string()),
            );
            let reasons = score
                .scored
                .explanation
                .map(|e| e.reasons)
                .unwrap_or_default();
            let reasons: Vec<_> = reasons.into_iter().map(|reason| reason.text).collect();
            record.extend([
                outcome.pd.rounded().to_f64().to_string(),
                outcome.risk_level.to_string(),
                MasterScale::standard().code(outcome.pd.get()).to_owned(),
                outcome.confidence.to_string(),
                format!("{} {}", outcome.model.name, outcome.model.version),
                score.flags.join("; "),
                reasons.join(" "),
                String::new(),
            ]);
        }
        Err(faults) => {
            record.extend(layout.says_of_itself(&row.cells));
            record.resize(count - 1, String::new());
            let messages: Vec<_> = faults
                .iter()
                .map(|f| format!("{}: {}", f.pointer, f.detail))
                .collect();
            record.push(messages.join("; "));
        }
    }
    record
}
