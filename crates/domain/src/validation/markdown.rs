//! The report as Markdown with tables, in the order of the ECB's instructions.

use std::fmt::{self, Display, Write};

use super::{
    Auc, AucChange, Backtest, Estimate, FURTHER_COLUMNS, Figures, GradeTest, PdTest, Verdict,
    WindowFigures,
};

/// Returns the report as Markdown.
#[must_use]
pub fn markdown(report: &Backtest) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_report(&mut text, report);
    text
}

fn write_report(out: &mut String, report: &Backtest) -> fmt::Result {
    writeln!(out, "# Back-test\n")?;
    for note in &report.notes {
        writeln!(out, "- {}", cell(note))?;
    }
    write_parameters(out, report)?;
    for window in &report.windows {
        write_window(out, window)?;
    }
    write_series(out, report)
}

fn write_parameters(out: &mut String, report: &Backtest) -> fmt::Result {
    let parameters = &report.parameters;
    table(out, "Parameters", &["parameter", "value"])?;
    let as_of = parameters.as_of.as_deref().unwrap_or("not given");
    let rows: [(&str, &dyn Display); 9] = [
        ("first days", &parameters.first_days.join(", ")),
        ("basis", &parameters.basis),
        ("lag in months (basis period)", &parameters.lag_months),
        ("default definition", &parameters.definition),
        ("label of the model", &parameters.label),
        ("scale", &parameters.scale),
        ("known as of", &as_of),
        ("outcomes complete through", &parameters.complete_through),
        ("SHA-256 of the sample", &report.sample_sha256),
    ];
    for (name, value) in rows {
        row(out, &[&name, &cell(&value.to_string())])?;
    }
    writeln!(
        out,
        "\nA verdict is a convention: attention at p < {}, breach at p < {} (grades after Holm; \
         δ and slope by their intervals), undetermined below {} defaults.",
        Verdict::ATTENTION,
        Verdict::BREACH,
        Verdict::FEWEST_DEFAULTS
    )
}

fn write_window(out: &mut String, window: &WindowFigures) -> fmt::Result {
    let figures = &window.figures;
    writeln!(out, "\n# {} to {}\n", window.first_day, window.last_day)?;
    writeln!(
        out,
        "Overall verdict: **{}**",
        figures.verdicts.overall.as_str()
    )?;
    write_sample(out, figures)?;
    write_calibration(out, figures)?;
    write_ability(out, figures)?;
    write_power(out, figures)?;
    write_stability(out, figures)
}

fn write_sample(out: &mut String, figures: &Figures) -> fmt::Result {
    let counts = &figures.sample;
    table(out, "Sample (2.5.1)", &["companies", "number"])?;
    let rows = [
        ("population: a prediction was in force", counts.population),
        ("in default on the first day", counts.in_default),
        ("had left by the first day", counts.left),
        ("customers (M)", counts.customers),
        (
            "left out: prediction over 12 months old",
            counts.rating_outdated,
        ),
        (
            "left out: statement over 24 months old",
            counts.statement_outdated,
        ),
        (
            "left out: sector out of the model's scope",
            counts.out_of_scope,
        ),
        ("left out: outcomes not complete", counts.not_covered),
        ("sample (N)", counts.sample),
        ("defaults (D)", counts.defaults),
        ("exits without default, which stay in N", counts.exits),
        ("technical defaults, which do not count", counts.technical),
    ];
    for (name, number) in rows {
        row(out, &[&name, &number])?;
    }
    if let Some(rates) = figures.default_rate {
        table(out, "Default rate", &["treatment of exits", "rate"])?;
        row(out, &[&"keep (ECB, EBA)", &number(rates.keep)])?;
        row(out, &[&"drop", &optional(rates.drop)])?;
        row(out, &[&"half", &optional(rates.half)])?;
        row(out, &[&"Kaplan-Meier", &optional(figures.kaplan_meier)])?;
    }
    Ok(())
}

