//! The documented example: models that are trained, exported and served.
//!
//! Needs python3 with venv and pip, and a package index. If these are missing, the test
//! reports it and passes.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use accunode_domain::prediction::Kind;
use accunode_ports::scoring::{Scorer, ScoringError};
use accunode_scoring::ModelRegistry;
use tempfile::TempDir;

use crate::kit::{golden, ratios, served};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/examples");

/// Runs the example into a folder; `None` if Python is missing.
fn trained() -> Option<TempDir> {
    let python = virtual_environment()?;
    let out = TempDir::new().unwrap();
    let script = Path::new(EXAMPLE).join("own_models.py");
    run(Command::new(python).arg("-B").arg(script).arg(out.path()));
    Some(out)
}

/// The pinned packages, installed once for each list of them.
fn virtual_environment() -> Option<PathBuf> {
    for needed in ["venv", "pip"] {
        let found = Command::new("python3")
            .args(["-m", needed, "--help"])
            .output();
        if !found.is_ok_and(|output| output.status.success()) {
            skip(&format!("python3 with {needed} is not installed"));
            return None;
        }
    }
    let requirements = Path::new(EXAMPLE).join("requirements.txt");
    let list = fs::read_to_string(&requirements).unwrap();
    let folder = target().join("model-examples");
    let python = folder.join("bin/python");
    let installed = folder.join("installed.txt");
    // Written last: an interrupted installation starts again.
    if fs::read_to_string(&installed).ok().as_ref() != Some(&list) {
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder));
        run(Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(&requirements));
        fs::write(&installed, list).unwrap();
    }
    Some(python)
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
}

/// The folder that cargo builds into, which outlives a run.
fn target() -> PathBuf {
    let program = env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().to_owned()
}

#[expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]
fn skip(why: &str) {
    eprintln!("SKIPPED: {why}");
}

#[test]
fn trained_models_of_each_form_are_served_and_agree_with_the_shipped_ones() {
    let Some(folder) = trained() else { return };
    let registry = ModelRegistry::load(&[folder.path().to_owned()]);
    assert_eq!(registry.refused(), []);
    assert_eq!(
        served(&registry),
        ["own-annual-logistic 1.0.0", "own-quarterly 1.0.0"]
    );
    let names: Vec<_> = registry.models().into_iter().map(|m| m.model).collect();
    let sound = [
        (Kind::Annual, ["0.1", "1", "0.08", "9", "0.12", ""]),
        (Kind::Quarterly, ["2.5", "1.9", "0.3", "8", "9", "0.4"]),
    ];
    let failing = [
        (Kind::Annual, ["1.5", "-3", "-0.4", "0", "-0.3", ""]),
        (Kind::Quarterly, ["0.4", "0.2", "-1", "3", "2", "-0.5"]),
    ];
    for ((kind, good), (_, bad)) in sound.into_iter().zip(failing) {
        let inputs = kind.ratios().len();
        let rows = [
            &good[..inputs],
            &bad[..inputs],
            &["", "1", "0.1", "5", "0.1", "0.1"][..inputs],
        ];
        let rows = rows.map(|raw| ratios(kind, raw));
        for model in names.iter().filter(|m| m.name.starts_with("own")) {
            let scored = match registry.score_by(model, kind, &rows, true) {
                Err(ScoringError::NotServed(_)) => continue,
                scored => scored.unwrap(),
            };
            let pd = |at: usize| scored[at].outcome.pd.get();
            assert!(pd(0) < pd(1), "{model:?}: {} {}", pd(0), pd(1));
            assert_eq!(scored[0].outcome.parts.is_some(), kind == Kind::Quarterly);
            for scored in scored {
                let explanation = scored.explanation.unwrap();
                let sum: f64 = explanation.reasons.iter().map(|r| r.contribution).sum();
                assert!((explanation.base + sum - explanation.log_odds).abs() <= 1e-9);
            }
        }
        // Trained on the same data, they rank companies much as the shipped models do.
        let rows: Vec<_> = golden(kind).into_iter().map(|(ratios, _)| ratios).collect();
        let pds = |registry: &ModelRegistry| -> Vec<f64> {
            let scored = registry.score(kind, &rows, false).unwrap();
            scored.iter().map(|s| s.outcome.pd.get()).collect()
        };
        let (own, shipped) = (pds(&registry), pds(&ModelRegistry::shipped()));
        let pairs = (0..rows.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let (mut alike, mut all) = (0_u32, 0_u32);
        for (a, b) in pairs.filter(|(a, b)| shipped[*a] != shipped[*b]) {
            alike += u32::from((own[a] < own[b]) == (shipped[a] < shipped[b]));
            all += 1;
        }
        let share = f64::from(alike) / f64::from(all);
        assert!(share > 0.7, "{kind}: {share}");
    }
}
