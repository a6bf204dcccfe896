//! Tierpress: a static-site generator for people who sell what they write.
//!
//! A writer tags Markdown with who may read it. One build makes every form of every page that some reader may be shown,
//! and a [manifest](manifest::Manifest) that says which form answers whom. The whole program is one line:
//!
//! ```text
//! folder ──load──▶ Site ──plan──▶ Plan ──render──▶ bytes ──publish──▶ out/ + Manifest ──edge──▶ Decision
//! ```
//!
//! 1. [`load`] reads a folder into a [`site::Site`]. Rules are decided from front matter before any text is parsed
//!    ([`load::inherit`]); every piece of text goes under its rule the moment it exists, in an
//!    [`access::gated::Gated`], and cannot be taken out again without a pass.
//! 2. [`plan`] is the one place where access is worked out. It turns rules into *variants* ([`plan::Shape`]): which
//!    forms of a page exist, and the requirement under which each is served. Only it makes passes and
//!    [views](plan::view::View).
//! 3. [`render`] turns views into bytes. It has never heard of the site: what is not in the view cannot leak.
//! 4. [`publish`] stores the bytes by their hash, the manifest beside them, and lays out trees of hard links; in an order
//!    in which a kill at any moment leaves a whole site.
//! 5. [`edge`] decides: manifest, request, reader and instant in, a [`edge::Decision`] out. Pure and total.
//!
//! [`server`] puts that decision behind sockets; [`export`] says it in the languages of other edges.
//!
//! [`review`] reads what the others made and says what is in it: who can open what, and why.
//!
//! [`account`] answers members themselves, under `/account/`; [`provider`] says what payment providers tell, and [`intake`] takes it in.
//!
//! [`members`] works out what somebody has from what was told of them; [`ledger`] keeps that, in SQLite or PostgreSQL;
//! [`webhooks`] tells other programs what changes.
//!
//! [`build`] runs the first four in their order. [`access`] is the heart: tiers, tags, rules and what implies what; it
//! knows no pages and no files.

pub mod access;
pub mod account;
pub mod build;
pub mod config;
pub mod diagnostic;
pub mod digest;
pub mod edge;
pub mod envelope;
pub mod escape;
pub mod export;
pub mod fs;
pub mod id;
pub mod intake;
pub mod ledger;
pub mod load;
pub mod manifest;
pub mod members;
pub mod path;
pub mod plan;
pub mod provider;
pub mod publish;
pub mod render;
pub mod review;
pub mod serve;
pub mod server;
pub mod site;
pub mod time;
pub mod webhooks;
