//! HAProxy, started from what `tierpress export` writes.
