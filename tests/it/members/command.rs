//! `tierpress members simulate` and `quote`.
