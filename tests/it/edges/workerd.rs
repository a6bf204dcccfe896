//! workerd, started from what `tierpress export` writes.
