//! The header of an upload's part and the fields of its form.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = accunode_web::fuzzing::form(bytes) {
        panic!("{what}");
    }
});
