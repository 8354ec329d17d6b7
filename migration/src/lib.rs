//! The schema of AccuNode's database.
