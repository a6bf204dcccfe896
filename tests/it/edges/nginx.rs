//! nginx, started from what `tierpress export` writes.
