//! The sample of a back-test as a file: the input of all of its figures.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
};

use accunode_domain::{
    text::guard_formula,
    validation::{EndState, MasterScale, Observation, Window},
};
use sha2::{Digest, Sha256};

/// The columns of a sample.
pub const SAMPLE_COLUMNS: [&str; 12] = [
    "first_day",
    "company",
    "period_end",
    "pd",
    "grade",
    "y",
    "excluded",
    "exited",
    "technical",
    "days",
    "end",
    "end_pd",
];

/// The number of bytes that are written at once.
const AT_ONCE: usize = 64 << 10;

/// Writes a sample as CSV, and hashes what it writes. PDs are written so that reading them
/// gives the same bits. Nothing is allocated for a row: there may be millions.
pub struct SampleFile<W: Write> {
    out: W,
    hash: Sha256,
    text: String,
    scale: MasterScale,
}

impl<W: Write> fmt::Debug for SampleFile<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SampleFile").finish_non_exhaustive()
    }
}

impl<W: Write> SampleFile<W> {
    /// Starts a file with a header, whose grades are of this scale.
    #[must_use]
    pub fn new(out: W, scale: MasterScale) -> Self {
        let mut text = String::with_capacity(AT_ONCE + 512);
        text.push_str(&SAMPLE_COLUMNS.join(","));
        text.push('\n');
        Self {
            out,
            hash: Sha256::new(),
            text,
            scale,
        }
    }

    /// Adds a company of the population.
    ///
    /// # Errors
    /// The errors of the underlying writer.
    pub fn add(&mut self, window: &Window, company: &str, seen: &Observation) -> io::Result<()> {
        // Writing to a string cannot fail.
        let _ = self.push(window, company, seen);
        if self.text.len() >= AT_ONCE {
            self.write()?;
        }
        Ok(())
    }

    fn push(&mut self, window: &Window, company: &str, seen: &Observation) -> fmt::Result {
        let flag = |value: bool| if value { '1' } else { '0' };
        let text = &mut self.text;
        write!(text, "{},", window.first_day)?;
        cell(text, &guard_formula(company));
        write!(
            text,
            ",{},{},{},{},{},{},{},{},",
            seen.period_end,
            seen.pd,
            self.scale.grade(seen.pd),
            flag(seen.defaulted),
            seen.excluded.map_or("", |reason| reason.as_str()),
            flag(seen.exited),
            flag(seen.technical),
            seen.days,
        )?;
        match seen.end {
            EndState::Pd(pd) => writeln!(text, "{},{pd}", self.scale.grade(pd)),
            EndState::Default => writeln!(text, "default,"),
            EndState::OtherModel => writeln!(text, "other_model,"),
            EndState::Exit => writeln!(text, "exit,"),
            EndState::NotRated => writeln!(text, "not_rated,"),
        }
    }

    fn write(&mut self) -> io::Result<()> {
        self.out.write_all(self.text.as_bytes())?;
        self.hash.update(&self.text);
        self.text.clear();
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Returns
    /// The underlying writer, and the SHA-256 of the file in hexadecimal.
    ///
    /// # Errors
    /// The errors of the underlying writer.
    pub fn finish(mut self) -> io::Result<(W, String)> {
        self.write()?;
        Ok((self.out, hex::encode(self.hash.finalize())))
    }
}

/// Writes a cell, in quotation marks if it needs them.
fn cell(text: &mut String, value: &str) {
    if value.contains([',', '"', '\n', '\r']) {
        text.push('"');
        for (i, part) in value.split('"').enumerate() {
            if i > 0 {
                text.push_str("\"\"");
            }
            text.push_str(part);
        }
        text.push('"');
    } else {
        text.push_str(value);
    }
}

#[cfg(test)]
mod tests {
    use accunode_domain::validation::{Basis, Exclusion};
    use time::macros::date;

    use super::*;

    #[test]
    fn sample_rows_have_every_column_and_guarded_formulas() {
        let window = Window {
            first_day: date!(2024 - 12 - 31),
            basis: Basis::Recorded,
            lag_months: 6,
            as_of: None,
        };
        let seen = Observation {
            pd: 0.015,
            period_end: date!(2023 - 12 - 31),
            excluded: Some(Exclusion::OutOfScope),
            defaulted: false,
            technical: true,
            exited: false,
            days: 365,
            end: EndState::Pd(0.1 + 0.2),
        };
        let mut file = SampleFile::new(Vec::new(), MasterScale::shipped());
        file.add(&window, "=A,1", &seen).unwrap();
        file.add(&window, "B\"q", &seen).unwrap();
        let (bytes, hash) = file.finish().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(
            text.lines().nth(1).unwrap(),
            "2024-12-31,\"'=A,1\",2023-12-31,0.015,10,0,out_of_scope,0,1,365,15,0.30000000000000004"
        );
        assert_eq!(hash, hex::encode(Sha256::digest(&bytes)));
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!((&rows[0][1], &rows[1][1]), ("'=A,1", "B\"q"));
    }
}
