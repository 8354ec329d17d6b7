//! The tables, on standard output and between the markers of a document.
//!
//! A section is written when it has been measured, in place of what the document says of it. So
//! a run that is interrupted keeps what it has measured, and the other sections stay as an
//! earlier run has left them: each says on which day, from which commit and with which sizes.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use crate::{
    figure::{Figure, thousands},
    machine::Machine,
    options::Options,
    section::Section,
};

const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";
/// What the heading of a section begins with.
const HEADING: &str = "### ";

/// Checks that the document exists and has its markers.
pub(crate) fn check(document: &Path) -> anyhow::Result<()> {
    let text = read(document)?;
    parts(&text).map(|_| ()).with_context(|| {
        format!(
            "{} lacks the lines {BEGIN} and {END}, in this order",
            document.display()
        )
    })
}

/// Receives the figures of one section after the other.
#[derive(Debug)]
pub(crate) struct Report {
    document: Option<PathBuf>,
    /// What is said of the machine above every section of this run.
    machine: String,
    /// The sizes of this run.
    sizes: String,
}

impl Report {
    pub(crate) fn of(options: &Options, machine: &Machine) -> Self {
        Self {
            document: options.document(),
            machine: machine.lines(),
            sizes: sizes(options),
        }
    }

    /// Prints the figures of a section, and writes them to the document if there is one.
    pub(crate) fn add(&self, section: Section, figures: &[Figure]) -> anyhow::Result<()> {
        let block = self.block(section, figures);
        std::io::stdout().lock().write_all(block.as_bytes())?;
        let Some(document) = &self.document else {
            return Ok(());
        };
        let text = with_block(&read(document)?, section, &block)?;
        std::fs::write(document, text)
            .with_context(|| format!("cannot write {}", document.display()))
    }

    fn block(&self, section: Section, figures: &[Figure]) -> String {
        let lines: Vec<_> = figures.iter().map(Figure::line).collect();
        format!(
            "{HEADING}{}\n\n{}{}\n\
             | figure | AccuNode | reference | ratio | how measured |\n|---|---|---|---|---|\n{}\n",
            section.title(),
            self.machine,
            self.sizes,
            lines.join("\n")
        )
    }
}

fn sizes(options: &Options) -> String {
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 rows")]
    let count = |n: u64| thousands(n as f64);
    let quick = if options.quick {
        "- **`--quick`: small sizes that only show that the program works; these figures mean nothing**\n"
    } else {
        ""
    };
    format!(
        "{quick}- {} predictions before anything was measured, uploads of {} rows, {} measurements of each side; \
         medians, lowest and highest in brackets\n",
        count(options.base),
        count(options.upload_rows()),
        options.repetitions,
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

/// Returns the text before, between and after the markers.
fn parts(text: &str) -> anyhow::Result<(&str, &str, &str)> {
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (between, after) = rest.split_once(END)?;
        Some((before, between, after))
    });
    match parts {
        Some(parts) => Ok(parts),
        None => bail!("the markers are missing"),
    }
}

/// Replaces the block of one section, or adds it at its place.
fn with_block(text: &str, section: Section, block: &str) -> anyhow::Result<String> {
    let (before, between, after) = parts(text)?;
    let blocks = Section::ALL.into_iter().filter_map(|other| {
        if other == section {
            return Some(block);
        }
        let heading = format!("{HEADING}{}\n", other.title());
        let (_, rest) = between.split_once(heading.as_str())?;
        let end = rest.find(HEADING).unwrap_or(rest.len());
        let start = between.len() - rest.len() - heading.len();
        between.get(start..start + heading.len() + end)
    });
    let blocks: Vec<_> = blocks.map(str::trim_end).collect();
    Ok(format!(
        "{before}{BEGIN}\n{}\n{END}{after}",
        blocks.join("\n\n")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(section: Section, line: &str) -> String {
        format!("{HEADING}{}\n\n{line}\n", section.title())
    }

    #[test]
    fn only_the_section_that_was_measured_is_replaced() {
        let empty = format!("# Title\n{BEGIN}\n{END}\ntail\n");
        let bulk = with_block(&empty, Section::Bulk, &block(Section::Bulk, "old bulk")).unwrap();
        let reads = with_block(&bulk, Section::Reads, &block(Section::Reads, "reads")).unwrap();
        let text = with_block(&reads, Section::Bulk, &block(Section::Bulk, "new bulk")).unwrap();
        assert_eq!(
            text,
            format!(
                "# Title\n{BEGIN}\n{HEADING}Reads\n\nreads\n\n{HEADING}Bulk upload\n\nnew bulk\n{END}\ntail\n"
            ),
            "in the order of the sections, and what stands around them is kept"
        );
    }

    #[test]
    fn text_outside_known_sections_is_replaced() {
        let text = format!("{BEGIN}\n| a table of older times |\n{END}\n");
        let text = with_block(&text, Section::Http, &block(Section::Http, "new")).unwrap();
        assert_eq!(text, format!("{BEGIN}\n{HEADING}HTTP\n\nnew\n{END}\n"));
    }

    #[test]
    fn document_with_missing_or_reversed_markers_is_rejected() {
        assert!(parts("# Title\n").is_err());
        assert!(parts(&format!("{END}\n{BEGIN}\n")).is_err());
    }
}