fn write_calibration(out: &mut String, figures: &Figures) -> fmt::Result {
    let calibration = &figures.calibration;
    let verdict = figures.verdicts.calibration.as_str();
    let heads = ["figure", "value", "standard error", "95 % interval", "p"];
    table(out, &format!("Calibration ({verdict})"), &heads)?;
    let estimate = |out: &mut String, name: &str, e: Estimate| {
        let interval = format!("{} … {}", number(e.from), number(e.to));
        row(
            out,
            &[
                &name,
                &number(e.value),
                &number(e.standard_error),
                &interval,
                &number(e.p),
            ],
        )
    };
    if let Some(shift) = calibration.shift {
        estimate(out, "shift of the log-odds δ (calibrated: 0)", shift.delta)?;
        row(
            out,
            &[
                &"observed over expected odds e^δ",
                &number(shift.odds_ratio),
                &"",
                &"",
                &"",
            ],
        )?;
    }
    if let Some(rate) = calibration.new_target_rate {
        row(
            out,
            &[&"target rate that would fit", &number(rate), &"", &"", &""],
        )?;
    }
    if let Some(line) = calibration.line {
        estimate(out, "intercept (calibrated: 0)", line.intercept)?;
        estimate(out, "slope (calibrated: 1)", line.slope)?;
    }
    let rest = [
        ("Brier score", calibration.brier.map(|b| b.score)),
        ("Brier skill", calibration.brier.and_then(|b| b.skill)),
        (
            "reliability over grades",
            calibration.brier_parts.map(|p| p.reliability),
        ),
        (
            "resolution over grades",
            calibration.brier_parts.map(|p| p.resolution),
        ),
        (
            "uncertainty",
            calibration.brier_parts.map(|p| p.uncertainty),
        ),
    ];
    for (name, value) in rest {
        row(out, &[&name, &optional(value), &"", &"", &""])?;
    }
    if let Some(test) = calibration.hosmer_lemeshow {
        let name = "Hosmer-Lemeshow (depends on the grades; little power)";
        let degrees = format!("{} degrees", test.degrees);
        row(
            out,
            &[
                &name,
                &number(test.statistic),
                &degrees,
                &"",
                &number(test.p),
            ],
        )?;
    }
    Ok(())
}

fn write_ability(out: &mut String, figures: &Figures) -> fmt::Result {
    let heads = [
        "grade",
        "N",
        "D",
        "rate",
        "PD",
        "p too low",
        "p Holm",
        "p correlated",
        "p too high",
        "rate at most",
        "verdict",
    ];
    table(out, "Predictive ability (2.5.3): Jeffreys", &heads)?;
    let line = |out: &mut String, name: &str, test: &PdTest, holm: &str, verdict: Verdict| {
        row(
            out,
            &[
                &cell(name),
                &test.companies,
                &test.defaults,
                &number(test.rate),
                &number(test.pd),
                &number(test.jeffreys.p_too_low),
                &holm,
                &format!(
                    "{} (ρ {})",
                    number(test.p_correlated),
                    number(test.correlation)
                ),
                &number(test.jeffreys.p_too_high),
                &number(test.jeffreys.rate_to),
                &verdict.as_str(),
            ],
        )
    };
    for GradeTest {
        code,
        test,
        p_holm,
        verdict,
    } in &figures.predictive_ability.grades
    {
        if let Some(test) = test {
            line(out, code, test, &optional(*p_holm), *verdict)?;
        }
    }
    if let Some(test) = &figures.predictive_ability.portfolio {
        line(out, "portfolio", test, "", figures.verdicts.portfolio)?;
    }
    writeln!(
        out,
        "\n\"Rate at most\" is the highest default rate that these companies do not contradict. \
         The test sees PDs that are too low; \"p too high\" is the other side."
    )
}

