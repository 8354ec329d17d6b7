//! What the relationships of a workbook say about its parts.
//!
//! A part's name says nothing about its use: the workbook can be anywhere, and a
//! worksheet can be named `sheet1.dat`. So each part gets the limits of the use that
//! the relationships give it, resolved as calamine resolves them.

use std::{
    collections::{HashMap, HashSet},
    io::{BufReader, Read, Seek},
};

use accunode_ports::files::OpenError;
use quick_xml::{Reader, escape::unescape, events::Event};
use zip::ZipArchive;

use crate::{Limits, fault};

/// What a part is used for.
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
    /// Whether the relationships lead to a workbook part.
    pub(super) is_workbook: bool,
}

impl Parts {
    /// Gives every part of an archive its role.
    ///
    /// # Errors
    /// `malformed_file` where two parts have the same name, or a name cannot be read.
    pub(super) fn resolve<R: Read + Seek>(
        archive: &mut ZipArchive<R>,
        limits: &Limits,
    ) -> Result<Self, OpenError> {
        let mut by_name = HashMap::new();
        let mut names = Vec::new();
        for index in 0..archive.len() {
            let name = archive
                .name_for_index(index)
                .and_then(Result::ok)
                .map(|name| normalized(&name))
                .ok_or_else(|| fault::malformed("a part of the workbook has no readable name"))?;
            if by_name.insert(name.clone(), index).is_some() {
                return Err(fault::malformed(format!(
                    "the workbook has two parts named {:?}",
                    accunode_domain::fault::shorten(&name)
                )));
            }
            names.push(name);
        }
        if archive.has_duplicate_names() {
            return Err(fault::malformed(
                "the workbook has two parts of the same name",
            ));
        }

        let mut read = |name: &str| {
            let index = by_name.get(&name.to_ascii_lowercase())?;
            relationships(archive, *index, limits)
        };
        let target = read("_rels/.rels").and_then(|found| {
            let mut documents = found
                .into_iter()
                .filter(|relation| relation.kind.ends_with("/relationships/officeDocument"));
            documents.next_back().map(|relation| relation.target)
        });
        let (folder, file) = split(target.as_deref().unwrap_or("xl/workbook.xml"));
        let workbook = normalized(&format!("{folder}{file}"));
        let relations = format!("{folder}_rels/{file}.rels");
        let sheets: HashSet<String> = read(&relations)
            .unwrap_or_default()
            .into_iter()
            .filter(|relation| relation.kind.ends_with("/worksheet"))
            .map(|relation| match relation.target.strip_prefix('/') {
                Some(absolute) => normalized(absolute),
                None => normalized(&format!("{folder}{}", relation.target)),
            })
            .collect();
        let is_workbook = target.is_some() && by_name.contains_key(&workbook);
        let parts = names
            .into_iter()
            .map(|name| {
                let role = role(&name, &workbook, &sheets);
                (name, role)
            })
            .collect();
        Ok(Self { parts, is_workbook })
    }
}

/// A part that is read as something small is that, even where a relationship also
/// calls it a worksheet: the wider limit cannot be claimed for it.
fn role(name: &str, workbook: &str, sheets: &HashSet<String>) -> Role {
    let file = name.rsplit('/').next().unwrap_or(name);
    if name == workbook {
        Role::Workbook
    } else if file == "sharedstrings.xml" {
        Role::SharedStrings
    } else if file == "styles.xml" || file == "theme1.xml" || file.ends_with(".rels") {
        Role::Small
    } else if sheets.contains(name) {
        Role::Sheet
    } else {
        Role::Other
    }
}

/// A name as calamine looks parts up.
fn normalized(name: &str) -> String {
    name.replace('\\', "/").to_ascii_lowercase()
}

/// The folder of a target, with its slash, and the file in it.
fn split(target: &str) -> (&str, &str) {
    let (folder, file) = match target.rfind('/') {
        Some(at) => target.split_at(at + 1),
        None => ("", target),
    };
    let file = if file.is_empty() {
        "workbook.xml"
    } else {
        file
    };
    (folder.strip_prefix('/').unwrap_or(folder), file)
}

struct Relation {
    kind: String,
    target: String,
}

/// The relationships that a part lists; none where it cannot be read, which is
/// reported when the part is looked through.
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
                let (mut kind, mut target) = (String::new(), String::new());
                for attribute in tag.attributes().with_checks(false).flatten() {
                    let value = unescape(&attribute.value).ok()?;
                    match attribute.key.as_ref() {
                        "Type" => kind = value.into_owned(),
                        "Target" => target = value.into_owned(),
                        _ => {}
                    }
                }
                found.push(Relation { kind, target });
            }
            Event::Eof => break,
            _ => {}
        }
    }
    Some(found)
}

/// The counts of distinct strings that the shared strings state about themselves.
pub(super) fn stated_counts(part: impl Read) -> Vec<u128> {
    let mut reader = Reader::from_reader(BufReader::new(part));
    reader.config_mut().check_end_names = false;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(tag) | Event::Empty(tag)) if tag.local_name().as_ref() == "sst" => {
                return tag
                    .attributes()
                    .with_checks(false)
                    .flatten()
                    .filter(|attribute| attribute.key.as_ref() == "uniqueCount")
                    .filter_map(|attribute| attribute.value.trim().parse().ok())
                    .collect();
            }
            Ok(Event::Eof) | Err(_) => return Vec::new(),
            Ok(_) => {}
        }
    }
}
