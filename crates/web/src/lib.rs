//! AccuNode's REST API.
