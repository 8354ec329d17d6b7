//! The whole path of an untrusted file: how a parser process reads its bytes, and how the
//! service reads the frames that it sends.
#![no_main]

use std::sync::Once;

use libfuzzer_sys::fuzz_target;

/// libFuzzer's hook ends the process at any panic. A panic of a library that reads a
/// file is caught by the parser process, and is a fault of the file.
static QUIET: Once = Once::new();

fuzz_target!(|bytes: &[u8]| {
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| ())));
    if let Err(what) = accunode_files::fuzzing::read(bytes) {
        eprintln!("{what}");
        std::process::abort();
    }
});
