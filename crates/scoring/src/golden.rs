//! `golden.csv`: rows with their expected outputs, made by a reference that does not use ONNX.

use accunode_domain::risk::Pd;

use crate::{form::Verdict, manifest::Manifest, model::Model};

/// Rows as they enter the graph, and their expected outputs.
#[derive(Debug)]
pub(crate) struct Golden {
    rows: Vec<Vec<f32>>,
    columns: Vec<Column>,
    /// The expected outputs row by row, in the order of the columns.
    expected: Vec<Vec<f64>>,
}

#[derive(Debug)]
struct Column {
    name: String,
    which: Which,
    probability: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Headline,
    Logistic,
    Gbm,
}

impl Golden {
    /// Reads the file. The error is text for readers.
    pub(crate) fn read(text: &[u8], manifest: &Manifest) -> Result<Self, String> {
        let mut reader = csv::Reader::from_reader(text);
        let headers = reader.headers().map_err(|e| e.to_string())?.clone();
        let inputs = manifest.inputs.len();
        let names = manifest.inputs.iter().map(|input| input.name.as_str());
        if !headers.iter().take(inputs).eq(names) {
            return Err("its first columns are not the inputs in their order".to_owned());
        }
        let columns: Vec<Column> = headers
            .iter()
            .skip(inputs)
            .map(|name| {
                Column::new(name).ok_or_else(|| format!("it has an unknown column {name:?}"))
            })
            .collect::<Result<_, _>>()?;
        let needed: &[Which] = if manifest.ensemble.is_some() {
            &[Which::Headline, Which::Logistic, Which::Gbm]
        } else {
            &[Which::Headline]
        };
        let there = |which: &Which| columns.iter().any(|c| c.probability && c.which == *which);
        if !needed.iter().all(there) {
            return Err("it lacks a column of probabilities".to_owned());
        }
        let mut golden = Self {
            rows: Vec::new(),
            columns,
            expected: Vec::new(),
        };
        for (at, record) in reader.records().enumerate() {
            let record = record.map_err(|e| e.to_string())?;
            let number = |cell: &str| {
                cell.parse::<f64>()
                    .map_err(|_| format!("{cell:?} in row {} is no number", at + 1))
            };
            let row = record.iter().take(inputs).map(|cell| match cell {
                "" => Ok(f32::NAN),
                cell => cell
                    .parse::<f32>()
                    .map_err(|_| format!("{cell:?} in row {} is no number", at + 1)),
            });
            golden.rows.push(row.collect::<Result<_, _>>()?);
            let expected = record.iter().skip(inputs).map(number);
            golden.expected.push(expected.collect::<Result<_, _>>()?);
        }
        if golden.rows.len() == manifest.golden.rows {
            Ok(golden)
        } else {
            Err(format!(
                "it has {} rows, but the manifest declares {}",
                golden.rows.len(),
                manifest.golden.rows
            ))
        }
    }

    /// Checks whether the model gives the expected outputs. The error is text for readers.
    pub(crate) fn check(&self, model: &Model, tolerance: f64) -> Result<(), String> {
        let verdicts = model.verdicts(&self.rows).map_err(|e| format!("{e:#}"))?;
        for (at, ((verdict, _), expected)) in verdicts.iter().zip(&self.expected).enumerate() {
            for (column, expected) in self.columns.iter().zip(expected) {
                let found = column.of(verdict, model.shift());
                // With the opposite comparison a NaN would pass.
                let close = (found - expected).abs() <= tolerance;
                if !close {
                    return Err(format!(
                        "{} of row {} is {found}, not {expected}",
                        column.name,
                        at + 1
                    ));
                }
            }
        }
        Ok(())
    }
}

impl Column {
    fn new(name: &str) -> Option<Self> {
        let (probability, part) = match (name.strip_prefix("log_odds"), name.strip_prefix("pd")) {
            (Some(part), _) => (false, part),
            (_, Some(part)) => (true, part),
            _ => return None,
        };
        let which = match part {
            "" | "_ensemble" => Which::Headline,
            "_logistic" => Which::Logistic,
            "_gbm" => Which::Gbm,
            _ => return None,
        };
        Some(Self {
            name: name.to_owned(),
            which,
            probability,
        })
    }

    /// PDs are those that are served, log-odds are on the sample's scale.
    fn of(&self, verdict: &Verdict, shift: f64) -> f64 {
        let log_odds = match (self.which, verdict.parts) {
            (Which::Headline, _) => verdict.log_odds,
            (Which::Logistic, Some([logistic, _])) => logistic,
            (Which::Gbm, Some([_, gbm])) => gbm,
            (_, None) => f64::NAN,
        };
        if self.probability {
            Pd::from_log_odds(log_odds).get()
        } else {
            log_odds - shift
        }
    }
}
