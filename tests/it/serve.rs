//! `tierpress serve`: the writer's loop.

mod bar;
mod edits;
mod errors;
mod http;
mod mended;
mod rebuild;
pub(crate) mod running;
mod watch;
