//! Entities, access rules and risk arithmetic of AccuNode, pure.
