//! The data to which the cells of a workbook refer: its texts, its number formats, its
//! sheets.

use std::{collections::HashMap, io::BufRead};

use accunode_ports::files::OpenError;
use quick_xml::events::Event;

use super::{
    raised::Run,
    shown::Shown,
    xml::{Xml, attribute, is_set, referenced, unescaped},
};
use crate::Limits;

/// The longest name of a sheet, in characters. Spreadsheets allow 31.
const SHEET_NAME: usize = 255;

/// The texts to which cells refer by number.
#[derive(Debug, Default)]
pub(super) struct Strings {
    texts: Vec<Box<str>>,
    /// Whether one of them is blank: a cell that refers to it is empty.
    pub(super) has_blank: bool,
}

impl Strings {
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        self.texts.get(index).map(|text| &**text)
    }

    /// Reads the part of shared strings. Their stated number is ignored.
    pub(super) fn read(input: impl BufRead, name: &str) -> Result<Self, OpenError> {
        let mut xml = Xml::new(input, name);
        let mut strings = Self::default();
        let mut text = String::new();
        // Readings of Japanese characters are beside the text.
        let (mut is_in_text, mut phonetic) = (false, 0_u32);
        let (mut is_open, mut run) = (false, Run::default());
        loop {
            match xml.next()? {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    "si" => {
                        text.clear();
                        is_open = true;
                    }
                    "t" => is_in_text = phonetic == 0,
                    "rPh" => phonetic += 1,
                    "vertAlign" => run = Run::of(&tag),
                    _ => {}
                },
                Event::End(tag) => match tag.local_name().as_ref() {
                    "si" => {
                        strings.push(&text);
                        is_open = false;
                    }
                    "t" => is_in_text = false,
                    "r" => run = Run::default(),
                    "rPh" => phonetic = phonetic.saturating_sub(1),
                    _ => {}
                },
                Event::Empty(tag) if tag.local_name().as_ref() == "si" => strings.push(""),
                Event::Empty(tag) if tag.local_name().as_ref() == "vertAlign" => {
                    run = Run::of(&tag);
                }
                Event::Text(piece) if is_in_text => run.push(&mut text, &piece.xml10_content()),
                Event::CData(piece) if is_in_text => run.push(&mut text, &piece.xml10_content()),
                Event::GeneralRef(reference) if is_in_text => match referenced(&reference) {
                    Some(c) => text.push(c),
                    None => return Err(xml.damaged("it refers to an unknown entity")),
                },
                Event::Eof if is_open => {
                    return Err(xml.damaged("it ends in the middle of a text"));
                }
                Event::Eof => return Ok(strings),
                _ => {}
            }
        }
    }

    fn push(&mut self, text: &str) {
        let text = unescaped(text);
        self.has_blank |= text.trim().is_empty();
        self.texts.push(text.into());
    }
}

/// How cells are displayed, by the number of their style.
#[derive(Debug, Default)]
pub(super) struct Styles(Vec<Shown>);

impl Styles {
    pub(super) fn get(&self, style: usize) -> Shown {
        self.0.get(style).copied().unwrap_or_default()
    }

    /// Reads the part of styles.
    pub(super) fn read(input: impl BufRead, name: &str) -> Result<Self, OpenError> {
        let mut xml = Xml::new(input, name);
        let mut codes: HashMap<u32, Shown> = HashMap::new();
        let mut ids = Vec::new();
        let mut is_in_cells = false;
        loop {
            match xml.next()? {
                Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                    "numFmt" => {
                        let id = attribute(&tag, "numFmtId").and_then(|id| id.trim().parse().ok());
                        let code = attribute(&tag, "formatCode");
                        if let (Some(id), Some(code)) = (id, code) {
                            codes.insert(id, Shown::of_code(&code));
                        }
                    }
                    "cellXfs" => is_in_cells = true,
                    "xf" if is_in_cells => {
                        let id = attribute(&tag, "numFmtId").and_then(|id| id.trim().parse().ok());
                        ids.push(id.unwrap_or(0));
                    }
                    _ => {}
                },
                Event::End(tag) if tag.local_name().as_ref() == "cellXfs" => is_in_cells = false,
                Event::Eof => break,
                _ => {}
            }
        }
        let shown = |id: u32| codes.get(&id).copied().unwrap_or(Shown::built_in(id));
        Ok(Self(ids.into_iter().map(shown).collect()))
    }
}

