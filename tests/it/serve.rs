//! `tierpress serve`: the writer's loop.

mod bar;
mod errors;
mod http;
mod rebuild;
pub(crate) mod running;