fn write_power(out: &mut String, figures: &Figures) -> fmt::Result {
    let power = &figures.discriminatory_power;
    let heads = [
        "AUC",
        "value",
        "variance",
        "95 % interval",
        "at first validation",
        "p fallen",
    ];
    table(out, "Discriminatory power (2.5.4)", &heads)?;
    let line = |out: &mut String, name: &str, auc: Option<Auc>, change: Option<AucChange>| {
        let Some(auc) = auc else {
            return row(
                out,
                &[&name, &"fewer than two defaults", &"", &"", &"", &""],
            );
        };
        let interval = format!("{} … {}", optional(auc.from), optional(auc.to));
        let initial = optional(change.map(|c| c.initial));
        let p = optional(change.map(|c| c.p));
        row(
            out,
            &[
                &name,
                &number(auc.auc),
                &number(auc.variance),
                &interval,
                &initial,
                &p,
            ],
        )
    };
    line(out, "by PD", power.pd, power.change)?;
    line(out, "by grade", power.grades, power.grade_change)
}

fn write_stability(out: &mut String, figures: &Figures) -> fmt::Result {
    let stability = &figures.stability;
    table(out, "Stability (2.5.5)", &["figure", "value"])?;
    let rows = [
        ("MWB towards worse grades", stability.bandwidths.upper),
        ("MWB towards better grades", stability.bandwidths.lower),
        (
            "coefficient of variation",
            stability.concentration.map(|c| c.variation),
        ),
        (
            "Herfindahl index",
            stability.concentration.map(|c| c.herfindahl),
        ),
        (
            "p more concentrated than at first",
            stability.p_concentration,
        ),
    ];
    for (name, value) in rows {
        row(out, &[&name, &optional(value)])?;
    }
    let codes: Vec<_> = figures
        .predictive_ability
        .grades
        .iter()
        .map(|g| cell(&g.code))
        .collect();
    let ends = FURTHER_COLUMNS.map(|column| column.replace('_', " "));
    let heads: Vec<_> = ["from".to_owned()]
        .into_iter()
        .chain(codes.clone())
        .chain(ends)
        .collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    table(out, "Migration: from (row) to (column)", &heads)?;
    for (code, counts) in codes.iter().zip(&stability.migration) {
        let cells = counts.iter().map(|count| count as &dyn Display);
        let cells: Vec<_> = [code as &dyn Display].into_iter().chain(cells).collect();
        row(out, &cells)?;
    }
    Ok(())
}

fn write_series(out: &mut String, report: &Backtest) -> fmt::Result {
    let series = &report.series;
    if series.rates.len() < 2 {
        return Ok(());
    }
    table(out, "All windows", &["first day", "N", "D", "rate"])?;
    for rate in &series.rates {
        row(
            out,
            &[
                &rate.first_day,
                &rate.companies,
                &rate.defaults,
                &optional(rate.rate),
            ],
        )?;
    }
    writeln!(
        out,
        "\nLong-run average: {}",
        optional(series.long_run_average)
    )?;
    if let Some(auc) = series.pooled_auc {
        writeln!(out, "\nAUC over all windows: {}", number(auc.auc))?;
    }
    Ok(())
}

fn table(out: &mut String, title: &str, heads: &[&str]) -> fmt::Result {
    writeln!(out, "\n## {title}\n\n| {} |", heads.join(" | "))?;
    writeln!(out, "|{}", "---|".repeat(heads.len()))
}

fn row(out: &mut String, cells: &[&dyn Display]) -> fmt::Result {
    for cell in cells {
        write!(out, "| {cell} ")?;
    }
    writeln!(out, "|")
}

/// Escapes a text so that it cannot leave its cell and is neither a link nor markup.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        match c {
            '|' | '\\' | '<' | '>' | '[' | ']' | '`' | '*' => {
                safe.push('\\');
                safe.push(c);
            }
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

/// Formats at most seven significant digits; the report as JSON has all.
fn number(value: f64) -> String {
    if value == 0.0 || (1e-4..1e6).contains(&value.abs()) {
        let text = format!("{value:.6}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{value:.3e}")
    }
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), number)
}
