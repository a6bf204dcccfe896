//! Envoy, started from what `tierpress export` writes.
