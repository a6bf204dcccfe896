//! Loads.
pub mod assets;
pub mod blocks;
mod catalogue;
pub mod config;
pub mod dates;
pub mod document;
pub mod frame;
pub mod front_matter;
pub mod gate_keys;
pub mod inherit;
pub mod keys;
pub mod markdown;
pub mod names;
mod reading;
pub mod sources;
pub mod toml;
pub mod yaml;
