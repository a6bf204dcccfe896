//! The service under `/account/`: asked as browsers ask it, attacked as the issue says, and looked at.

mod attacks;
pub(crate) mod browser;
mod buying;
mod cancelling;
mod edges;
mod hooks;
mod members;
pub(crate) mod served;
mod sign_in;
mod stage;
pub(crate) mod tap;
