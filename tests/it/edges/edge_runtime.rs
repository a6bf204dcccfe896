//! edge-runtime, started from what `tierpress export` writes.
