//! Members: from what people buy to what their tokens say (design 9).
//!
//! Facts come in as [`event::Event`]s; what a member has at an instant is folded from them, by rules that know no
//! database, no network and no clock.

pub mod credit;
pub mod event;
pub mod member;

pub use member::{Code, Ended, Grant, Member, Remark, Rules, Source, State};
