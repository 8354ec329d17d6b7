//! AccuNode's storage in PostgreSQL.
