//! `tierpress serve`: the writer's loop.

mod edits;
mod rebuild;
mod watch;
