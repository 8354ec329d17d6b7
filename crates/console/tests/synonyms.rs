//! The column names that the upload page knows are those of the service.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

const HEAD: &str = "\
// The other names of columns, as the service knows them: written by the test `synonyms` of this
// crate from crates/domain/src/intake/synonyms.csv, with ACCUNODE_UPDATE=1.

/** @type {Record<string, string[]>} */
export const SYNONYMS = {
";

#[test]
fn upload_page_knows_every_column_name_of_the_service() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let known = folder.join("../domain/src/intake/synonyms.csv");
    let known = fs::read_to_string(known).expect("the synonyms");
    let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in known.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.splitn(3, ',');
        if let (Some(field), Some(name)) = (parts.next(), parts.next()) {
            fields.entry(field).or_default().push(name);
        }
    }
    let mut wanted = HEAD.to_owned();
    for (field, names) in fields {
        let names = serde_json::to_string(&names).expect("JSON");
        let _ = writeln!(wanted, "  {field}: {names},");
    }
    wanted.push_str("};\n");
    let module = folder.join("assets/parts/synonyms.js");
    if std::env::var_os("ACCUNODE_UPDATE").is_some() {
        fs::write(&module, &wanted).expect("to write the module");
    }
    let found = fs::read_to_string(module).expect("the module");
    assert_eq!(found, wanted, "ACCUNODE_UPDATE=1 writes it anew");
}
