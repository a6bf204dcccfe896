//! Which products templates are told of: all but those that would tell of hidden pages.

use std::collections::BTreeSet;

use crate::access::catalogue::Catalogue;
use crate::access::tags::{Name, Tag};
use crate::config::product::Product;
use crate::id::Id;
use crate::plan::Plan;

/// The products, as site.yaml has them. One that sells what hidden pages need, and no other page, is not named: its title
/// would say that there is something.
pub(super) fn products(plan: &Plan) -> Vec<&Product> {
    let config = &plan.site().config;
    if config.products.is_empty() {
        return Vec::new();
    }
    let (mut seen, mut hidden) = (BTreeSet::new(), BTreeSet::new());
    for page in &plan.site().pages {
        names(&page.access.tags, if page.access.hidden { &mut hidden } else { &mut seen });
        for block in &page.body.blocks {
            names(&block.tags, if page.access.hidden || block.hidden { &mut hidden } else { &mut seen });
        }
    }
    let opens = |names: &BTreeSet<&Name>, sold: &Id| names.iter().any(|name| opens(name, sold, &config.catalogue));
    let told = |product: &&Product| opens(&seen, &product.sells) || !opens(&hidden, &product.sells);
    config.products.iter().filter(told).collect()
}

fn names<'a>(tags: &'a [Tag], found: &mut BTreeSet<&'a Name>) {
    found.extend(tags.iter().flat_map(|tag| &tag.names));
}

/// Whether what is sold opens what is tagged with a name.
fn opens(name: &Name, sold: &Id, catalogue: &Catalogue) -> bool {
    match name {
        Name::Public => false,
        Name::Members => catalogue.tier(sold).is_some(),
        Name::Id(id) => catalogue.opened_by(id).contains(sold),
    }
}
