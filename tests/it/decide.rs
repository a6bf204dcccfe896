//! Decisions, canonical paths and the manifest.
