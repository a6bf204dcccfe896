//! Loads.
pub mod assets;
pub mod blocks;
pub mod config;
pub mod dates;
pub mod front_matter;
pub mod html;
pub mod inherit;
pub mod markdown;
pub mod references;
pub mod sources;
