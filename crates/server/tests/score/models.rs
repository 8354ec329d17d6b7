//! Custom models score offline as they do online.

use std::{collections::BTreeMap, fs, path::Path};

use crate::{
    ANNUAL,
    kit::{WorkingFolder, answer, stderr},
};

/// The first annual model that was shipped, under another version.
fn copied(workdir: &WorkingFolder, version: &str) -> String {
    let shipped = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../models/annual/1.0.0"
    ));
    let folder = workdir.path(&format!("models/annual/{version}"));
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir(shipped).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), Path::new(&folder).join(entry.file_name())).unwrap();
    }
    let manifest = Path::new(&folder).join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let text = text.replacen("\"1.0.0\"", &format!("\"{version}\""), 1);
    fs::write(manifest, text).unwrap();
    workdir.path("models")
}

#[test]
fn the_newest_model_of_the_folder_scores_unless_another_one_is_pinned() {
    let workdir = WorkingFolder::new();
    copied(&workdir, "1.1.0");
    let folder = copied(&workdir, "1.2.0");
    let file = workdir.file("rows.csv", ANNUAL);
    let model = |pin: &str| {
        let environment = [
            ("ACCUNODE_MODELS_DIR", &*folder),
            ("ACCUNODE_MODEL_ANNUAL", pin),
        ];
        workdir.score_with(&[&file, "--kind", "annual"], &environment)
    };
    assert_eq!(answer(&model(""))[0]["model"], "annual 1.2.0");
    assert_eq!(answer(&model("annual@1.1.0"))[0]["model"], "annual 1.1.0");
    assert_eq!(answer(&model("annual@1.0.0"))[0]["model"], "annual 1.0.0");
    let refused = model("annual@3.0.0");
    let message = stderr(&refused);
    assert!(
        !refused.status.success()
            && message.contains(
                "no annual model annual@3.0.0; there is annual@1.2.0, annual@1.1.0, annual@2.0.0, annual@1.0.0"
            ),
        "{message}"
    );
    let named = workdir.score(&[&file, "--kind", "annual", "--model", "annual@1.0.0"]);
    assert_eq!(answer(&named)[0]["model"], "annual 1.0.0");
    let rate = [("ACCUNODE_TARGET_DEFAULT_RATE_ANNUAL", "0.03")];
    let set = answer(&workdir.score_with(&[&file, "--kind", "annual"], &rate));
    let plain = answer(&workdir.score(&[&file, "--kind", "annual"]));
    assert_eq!(set[0]["model"], "annual 2.0.0+target.0.03");
    let pd = |row: &BTreeMap<String, String>| row["pd"].parse::<f64>().unwrap();
    assert!(pd(&set[0]) > 1.9 * pd(&plain[0]));
    let wrong = model("3.0.0");
    assert!(
        stderr(&wrong).contains("model_annual = \"3.0.0\" (from ACCUNODE_MODEL_ANNUAL)"),
        "{}",
        stderr(&wrong)
    );
}
