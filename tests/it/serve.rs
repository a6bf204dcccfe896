//! `tierpress serve`: the writer's loop.

mod rebuild;
