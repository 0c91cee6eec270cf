//! What was used: one SQLite file, one writer.
