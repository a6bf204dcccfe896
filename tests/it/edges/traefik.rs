//! Traefik, started from what `tierpress export` writes.
