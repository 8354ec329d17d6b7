//! The four files of a model, from a folder or from inside the binary.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// The size limit of a model's file, which is held in memory while it is checked.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The names of the four files.
pub(crate) const ONNX: &str = "model.onnx";
pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const GOLDEN: &str = "golden.csv";
pub(crate) const CARD: &str = "CARD.md";

/// The files of one version of a model.
#[derive(Debug)]
pub(crate) struct Artefact<B> {
    pub(crate) onnx: B,
    pub(crate) manifest: B,
    pub(crate) golden: B,
    pub(crate) card: B,
}

macro_rules! shipped {
    ($folder:literal) => {
        (
            $folder,
            Artefact {
                onnx: include_bytes!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/models/",
                    $folder,
                    "/model.onnx"
                )),
                manifest: include_bytes!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/models/",
                    $folder,
                    "/manifest.json"
                )),
                golden: include_bytes!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/models/",
                    $folder,
                    "/golden.csv"
                )),
                card: include_bytes!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/models/",
                    $folder,
                    "/CARD.md"
                )),
            },
        )
    };
}

/// The models inside the binary, so that one file runs anywhere. Old versions stay, so that
/// their predictions can be reproduced.
pub(crate) static SHIPPED: [(&str, Artefact<&[u8]>); 4] = [
    shipped!("annual/2.0.0"),
    shipped!("quarterly/2.0.0"),
    shipped!("annual/1.0.0"),
    shipped!("quarterly/1.0.0"),
];

/// The error if a file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{file} could not be read: {source}")]
pub(crate) struct Unreadable {
    file: &'static str,
    source: io::Error,
}

impl Artefact<Vec<u8>> {
    /// Reads the files of a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, Unreadable> {
        let read = |file: &'static str| {
            read_small(&folder.join(file)).map_err(|source| Unreadable { file, source })
        };
        Ok(Self {
            onnx: read(ONNX)?,
            manifest: read(MANIFEST)?,
            golden: read(GOLDEN)?,
            card: read(CARD)?,
        })
    }
}

fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {} MB", LARGEST >> 20),
        ));
    }
    Ok(bytes)
}
