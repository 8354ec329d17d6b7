//! The JSON bodies of requests, from untrusted bytes to a command or a problem.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(what) = accunode_web::fuzzing::json(bytes) {
        panic!("{what}");
    }
});
