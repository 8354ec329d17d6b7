//! Reads the relationships of a workbook's parts.
//!
//! A part's name does not determine its use: the workbook can be anywhere, and a worksheet
//! can be named `sheet1.dat`. So each part gets the limits of the use that the relationships
//! give it.

use std::{
    collections::{HashMap, HashSet},
    io::{BufReader, Read, Seek},
};

use accunode_ports::files::OpenError;
use quick_xml::{Reader, escape::unescape, events::Event};
use zip::ZipArchive;

use crate::{Limits, fault};

/// The use of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A worksheet.
    Sheet,
    /// The shared strings.
    SharedStrings,
    /// The workbook part, which lists the sheets.
    Workbook,
    /// Styles, theme and relationships.
    Small,
    /// A part that is never read.
    Other,
}

/// The parts of a workbook.
#[derive(Debug)]
pub(super) struct Parts {
    /// Name and role by index.
    pub(super) parts: Vec<(String, Role)>,
    /// The index of the workbook part.
    pub(super) workbook: usize,
    /// The index of the shared strings.
    pub(super) strings: Option<usize>,
    /// The index of the styles.
    pub(super) styles: Option<usize>,
    /// The indexes of the worksheets, by the ids of their relationships.
    sheets: HashMap<String, usize>,
}

impl Parts {
    /// Gives every part of an archive its role.
    ///
    /// # Errors
    /// `malformed_file` if two parts have the same name, or a name cannot be read;
    /// `unsupported_format` if there is no workbook part.
    pub(super) fn resolve<R: Read + Seek>(
        archive: &mut ZipArchive<R>,
        limits: &Limits,
    ) -> Result<Self, OpenError> {
        let names = names(archive)?;
        let by_name: HashMap<&str, usize> = names
            .iter()
            .enumerate()
            .map(|(index, name)| (name.as_str(), index))
            .collect();
        if by_name.len() < names.len() || archive.has_duplicate_names() {
            return Err(fault::malformed(
                "the workbook has two parts of the same name",
            ));
        }
        let mut read = |name: &str| {
            let index = by_name.get(name)?;
            relationships(archive, *index, limits)
        };
        let target = read("_rels/.rels").and_then(|found| {
            let mut documents = found
                .into_iter()
                .filter(|relation| relation.kind.ends_with("/relationships/officeDocument"));
            documents.next_back().map(|relation| relation.target)
        });
        let workbook = resolved("", target.as_deref().unwrap_or("xl/workbook.xml"));
        let workbook_index = by_name.get(workbook.as_str()).copied();
        let Some(workbook_index) = workbook_index.filter(|_| !workbook.ends_with(".bin")) else {
            return Err(fault::unreadable(
                "unsupported_format",
                "the file is named .xlsx, but its bytes look like a zip archive that is no Excel \
                workbook (an .xlsb or .ods must be saved as .xlsx)",
            ));
        };
        let (folder, file) = split(&workbook);
        let relations = read(&format!("{folder}_rels/{file}.rels")).unwrap_or_default();
        let of_kind = |kind: &str| {
            let mut found = relations
                .iter()
                .filter(|relation| relation.kind.ends_with(kind))
                .filter_map(|relation| by_name.get(resolved(folder, &relation.target).as_str()));
            found.next().copied()
        };
        let beside = |file: &str| by_name.get(format!("{folder}{file}").as_str()).copied();
        let strings = of_kind("/sharedStrings").or_else(|| beside("sharedstrings.xml"));
        let styles = of_kind("/styles").or_else(|| beside("styles.xml"));
        let sheets: HashMap<String, usize> = relations
            .iter()
            .filter(|relation| relation.kind.ends_with("/worksheet"))
            .filter_map(|relation| {
                let index = by_name.get(resolved(folder, &relation.target).as_str())?;
                Some((relation.id.clone(), *index))
            })
            .collect();
        let are_sheets: HashSet<usize> = sheets.values().copied().collect();
        let roles: Vec<Role> = names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let index = Some(index);
                if index == Some(workbook_index) {
                    Role::Workbook
                } else if index == strings || file_of(name) == "sharedstrings.xml" {
                    Role::SharedStrings
                } else if index == styles || is_small(file_of(name)) {
                    Role::Small
                } else if index.is_some_and(|index| are_sheets.contains(&index)) {
                    Role::Sheet
                } else {
                    Role::Other
                }
            })
            .collect();
        // A part that is read as something else is not a sheet, whatever a relationship
        // states.
        let mut sheets = sheets;
        sheets.retain(|_, index| roles.get(*index) == Some(&Role::Sheet));
        Ok(Self {
            parts: names.into_iter().zip(roles).collect(),
            workbook: workbook_index,
            strings,
            styles,
            sheets,
        })
    }

    /// Returns the index of a worksheet's part.
    pub(super) fn sheet(&self, relation: &str) -> Option<usize> {
        self.sheets.get(relation).copied()
    }

    /// Returns the name of a part.
    pub(super) fn name(&self, index: usize) -> &str {
        self.parts.get(index).map_or("", |(name, _)| name)
    }
}

