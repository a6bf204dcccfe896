//! Members: what is bought, cancelled, failed and refunded, and what it comes to.

mod command;
mod model;
mod naive;
mod pages;
mod timelines;
