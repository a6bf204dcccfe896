//! Deno, started from what `tierpress export` writes.