/// Returns the names of all parts, in the form for look-ups.
fn names<R: Read + Seek>(archive: &ZipArchive<R>) -> Result<Vec<String>, OpenError> {
    (0..archive.len())
        .map(|index| {
            archive
                .name_for_index(index)
                .and_then(Result::ok)
                .map(|name| resolved("", &name))
                .ok_or_else(|| fault::malformed("a part of the workbook has no readable name"))
        })
        .collect()
}

/// Returns whether a part of this name is read as something small: it is, even if a
/// relationship also declares it a worksheet, so that the larger limit cannot be claimed for
/// it.
fn is_small(file: &str) -> bool {
    file == "styles.xml" || file == "theme1.xml" || file.ends_with(".rels")
}

fn file_of(name: &str) -> &str {
    split(name).1
}

/// Returns the name of the part that a target names, in the form for look-ups: without
/// regard to case, and with backslashes, which some programs write, replaced by slashes.
fn resolved(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let whole = match target.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => format!("{folder}{target}"),
    };
    let mut steps: Vec<&str> = Vec::new();
    for step in whole.split('/') {
        match step {
            "." | "" => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    let mut name = steps.join("/").to_ascii_lowercase();
    if whole.ends_with('/') {
        name.push('/');
    }
    name
}

/// Returns the folder of a part, with its slash, and the file in it.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('/') {
        Some(at) => name.split_at(at + 1),
        None => ("", name),
    }
}

#[derive(Debug)]
struct Relation {
    id: String,
    kind: String,
    target: String,
}

/// Returns the relationships that a part lists; none if it cannot be read, which is reported
/// when the part is inspected.
fn relationships<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    index: usize,
    limits: &Limits,
) -> Option<Vec<Relation>> {
    let part = archive.by_index(index).ok()?;
    let mut reader = Reader::from_reader(BufReader::new(part.take(limits.small_part_bytes)));
    reader.config_mut().check_end_names = false;
    let (mut buffer, mut found) = (Vec::new(), Vec::new());
    for _ in 0..limits.small_part_tags {
        buffer.clear();
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(tag) | Event::Empty(tag)
                if tag.local_name().as_ref() == "Relationship" =>
            {
                let (mut id, mut kind, mut target) = (String::new(), String::new(), String::new());
                for attribute in tag.attributes().with_checks(false).flatten() {
                    let value = unescape(&attribute.value).ok()?;
                    match attribute.key.as_ref() {
                        "Id" => id = value.into_owned(),
                        "Type" => kind = value.into_owned(),
                        "Target" => target = value.into_owned(),
                        _ => {}
                    }
                }
                found.push(Relation { id, kind, target });
            }
            Event::Eof => break,
            _ => {}
        }
    }
    Some(found)
}
