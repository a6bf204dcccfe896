//! Review: what is said of a site and of its changes is what the program decides.

mod agree;
mod changes;
mod command;
mod diff;
mod matrix;
mod moments;
mod openings;
mod texts;
