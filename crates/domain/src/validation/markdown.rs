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
        writeln!(out, "- {}", Escaped::new(note))?;
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
    let rule = parameters.verdict_rule;
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
        row(out, &[&name, &Escaped::new(&value.to_string())])?;
    }
    writeln!(
        out,
        "\nA verdict is a convention: attention at p < {}, breach at p < {} (grades after Holm; \
         δ and slope by their intervals), undetermined below {} defaults; attention at best if \
         deletions took more than {} of the population.",
        rule.attention, rule.breach, rule.fewest_defaults, rule.most_deleted
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
    if let Some(deleted) = counts.deleted {
        let name = "prediction deleted since the first day, not in the population";
        row(out, &[&name, &deleted])?;
    }
    if let (Some(share), Some(verdict)) = (counts.deleted_share(), figures.verdicts.deletions) {
        writeln!(
            out,
            "\nDeletions took {} of the population since the first day: **{}** at best.",
            number(share),
            verdict.as_str()
        )?;
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
    let estimate = |out: &mut String, name: &'static str, e: Estimate| {
        let interval = Figure(format!("{} … {}", number(e.from), number(e.to)));
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
        let degrees = Figure(format!("{} degrees", test.degrees));
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
    let line =
        |out: &mut String, name: &dyn Shown, test: &PdTest, holm: Figure, verdict: Verdict| {
            row(
                out,
                &[
                    name,
                    &test.companies,
                    &test.defaults,
                    &number(test.rate),
                    &number(test.pd),
                    &number(test.jeffreys.p_too_low),
                    &holm,
                    &Figure(format!(
                        "{} (ρ {})",
                        number(test.p_correlated),
                        number(test.correlation)
                    )),
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
            let code = Escaped::new(code);
            line(out, &code, test, optional(*p_holm), *verdict)?;
        }
    }
    if let Some(test) = &figures.predictive_ability.portfolio {
        let none = Figure(String::new());
        line(out, &"portfolio", test, none, figures.verdicts.portfolio)?;
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
    let line =
        |out: &mut String, name: &'static str, auc: Option<Auc>, change: Option<AucChange>| {
            let Some(auc) = auc else {
                return row(
                    out,
                    &[&name, &"fewer than two defaults", &"", &"", &"", &""],
                );
            };
            let interval = Figure(format!("{} … {}", optional(auc.from), optional(auc.to)));
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
        .map(|g| Escaped::new(&g.code))
        .collect();
    let ends = FURTHER_COLUMNS.map(|column| Escaped::new(&column.replace('_', " ")));
    let heads: Vec<&dyn Shown> = [&"from" as &dyn Shown]
        .into_iter()
        .chain(codes.iter().chain(&ends).map(|head| head as &dyn Shown))
        .collect();
    table_headed(out, "Migration: from (row) to (column)", &heads)?;
    for (code, counts) in codes.iter().zip(&stability.migration) {
        let cells = counts.iter().map(|count| count as &dyn Shown);
        let cells: Vec<_> = [code as &dyn Shown].into_iter().chain(cells).collect();
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
                &Escaped::new(&rate.first_day),
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

fn table(out: &mut String, title: &str, heads: &[&'static str]) -> fmt::Result {
    let heads: Vec<_> = heads.iter().map(|head| head as &dyn Shown).collect();
    table_headed(out, title, &heads)
}

fn table_headed(out: &mut String, title: &str, heads: &[&dyn Shown]) -> fmt::Result {
    writeln!(out, "\n## {title}\n")?;
    row(out, heads)?;
    writeln!(out, "|{}", "---|".repeat(heads.len()))
}

fn row(out: &mut String, cells: &[&dyn Shown]) -> fmt::Result {
    for cell in cells {
        write!(out, "| {cell} ")?;
    }
    writeln!(out, "|")
}

/// What a table shows as it is: numbers and the words of this file. A text that was chosen by a
/// user has no `'static` lifetime and can only be shown as [`Escaped`].
trait Shown: Display {}

impl Shown for &'static str {}
impl Shown for usize {}
impl Shown for u64 {}
impl Shown for u32 {}
impl Shown for Figure {}
impl Shown for Escaped {}

/// A formatted number.
struct Figure(String);

impl Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that cannot leave its cell and is neither markup nor a link.
struct Escaped(String);

impl Escaped {
    fn new(text: &str) -> Self {
        let mut safe = String::new();
        for (at, c) in text.char_indices() {
            let is_markup = match c {
                '|' | '\\' | '<' | '>' | '[' | ']' | '`' | '*' | '_' | '~' | '&' | '$' | '#'
                | '@' => true,
                // What readers turn into links by themselves: `http://…`, `www.…`.
                ':' => text[at..].starts_with(":/"),
                '.' => {
                    let before = text.as_bytes()[..at].last_chunk::<3>();
                    before.is_some_and(|end| end.eq_ignore_ascii_case(b"www"))
                }
                // A list, or a line below a heading.
                '-' | '+' | '=' => at == 0,
                _ => false,
            };
            if is_markup {
                safe.push('\\');
            }
            safe.push(if c.is_control() { ' ' } else { c });
        }
        Self(safe)
    }
}

impl Display for Escaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Formats at most seven significant digits; the report as JSON has all.
fn number(value: f64) -> Figure {
    if value == 0.0 || (1e-4..1e6).contains(&value.abs()) {
        let text = format!("{value:.6}");
        Figure(text.trim_end_matches('0').trim_end_matches('.').to_owned())
    } else {
        Figure(format!("{value:.3e}"))
    }
}

fn optional(value: Option<f64>) -> Figure {
    value.map_or_else(|| Figure("–".to_owned()), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_user_is_neither_markup_nor_a_link() {
        for (text, escaped) in [
            ("AA-", "AA-"),
            ("90 days past due (EBA, 1.2)", "90 days past due (EBA, 1.2)"),
            ("a | b\nc", "a \\| b c"),
            ("<img src=x>", "\\<img src=x\\>"),
            ("&lt;b&#62;", "\\&lt;b\\&\\#62;"),
            ("![x](http://a.b)", "!\\[x\\](http\\://a.b)"),
            ("www.a.b WWW.a.b", "www\\.a.b WWW\\.a.b"),
            ("a@b.c", "a\\@b.c"),
            (
                "**b** __i__ ~~s~~ `c` $m$",
                "\\*\\*b\\*\\* \\_\\_i\\_\\_ \\~\\~s\\~\\~ \\`c\\` \\$m\\$",
            ),
            ("\\| b", "\\\\\\| b"),
            ("- item", "\\- item"),
        ] {
            assert_eq!(Escaped::new(text).to_string(), escaped, "{text}");
        }
    }
}
