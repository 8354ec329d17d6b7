//! The AccuNode binary as a library, so that tests can run the whole service in process.