/// A sheet as the workbook lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) name: String,
    /// The id of its relationship.
    pub(super) relation: String,
    pub(super) is_hidden: bool,
}

/// The content of the workbook part.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) sheets: Vec<Sheet>,
    /// Whether dates are counted from 1904.
    pub(super) is_1904: bool,
    /// Whether the part is a workbook part at all.
    pub(super) is_workbook: bool,
}

impl Book {
    /// Reads the workbook part.
    pub(super) fn read(
        input: impl BufRead,
        name: &str,
        limits: &Limits,
    ) -> Result<Self, OpenError> {
        let mut xml = Xml::new(input, name);
        let mut book = Self::default();
        let mut is_first = true;
        loop {
            match xml.next()? {
                Event::Start(tag) | Event::Empty(tag) => {
                    match tag.local_name().as_ref() {
                        "workbook" if is_first => book.is_workbook = true,
                        "workbookPr" => book.is_1904 = is_set(&tag, "date1904"),
                        "sheet" => {
                            let state = attribute(&tag, "state").unwrap_or_default();
                            let sheet = Sheet {
                                name: attribute(&tag, "name").unwrap_or_default(),
                                relation: attribute(&tag, "id").unwrap_or_default(),
                                is_hidden: !matches!(state.as_str(), "" | "visible"),
                            };
                            if sheet.name.chars().count() > SHEET_NAME {
                                return Err(xml.damaged("a sheet has too long a name"));
                            }
                            if book.sheets.len() as u64 >= limits.sheets {
                                return Err(xml.damaged("it lists too many sheets"));
                            }
                            book.sheets.push(sheet);
                        }
                        _ => {}
                    }
                    is_first = false;
                }
                Event::Eof => return Ok(book),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_strings_are_read_without_phonetic_runs() {
        let xml = "<x:sst uniqueCount='99999999999'><x:si><x:t>日本</x:t><x:rPh sb='0' eb='2'>\
            <x:t>ニホン</x:t></x:rPh><x:r><x:t xml:space='preserve'> a&amp;b</x:t></x:r></x:si>\
            <x:si/><x:si><x:r><x:t>c</x:t></x:r><x:r><x:t><![CDATA[<d>]]></x:t></x:r></x:si></x:sst>";
        let strings = Strings::read(xml.as_bytes(), "s").unwrap();
        let found: Vec<_> = (0..4).map(|index| strings.get(index)).collect();
        assert_eq!(found, [Some("日本 a&b"), Some(""), Some("c<d>"), None]);
        assert!(strings.has_blank);
        assert!(Strings::read(&b"<sst><si><t>&x;</t></si></sst>"[..], "s").is_err());
        assert!(Strings::read(&b"<sst><si><t>"[..], "s").is_err());
    }

    #[test]
    fn cell_styles_map_to_number_formats() {
        let xml = "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='0.0%'/>\
            <numFmt numFmtId='9' formatCode='0000'/></numFmts><cellStyleXfs><xf numFmtId='14'/>\
            </cellStyleXfs><cellXfs><xf numFmtId='164'><alignment/></xf><xf numFmtId='10'/>\
            <xf/><xf numFmtId='14'/><xf numFmtId='9'/></cellXfs></styleSheet>";
        let styles = Styles::read(xml.as_bytes(), "s").unwrap();
        let found: Vec<_> = (0..6).map(|style| styles.get(style)).collect();
        let expected = [
            Shown::Percent,
            Shown::Percent,
            Shown::Number,
            Shown::Date,
            Shown::Padded(4),
            Shown::Number,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn sheets_are_listed_with_their_visibility() {
        let xml = "<x:workbook><x:workbookPr date1904='true'/><x:sheets>\
            <x:sheet name='A &amp; B' sheetId='7' r:id='r1'/>\
            <x:sheet name='b' state='veryHidden' sheetId='8' r:id='r2'/></x:sheets></x:workbook>";
        let book = Book::read(xml.as_bytes(), "w", &Limits::default()).unwrap();
        assert!(book.is_workbook && book.is_1904);
        let found: Vec<_> = book
            .sheets
            .iter()
            .map(|sheet| (&*sheet.name, &*sheet.relation, sheet.is_hidden))
            .collect();
        assert_eq!(found, [("A & B", "r1", false), ("b", "r2", true)]);
        let long = format!("<workbook><sheet name='{}'/></workbook>", "x".repeat(256));
        assert!(Book::read(long.as_bytes(), "w", &Limits::default()).is_err());
    }
}
