//! Caddy, started from what `tierpress export` writes.
