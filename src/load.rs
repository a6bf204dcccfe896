//! Loads.
pub mod assets;
pub mod blocks;
pub mod config;
pub mod dates;
pub mod document;
pub mod front_matter;
pub mod inherit;
pub mod markdown;
pub mod names;
pub mod sources;
pub mod toml;
pub mod yaml;
