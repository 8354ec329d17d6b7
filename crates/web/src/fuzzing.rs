//! Reads input of clients as the service reads it: for the fuzz targets, and for the tests
//! that mutate it.

use accunode_domain::{intake::ColumnUnits, prediction::Kind};
use actix_web::http::header::{ContentDisposition, HeaderValue};

use crate::{
    http::{
        body::{self, items},
        problem::Problem,
    },
    v1::{
        auth::dto::NewAccount,
        bulk_uploads::filename,
        companies::dto::{CompanyChanges, NewCompany},
        predictions::dto::{Batch, NewPrediction, ScoreRequest},
    },
};

/// The longest response to an invalid body, in bytes: each fault is short, and their number
/// is limited.
const MAX_ANSWER: usize = 400_000;

/// Reads bytes as several JSON bodies.
///
/// # Errors
/// A defect, whatever the bytes are: a body that fits its schema but not its type, or a
/// response that repeats too much of the input.
pub fn json(bytes: &[u8]) -> Result<(), String> {
    check_result(body::parse::<NewAccount>(bytes))?;
    check_result(body::parse::<NewCompany>(bytes))?;
    check_result(body::parse::<CompanyChanges>(bytes))?;
    check_result(body::parse::<NewPrediction>(bytes))?;
    let batch = check_result(items::parse::<Batch>(bytes))?;
    for item in batch.into_iter().flatten() {
        check_result(item.value.and_then(|item| item.command(Kind::Annual, None)))?;
    }
    let scored = check_result(items::parse::<ScoreRequest>(bytes))?;
    for item in scored.into_iter().flatten() {
        check_result(item.value)?;
    }
    Ok(())
}

fn check_result<T>(read: Result<T, Problem>) -> Result<Option<T>, String> {
    let problem = match read {
        Ok(value) => return Ok(Some(value)),
        Err(problem) => problem,
    };
    if problem.status().is_server_error() || problem.code() == "schema_mismatch" {
        return Err(format!("{problem}"));
    }
    let answer = serde_json::to_vec(&problem.document(None)).map_err(|e| e.to_string())?;
    if answer.len() > MAX_ANSWER {
        return Err(format!("the answer has {} bytes", answer.len()));
    }
    Ok(None)
}

/// Reads bytes as the head of an upload's part, and as the units of columns after a NUL.
///
/// # Errors
/// A name that contains a folder, or units that cannot be read back.
pub fn form(bytes: &[u8]) -> Result<(), String> {
    let (head, rest) = match bytes.iter().position(|byte| *byte == 0) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[][..]),
    };
    let disposition = HeaderValue::from_bytes(head).ok();
    let disposition = disposition.and_then(|value| ContentDisposition::from_raw(&value).ok());
    let name = filename::completed(&filename::given(disposition.as_ref()), rest);
    if name.contains(['/', '\\']) || name.is_empty() {
        return Err(format!("the name {name:?}"));
    }
    for kind in Kind::ALL {
        let Ok(units) = ColumnUnits::parse(kind, &String::from_utf8_lossy(rest)) else {
            continue;
        };
        if ColumnUnits::parse(kind, &units.to_string()).as_ref() != Ok(&units) {
            return Err(format!("the units {units}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random numbers that are the same in every run (SplitMix64).
    struct Rng(u64);

    impl Rng {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            usize::try_from((z ^ (z >> 31)) % (n.max(1) as u64)).unwrap()
        }

        /// Changes, duplicates, removes or replaces a few bytes.
        fn mutate(&mut self, bytes: &mut Vec<u8>, odd: &[&[u8]]) {
            for _ in 0..=self.below(4) {
                let at = self.below(bytes.len());
                let length = self.below(30).min(bytes.len() - at);
                match self.below(4) {
                    0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                    1 => {
                        let again = bytes[at..at + length].to_vec();
                        bytes.splice(at..at, again);
                    }
                    2 => drop(bytes.drain(at..at + length)),
                    _ => {
                        let odd = odd[self.below(odd.len())];
                        bytes.splice(at..at + length.min(5), odd.iter().copied());
                    }
                }
            }
        }
    }

    fn mutants(
        seeds: &[&str],
        odd: &[&[u8]],
        rounds: usize,
        read: fn(&[u8]) -> Result<(), String>,
    ) {
        let mut rng = Rng(7);
        for seed in seeds {
            read(seed.as_bytes()).unwrap();
            for round in 0..rounds {
                let mut mutant = seed.as_bytes().to_vec();
                rng.mutate(&mut mutant, odd);
                read(&mutant)
                    .unwrap_or_else(|what| panic!("{round}: {what}\n{}", mutant.escape_ascii()));
            }
        }
    }

    #[test]
    fn mutated_bodies_are_parsed_or_refused() {
        let item = r#"{"company": {"symbol": "ACME", "name": "Acme", "isin": "US0378331005", "market_cap": 1.5e9},
            "reporting_year": 2024, "ratios": {"total_debt_to_ebitda": 3.1, "return_on_assets": null, "net_income_margin": -0.02}}"#;
        let batch = format!(r#"{{"items": [{item}, {item}]}}"#);
        let seeds = [
            batch.as_str(),
            item,
            r#"{"symbol": "ACME", "lei": null, "access_level": "personal", "industry": "Machinery"}"#,
            r#"{"email": "ana@example.com", "password": "four unrelated lamps", "first_name": "Ana"}"#,
        ];
        let odd: [&[u8]; 12] = [
            b"NaN",
            b"-Infinity",
            b"1e309",
            b"18446744073709551616",
            b"2024.0",
            b"null",
            b"\\u0000",
            b"\xff",
            b"[",
            b"{\"a\":",
            b"\\ud800",
            b"'",
        ];
        mutants(&seeds, &odd, 1_500, json);
    }

    #[test]
    fn mutated_multipart_headers_still_give_a_file_name() {
        let seeds = [
            "form-data; name=\"file\"; filename=\"a.csv\"; filename*=UTF-8''%C5%BBabka.csv\0net_income_margin:percent",
            "form-data; name=\"file\"; filename=\"=?utf-8?B?xbthYmthLmNzdg==?=\"\0return_on_assets:fraction,net_income_margin:percent",
            "form-data; name=\"file\"; filename=\"C:\\x\\y\"\0PK",
        ];
        let odd: [&[u8]; 8] = [b"/", b"\\", b"=?", b"?=", b"%", b"\0", b"*", b";"];
        mutants(&seeds, &odd, 2_000, form);
    }
}
