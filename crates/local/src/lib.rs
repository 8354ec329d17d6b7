//! Sessions, cache, limits, clock and password hashing in one process.
