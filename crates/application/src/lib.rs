//! Use cases of AccuNode.
