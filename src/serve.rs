//! The writer's loop: the site as anybody would get it, at any time, built anew while the writer writes.
//!
//! Nothing here is published. What is answered comes from the same plan, the same decision and the same bytes as a build's;
//! nothing is kept on the disk.

mod answer;
mod asked;
mod events;
pub mod held;
mod hosts;
pub mod keeper;
mod page;
mod run;
mod seen;
mod survey;
pub mod watch;

pub use run::{Options, Told, run};
