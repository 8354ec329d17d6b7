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
    use accunode_domain::{
        outcome::parse_day,
        validation::{Basis, Exclusion, Figures, Reference},
    };
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

    /// Returns the next of a fixed sequence of numbers within 0 to 1, the same at every run.
    fn draw(seed: &mut u64) -> f64 {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn any_company(seed: &mut u64) -> Observation {
        let pd = (1e-4_f64).powf(draw(seed)).clamp(1e-4, 0.9999);
        let defaulted = draw(seed) < pd;
        let exited = draw(seed) < 0.1;
        let reasons = Exclusion::ALL;
        let excluded = (draw(seed) < 0.1)
            .then(|| reasons[(draw(seed) * reasons.len() as f64) as usize % reasons.len()]);
        let end = match (defaulted, exited, (draw(seed) * 8.0) as u8) {
            (true, ..) => EndState::Default,
            (_, true, _) => EndState::Exit,
            (_, _, 0) => EndState::OtherModel,
            (_, _, 1) => EndState::NotRated,
            _ => EndState::Pd((pd * (0.2 + 2.0 * draw(seed))).clamp(1e-4, 0.9999)),
        };
        Observation {
            pd,
            period_end: date!(2023 - 12 - 31),
            excluded,
            defaulted,
            technical: draw(seed) < 0.05,
            exited,
            days: if defaulted || exited {
                1 + (draw(seed) * 364.0) as u16
            } else {
                365
            },
            end,
        }
    }

    /// Reads a row back, as anyone can who has only the file.
    fn observed(row: &csv::StringRecord) -> Observation {
        let flag = |at: usize| &row[at] == "1";
        Observation {
            period_end: parse_day("", &row[2]).unwrap(),
            pd: row[3].parse().unwrap(),
            defaulted: flag(5),
            excluded: (!row[6].is_empty()).then(|| row[6].parse().unwrap()),
            exited: flag(7),
            technical: flag(8),
            days: row[9].parse().unwrap(),
            end: match &row[10] {
                "default" => EndState::Default,
                "other_model" => EndState::OtherModel,
                "exit" => EndState::Exit,
                "not_rated" => EndState::NotRated,
                _ => EndState::Pd(row[11].parse().unwrap()),
            },
        }
    }

    /// The file is all that a report's figures are computed from: the same to the last bit.
    #[test]
    fn figures_of_random_portfolios_equal_those_of_their_samples() {
        let window = Window {
            first_day: date!(2024 - 12 - 31),
            basis: Basis::Recorded,
            lag_months: 6,
            as_of: None,
        };
        let scale = MasterScale::shipped();
        let reference = Reference {
            initial_auc: Some(0.8),
            target_rate: Some(0.02),
            initial_grades: None,
        };
        for portfolio in 0..200_u64 {
            let mut seed = portfolio;
            let companies = 1 + (draw(&mut seed) * 400.0) as usize;
            let seen: Vec<_> = (0..companies).map(|_| any_company(&mut seed)).collect();
            let mut file = SampleFile::new(Vec::new(), scale.clone());
            for (at, company) in seen.iter().enumerate() {
                file.add(&window, &format!("C{at}"), company).unwrap();
            }
            let (bytes, _) = file.finish().unwrap();
            let rows = csv_rows(&bytes);
            let read: Vec<_> = rows.iter().map(observed).collect();
            assert_eq!(read, seen);
            let figures = |seen: &[Observation]| {
                serde_json::to_string(&Figures::of(seen, &scale, &reference)).unwrap()
            };
            assert_eq!(figures(&read), figures(&seen), "portfolio {portfolio}");
            for (company, row) in seen.iter().zip(&rows) {
                assert_eq!(row[4].parse::<usize>().unwrap(), scale.grade(company.pd));
            }
        }
    }

    fn csv_rows(bytes: &[u8]) -> Vec<csv::StringRecord> {
        let mut reader = csv::Reader::from_reader(bytes);
        reader.records().map(Result::unwrap).collect()
    }
}
