//! The service under `/account/`: asked as browsers ask it, attacked as the issue says, and looked at.

mod attacks;
mod buying;
mod cancelling;
mod hooks;
mod members;
mod served;
mod sign_in;
mod stage;
