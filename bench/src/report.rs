//! The table, on standard output and between the markers of a document.

use std::{io::Write, path::Path};

use anyhow::{Context, bail};

use crate::{
    figure::{Figure, thousands},
    machine::Machine,
    options::Options,
};

const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

/// Checks that the document exists and has its markers.
pub(crate) fn check(document: &Path) -> anyhow::Result<()> {
    let text = read(document)?;
    between(&text, "").map(|_| ()).with_context(|| {
        format!(
            "{} lacks the lines {BEGIN} and {END}, in this order",
            document.display()
        )
    })
}

/// Prints the figures, and writes them to the document if there is one.
pub(crate) fn write(
    options: &Options,
    machine: &Machine,
    figures: &[Figure],
) -> anyhow::Result<()> {
    let measured = measured(options, machine, figures);
    std::io::stdout().lock().write_all(measured.as_bytes())?;
    let Some(document) = options.document() else {
        return Ok(());
    };
    let text = between(&read(&document)?, &measured)?;
    std::fs::write(&document, text)
        .with_context(|| format!("cannot write {}", document.display()))?;
    Ok(())
}

fn measured(options: &Options, machine: &Machine, figures: &[Figure]) -> String {
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 rows")]
    let count = |n: u64| thousands(n as f64);
    let quick = if options.quick {
        "- **`--quick`: small sizes that only show that the program works; these figures mean nothing**\n"
    } else {
        ""
    };
    let lines: Vec<_> = figures.iter().map(Figure::line).collect();
    format!(
        "{}{quick}- {} predictions before anything was measured, uploads of {} rows, {} measurements of each side; \
         medians, lowest and highest in brackets\n\n\
         | figure | AccuNode | reference | ratio | how measured |\n|---|---|---|---|---|\n{}\n",
        machine.lines(),
        count(options.base),
        count(options.upload_rows()),
        options.repetitions,
        lines.join("\n")
    )
}

fn read(document: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(document).with_context(|| {
        format!(
            "cannot read {}: run it from the root of the checkout, or use --document",
            document.display()
        )
    })
}

/// Replaces the text between the markers of the document.
fn between(text: &str, measured: &str) -> anyhow::Result<String> {
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
        rest.split_once(END)
            .map(|(_, after)| format!("{before}{BEGIN}\n{measured}{END}{after}"))
    });
    match parts {
        Some(text) => Ok(text),
        None => bail!("the markers are missing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let text = format!("# Title\n{BEGIN}\nold\n{END}\ntail\n");
        assert_eq!(
            between(&text, "new\n").unwrap(),
            format!("# Title\n{BEGIN}\nnew\n{END}\ntail\n")
        );
    }

    #[test]
    fn a_document_without_markers_or_with_them_the_wrong_way_round_is_refused() {
        assert!(between("# Title\n", "new").is_err());
        assert!(between(&format!("{END}\n{BEGIN}\n"), "new").is_err());
    }
}
