//! Tierpress: a static-site generator for people who sell what they write.

pub mod access;
pub mod build;
pub mod diagnostic;
pub mod digest;
pub mod edge;
pub mod escape;
pub mod fs;
pub mod id;
pub mod load;
pub mod manifest;
pub mod plan;
pub mod publish;
pub mod render;
pub mod site;
pub mod time;
