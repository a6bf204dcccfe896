//! `tierpress schema`.

use clap::{Args, ValueEnum};
use tierpress::manifest::Manifest;
use tierpress::members::event::Event;
use tierpress::review::diff::Diff;
use tierpress::review::explain;
use tierpress::review::matrix::Matrix;
use tierpress::webhooks;

use super::{Ending, say};

/// What `schema` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Which format
    #[arg(value_enum)]
    format: Schema,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Schema {
    /// manifest.json
    Manifest,
    /// What `tierpress diff --format json` says
    Diff,
    /// What `tierpress matrix --format json` says
    Matrix,
    /// What `explain --format json` says
    Explain,
    /// What `members record` and `members import` take
    Events,
    /// What `POST /account/events` takes of shops
    ShopEvents,
    /// What endpoints of `--webhooks` are told
    Webhooks,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    match arguments.format {
        Schema::Manifest => say::json(&Manifest::schema()),
        Schema::Diff => say::json(&Diff::schema()),
        Schema::Matrix => say::json(&Matrix::schema()),
        Schema::Explain => say::json(&explain::schema()),
        Schema::Events => say::json(&Event::schema()),
        Schema::ShopEvents => say::json(&Event::schema_for_shops()),
        Schema::Webhooks => say::json(&webhooks::schema()),
    }
    Ending::Done
}
