//! Checks several predictions that are sent in one request; each succeeds or fails independently.

use accunode_domain::{
    fault::Fault,
    intake::{Cells, DecimalMark, Layout, Options, Survey},
    ratio::RatioUnit,
};

use super::CreatePrediction;
use crate::Error;

/// The largest number of items in one request.
pub const MAX_BATCH: usize = 100;

/// Judges the unit of the items' ratios as that of a file with the same rows, before any of them is
/// stored.
///
/// # Errors
/// `unit_mismatch` at `/items`, with the columns and the unit that corrects them.
pub fn check_units(items: &[&CreatePrediction]) -> Result<(), Error> {
    for unit in [RatioUnit::Fraction, RatioUnit::Percent] {
        let of_unit: Vec<_> = items
            .iter()
            .copied()
            .filter(|item| item.ratio_unit == unit)
            .collect();
        if let Some(doubt) = unit_doubt(&of_unit, unit) {
            return Err(Error::invalid(Fault::new(
                "/items",
                "unit_mismatch",
                format!(
                    "the items with ratio_unit={unit}: {doubt}; nothing was stored: correct \
                     ratio_unit or the ratios, or send each item by itself if they are right"
                ),
            )));
        }
    }
    Ok(())
}

/// Surveys items as the rows of a table.
fn unit_doubt(items: &[&CreatePrediction], unit: RatioUnit) -> Option<String> {
    let kind = items.first()?.kind;
    let names = kind.ratios().iter().map(|ratio| ratio.name);
    let header: Vec<String> = ["company_symbol", "reporting_year", "reporting_quarter"]
        .into_iter()
        .chain(names)
        .map(str::to_owned)
        .collect();
    let layout = Layout::find(kind, &[Cells::new(1, &header)]).ok()?;
    let options = Options {
        ratio_unit: unit,
        decimal: Some(DecimalMark::Point),
        ..Options::default()
    };
    let mut survey = Survey::new(layout, options, false);
    for (item, row) in items.iter().zip(2..) {
        let sent = |name: &str| item.ratios.iter().find(|(sent, _)| sent == name);
        let ratios = kind.ratios().iter().map(|ratio| {
            let text = sent(ratio.name).and_then(|(_, text)| text.clone());
            text.unwrap_or_default()
        });
        let cells: Vec<String> = [format!("ITEM{row}"), "2000".to_owned(), "Q1".to_owned()]
            .into_iter()
            .chain(ratios)
            .collect();
        survey.see(&Cells::new(row, &cells));
    }
    let faults = survey.finish().err()?;
    let fault = faults.iter().find(|fault| fault.code == "unit_mismatch")?;
    // The options that the detail goes on to name are those of files.
    fault.detail.split("; send ").next().map(str::to_owned)
}
