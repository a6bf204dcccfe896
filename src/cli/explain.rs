//! explain (soon)
