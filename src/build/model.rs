//! A manifest of a plan without publishing it: for questions to `decide`.

use crate::build::{Objects, contract};
use crate::digest::ObjectName;
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::publish::Stored;

/// A manifest with every route, policy and rule of a plan, for decisions; its object names stand for bytes that were
/// never rendered.
#[must_use]
pub fn model(plan: &Plan) -> Manifest {
    let stand_in = |url: &str, number: usize| {
        let name = ObjectName::of(format!("{url} {number}").as_bytes(), "html");
        Stored { name, size: 0 }
    };
    let outputs = plan.outputs.iter().map(|output| {
        let url = output.url.as_deref().unwrap_or_default();
        (0..output.shape.variants.len()).map(|number| stand_in(url, number)).collect()
    });
    let site = plan.site();
    let objects = Objects {
        outputs: outputs.collect(),
        files: site.files.iter().map(|file| stand_in(&file.url, 0)).collect(),
        statics: site.statics.iter().map(|file| stand_in(&file.url, 0)).collect(),
    };
    contract::manifest(plan, &objects, site.clock)
}
