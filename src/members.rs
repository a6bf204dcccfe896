//! Members: from what people buy to what their tokens say (design 9).
//!
//! Facts come in as [`event::Event`]s; what a member has at an instant is folded from them, by rules that know no
//! database, no network and no clock.

pub mod credit;
pub mod event;
mod fold;
mod hold;
mod life;
pub mod member;
pub mod notification;
mod opened;
mod order;
mod origin;
pub mod picture;
pub mod simulate;
mod snapshot;
pub mod timeline;
pub mod words;

pub use fold::fold;
pub use member::{Code, Ended, Grant, Member, Remark, Rules, Source, State};
pub use notification::{Notification, Topic, changed, notifications};
pub use opened::{Pages, opened};
pub use origin::{Origin, origin};
