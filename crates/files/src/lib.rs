//! Uploaded files: where they are kept and how their rows are read.
