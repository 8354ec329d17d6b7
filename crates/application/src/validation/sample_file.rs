//! The sample of a back-test as a file: everything that its figures are made from.

use std::io::{self, Write};

use accunode_domain::{
    text::guard_formula,
    validation::{End, EndState, MasterScale, Observation, Window},
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

/// Writes a sample as CSV, and hashes what it writes. PDs are written so that they are read
/// back bit by bit.
pub struct SampleFile<W: Write> {
    csv: csv::Writer<Hashing<W>>,
    scale: MasterScale,
}

impl<W: Write> std::fmt::Debug for SampleFile<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SampleFile").finish_non_exhaustive()
    }
}

impl<W: Write> SampleFile<W> {
    /// A file with a header, whose grades are of this scale.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W, scale: MasterScale) -> io::Result<Self> {
        let hashing = Hashing {
            out,
            hash: Sha256::new(),
        };
        let mut csv = csv::Writer::from_writer(hashing);
        csv.write_record(SAMPLE_COLUMNS)?;
        Ok(Self { csv, scale })
    }

    /// Adds a company of the population.
    ///
    /// # Errors
    /// Those of the writer behind it.
    pub fn add(&mut self, window: &Window, company: &str, seen: &Observation) -> io::Result<()> {
        let flag = |value: bool| if value { "1" } else { "0" };
        let end = match seen.end.graded(|pd| self.scale.grade(pd)) {
            End::Grade(grade) => grade.to_string(),
            End::Default => "default".to_owned(),
            End::OtherModel => "other_model".to_owned(),
            End::Exit => "exit".to_owned(),
        };
        let end_pd = match seen.end {
            EndState::Pd(pd) => pd.to_string(),
            _ => String::new(),
        };
        self.csv.write_record([
            window.first_day.to_string().as_str(),
            &guard_formula(company),
            &seen.period_end.to_string(),
            &seen.pd.to_string(),
            &self.scale.grade(seen.pd).to_string(),
            flag(seen.defaulted),
            seen.excluded.map_or("", |reason| reason.as_str()),
            flag(seen.exited),
            flag(seen.technical),
            &seen.days.to_string(),
            &end,
            &end_pd,
        ])?;
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Returns
    /// The writer behind it, and the SHA-256 of the file in hexadecimal.
    ///
    /// # Errors
    /// Those of the writer behind it.
    pub fn finish(self) -> io::Result<(W, String)> {
        let hashing = self
            .csv
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)?;
        Ok((hashing.out, hex::encode(hashing.hash.finalize())))
    }
}

/// Hashes what goes through.
struct Hashing<W> {
    out: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use accunode_domain::validation::{Basis, Exclusion};
    use time::macros::date;

    use super::*;

    #[test]
    fn rows_say_everything_and_formulas_are_harmless() {
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
        let mut file = SampleFile::new(Vec::new(), MasterScale::shipped()).unwrap();
        file.add(&window, "=A,1", &seen).unwrap();
        let (bytes, hash) = file.finish().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(
            text.lines().nth(1).unwrap(),
            "2024-12-31,\"'=A,1\",2023-12-31,0.015,10,0,out_of_scope,0,1,365,15,0.30000000000000004"
        );
        assert_eq!(hash, hex::encode(Sha256::digest(&bytes)));
    }
}
