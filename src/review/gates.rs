//! Gates that do nothing, that nobody passes, or that nothing on sale opens.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::gated::RuleId;
use crate::access::rule::{Clause, Need, Rule};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::lint::Lint;
use crate::id::Id;
use crate::plan::Plan;
use crate::review::places::Places;
use crate::site::{Page, Part};

/// Looks every gate over.
pub(super) fn check(plan: &Plan, places: &Places<'_>) -> Vec<Diagnostic> {
    let looker = Looker { plan, places };
    let mut found = looker.unsold();
    for page in &plan.site().pages {
        found.extend(looker.page(page));
        found.extend(looker.blocks(page));
        found.extend(looker.divider(page));
    }
    found
}

struct Looker<'a> {
    plan: &'a Plan,
    places: &'a Places<'a>,
}

impl<'a> Looker<'a> {
    fn rule(&self, id: RuleId) -> &'a Rule {
        self.plan.book().rule(id)
    }

    fn page(&self, page: &Page) -> Option<Diagnostic> {
        if !self.rule(page.access.rule).is_nobody() {
            return None;
        }
        let place = self.places.key(&page.source, &["access", "until", "title"]);
        let fault = Diagnostic::warning("nobody can open this page: its time is over").at(place);
        Some(fault.help("change the dates in `access`, or make the page a `draft`").named(Lint::Unopenable))
    }

    /// Blocks that close for nobody who reads what is around them, or for everybody.
    fn blocks(&self, page: &Page) -> Vec<Diagnostic> {
        let mut around = vec![page.access.rule];
        let mut found = Vec::new();
        for part in &page.body.parts {
            match part {
                Part::Open(number) => {
                    let outer = around.last().copied().unwrap_or(page.access.rule);
                    let Some(block) = page.body.blocks.get(*number) else { continue };
                    let fault = |message: &str, help: &str, lint| {
                        let place = self.places.span(&page.source, block.span.clone());
                        Diagnostic::warning(message).at(place).help(help).named(lint)
                    };
                    if self.rule(block.rule).is_nobody() && !self.rule(outer).is_nobody() {
                        let help = "change the dates of the block, or take it out";
                        found.push(fault("nobody can open this block", help, Lint::Unopenable));
                    } else if self.plan.book().implies(outer, block.rule) && !self.rule(outer).is_nobody() {
                        let message = "this block never closes: whoever reads what is around it may read it too";
                        let help = "a block narrows the page's `access`: name those of its readers who may go on, or take \
                            the two markers out";
                        found.push(fault(message, help, Lint::IdleBlock));
                    }
                    around.push(block.rule);
                }
                Part::Close => {
                    around.pop();
                }
                Part::Piece(_) | Part::Divider => {}
            }
        }
        found
    }

    fn divider(&self, page: &Page) -> Option<Diagnostic> {
        let at = page.body.parts.iter().position(|part| *part == Part::Divider)?;
        let (above, below) = page.body.parts.split_at_checked(at)?;
        let has_text = |parts: &[Part]| parts.iter().any(|part| matches!(part, Part::Piece(_)));
        let gated = !self.rule(page.access.rule).same_for_all();
        let fault = |message: &str, help: &str, lint| {
            let is_divider =
                |line: &str| line.starts_with("<!--") && line.trim_matches(['<', '!', '-', '>', ' ']) == "more";
            let place = self.places.line(&page.source, is_divider);
            Some(Diagnostic::warning(message).at(place).help(help).named(lint))
        };
        if !has_text(above) {
            let message = "this divider does nothing: there is no text above it";
            return fault(message, "put it below what may be read as a teaser, or take it out", Lint::IdleDivider);
        }
        if !gated {
            return None;
        }
        if page.access.hidden {
            let message = "this divider does nothing: a hidden page has no teaser";
            return fault(message, "take it out, or take `hidden` out", Lint::IdleDivider);
        }
        if self.rule(page.access.teaser).is_nobody() {
            let message = "this divider does nothing: `teaser: none` keeps what is above it from everybody";
            return fault(message, "take the divider out, or take `teaser: none` out", Lint::IdleDivider);
        }
        if self.plan.book().implies(page.access.teaser, page.access.rule) {
            let message = "this divider does nothing: whoever may read the teaser may open the page";
            return fault(message, "name more readers in `teaser`, or take the divider out", Lint::IdleDivider);
        }
        if !has_text(below) {
            let message = "the teaser shows the whole of this page: there is no text below the divider";
            return fault(message, "move the divider up, or open the page with `access: public`", Lint::WholeTeaser);
        }
        None
    }

    /// Pages that open with nothing that is free or sold, together by what does open them.
    fn unsold(&self) -> Vec<Diagnostic> {
        let site = self.plan.site();
        // Where there are products, what none of them sells was said of site.yaml when it was read.
        if site.config.upgrade_url.is_some() || !site.config.products.is_empty() {
            return Vec::new();
        }
        let sold = self.sold();
        let mut closed: BTreeMap<String, Vec<&Page>> = BTreeMap::new();
        for page in &site.pages {
            let rule = self.rule(page.access.rule);
            let buys = |need: &Need| need.any.iter().any(|id| sold.contains(id));
            let is_sold = |clause: &Clause| clause.all.iter().all(buys);
            if !rule.is_nobody() && !rule.clauses().iter().any(is_sold) {
                let tags: Vec<String> = page.access.tags.iter().map(|tag| format!("`{}`", tag.words())).collect();
                closed.entry(tags.join(" or ")).or_default().push(page);
            }
        }
        if sold.iter().all(|id| self.is_free(id)) && closed.len() > 1 {
            // Nothing at all is for sale: that is one mistake, however many tags there are.
            let pages = closed.into_values().flatten().collect();
            closed = BTreeMap::from([("tiers and bundles".to_owned(), pages)]);
        }
        let fault = |(tags, pages): (String, Vec<&Page>)| {
            let first = pages.iter().min_by_key(|page| &page.source)?;
            let what = match pages.len() {
                1 => "this page opens".to_owned(),
                2 => "this page and another one open".to_owned(),
                count => format!("this page and {} others open", count - 1),
            };
            let message = format!("{what} only with {tags}, and nobody can get that: it is neither free nor for sale");
            let help =
                "write `price` or `buy` beside its id in site.yaml, or an `upgrade_url` where everything is sold";
            let place = self.places.key(&first.source, &["access", "title"]);
            Some(Diagnostic::warning(message).at(place).help(help).named(Lint::Unsold))
        };
        closed.into_iter().filter_map(fault).collect()
    }

    fn is_free(&self, id: &Id) -> bool {
        let catalogue = &self.plan.site().config.catalogue;
        catalogue.tier(id).is_some_and(|tier| tier.free) || catalogue.bundle(id).is_some_and(|bundle| bundle.free)
    }

    /// What is free or for sale.
    fn sold(&self) -> BTreeSet<Id> {
        let catalogue = &self.plan.site().config.catalogue;
        let tiers = catalogue.tiers().iter().filter(|tier| tier.free || tier.price.is_some() || tier.buy.is_some());
        let bundles =
            catalogue.bundles().iter().filter(|bundle| bundle.free || bundle.price.is_some() || bundle.buy.is_some());
        tiers.map(|tier| tier.id.clone()).chain(bundles.map(|bundle| bundle.id.clone())).collect()
    }
}
