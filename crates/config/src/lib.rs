//! What the person wrote: the configuration file, its schema, its edits, and private files.
