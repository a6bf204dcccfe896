//! Reads what the other stages made and says what somebody should know of it. It changes nothing and decides nothing:
//! what a reader gets is asked of the plan's own forms and rules.

mod course;
mod files;
mod gates;
pub mod links;
pub mod lints;
mod places;
pub mod readers;
