//! What only shows in all products together, or in what they sell: everything that would take money and give nothing.

use std::ops::Range;

use jiff::tz::TimeZone;

use super::{Around, Draft};
use crate::access::catalogue::{Cancellation, Catalogue};
use crate::config::largest::{COOKIE, largest};
use crate::config::product::dates::{BEFORE_END, Course, first_too_late, tightest};
use crate::config::product::{Billing, Product};
use crate::diagnostic::lint::Lint;
use crate::diagnostic::{Spanned, nearest};
use crate::id::Id;
use crate::load::catalogue::Written;
use crate::load::config::FILE;
use crate::load::document::Fault;
use crate::load::reading::Faults;
use crate::time::Timestamp;
use crate::time::period::Period;

/// Amounts below this, in currencies with cents, are probably whole units: no provider takes so little.
const SMALLEST: u64 = 50;

/// Checks what was read. The place is that of the key `products`.
pub(super) fn check(
    drafts: &[Draft],
    (place, around): (&Range<usize>, &Around<'_>),
    faults: &mut Faults<'_>,
) -> Vec<Product> {
    twice(drafts.iter().map(|draft| &draft.id), |id: &Id| format!("the product `{id}` is given twice"), faults);
    let names = |draft: &'_ Draft| draft.prices.iter().chain(&draft.links).cloned().collect::<Vec<_>>();
    let names: Vec<Spanned<String>> = drafts.iter().flat_map(names).collect();
    twice(names.iter(), |name: &String| format!("`{name}` stands for two products"), faults);
    let Some(catalogue) = &around.declared.catalogue else { return Vec::new() };
    let mut products: Vec<(&Draft, Product)> = Vec::new();
    for draft in drafts {
        let Some(sells) = sold(draft, catalogue, faults) else { continue };
        let Some(product) = draft.product(sells) else { continue };
        let checker = Checker { draft, product: &product, catalogue, around };
        checker.terms(faults);
        if let Some(after) = catalogue.expires_after(&product.sells) {
            checker.end(after, faults);
        }
        if let Some((first, same)) = products.iter().find(|(_, other)| other.same_terms(&product)) {
            let message = format!("`{}` and `{}` sell `{}` on the same terms", same.id, product.id, product.sells);
            let fault = Fault { also: Some(first.id.span.clone()), ..Fault::new(message, draft.id.span.clone()) };
            faults.error(fault.help("keep one of the two; one product may have several of Stripe's prices and links"));
        }
        products.push((draft, product));
    }
    let products: Vec<Product> = products.into_iter().map(|(_, product)| product).collect();
    room(catalogue, (place, around), faults);
    if products.len() == drafts.len() {
        words(&products, around, faults);
        unsold(&products, (catalogue, around), faults);
    }
    products
}

fn twice<'s, T: PartialEq + 's>(
    names: impl Iterator<Item = &'s Spanned<T>>,
    message: impl Fn(&T) -> String,
    faults: &mut Faults<'_>,
) {
    let mut seen: Vec<&Spanned<T>> = Vec::new();
    for name in names {
        match seen.iter().find(|other| other.value == name.value) {
            Some(first) => {
                let fault = Fault::new(message(&name.value), name.span.clone());
                faults.error(Fault { also: Some(first.span.clone()), ..fault }.help("take one of the two out"));
            }
            None => seen.push(name),
        }
    }
}

/// The id of today of what is sold.
fn sold(draft: &Draft, catalogue: &Catalogue, faults: &mut Faults<'_>) -> Option<Id> {
    let sells = draft.sells.as_ref()?;
    let fault = |message: String| Fault::new(message, sells.span.clone());
    let Some(found) = catalogue.lookup(sells.value.as_str()) else {
        let fault = fault(format!("unknown tier or bundle `{}`", sells.value));
        let known = || catalogue.ids().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        faults.error(match nearest(sells.value.as_str(), catalogue.ids().map(Id::as_str)) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None if catalogue.is_empty() => fault.help("declare it under `access.tiers` or `access.bundles`"),
            None => fault.help(format!("there are {}", known())),
        });
        return None;
    };
    if found.former {
        faults
            .warn(fault(format!("`{}` is a former id", sells.value)).help(format!("it is called `{}` now", found.id)));
    }
    Some(found.id)
}

/// A product beside what it sells.
struct Checker<'a> {
    draft: &'a Draft,
    product: &'a Product,
    catalogue: &'a Catalogue,
    around: &'a Around<'a>,
}

impl Checker<'_> {
    /// Price, billing and trial together.
    fn terms(&self, faults: &mut Faults<'_>) {
        let Product { id, sells, price, billing, trial, .. } = self.product;
        let at = |span: Option<Range<usize>>| span.unwrap_or_else(|| self.draft.id.span.clone());
        let price_at = at(self.draft.price.as_ref().map(|price| price.span.clone()));
        let trial_at = at(self.draft.trial.as_ref().map(|trial| trial.span.clone()));
        let free = self.catalogue.is_free(sells);
        if free && price.amount > 0 {
            let message = format!("`{id}` asks {price} for `{sells}`, which is free");
            faults.error(
                Fault::new(message, price_at).help("write `amount: 0`, or take `free: true` away from what it sells"),
            );
        } else if !free && price.amount == 0 {
            let message = format!("`{id}` gives `{sells}` away: its price is 0, and `{sells}` is not free");
            faults.warn(
                Fault::new(message, price_at)
                    .help("write the price in minor units, or `free: true` beside the id of what it sells"),
            );
        } else if price.currency.digits() > 0 && (1..SMALLEST).contains(&price.amount) {
            let message = format!("`{id}` costs {price}, which is less than payment providers take");
            let meant = price.amount * 10_u64.pow(u32::try_from(price.currency.digits()).unwrap_or(2));
            let help = format!(
                "amounts are in minor units: {} is `amount: {meant}`",
                crate::config::product::Money { amount: meant, ..*price }
            );
            faults.warn(Fault::new(message, price_at).help(help));
        }
        if let (Some(trial), Billing::Once) = (trial, billing) {
            let message = format!("`{id}` has a trial of {} and is paid once", trial.length);
            let help = "a trial comes before the first of several payments: take `trial` out, or sell it as a subscription or a plan";
            faults.error(Fault::new(message, trial_at).help(help));
        } else if trial.is_some() && price.amount == 0 {
            let message = format!("`{id}` has a trial, and costs nothing after it");
            faults
                .error(Fault::new(message, trial_at).help("take `trial` out, or write what it costs after the trial"));
        }
    }

    /// What is sold ends by itself: is it paid for by then, and never after it?
    fn end(&self, after: Period, faults: &mut Faults<'_>) {
        let Around { declared, zone, .. } = self.around;
        let place = |written: &Written| (written.id.value == self.product.sells).then(|| written.expires_after.clone());
        let also = declared.written.iter().find_map(place).flatten();
        let billing = self.draft.billing.as_ref().map_or(self.draft.id.span.clone(), |billing| billing.span.clone());
        let sells = &self.product.sells;
        let id = &self.product.id;
        if let Some(course) = first_too_late(self.product, after, zone) {
            let message = format!(
                "`{id}` is paid until it is cancelled, and `{sells}` ends after {after}: bought on {}, it ends on {}, and payment {} would be due on {}",
                day(course.start, zone),
                day(course.end, zone),
                course.payment,
                day(course.due, zone),
            );
            let help = format!("sell it `once` or as a payment plan, or take `expires_after` away from `{sells}`");
            faults.error(Fault { also, ..Fault::new(message, billing) }.help(help));
        } else if let Some(course) = tightest(self.product, after, zone).filter(|course| course.left() < BEFORE_END) {
            let message = format!("{} ({})", self.too_close(&course), self.sum(&course, after));
            let help = "leave 8 days or more for a payment that fails: fewer payments, a shorter trial, or a longer `expires_after`";
            faults.error(Fault { also, ..Fault::new(message, billing) }.help(help));
        }
    }

    fn too_close(&self, course: &Course) -> String {
        let Product { id, sells, .. } = self.product;
        match course.left() {
            0 => format!("the last payment of `{id}` can be due when `{sells}` ends"),
            left if left < 0 => {
                format!("the last payment of `{id}` can be due {} after `{sells}` has ended", time(-left))
            }
            left => format!("the last payment of `{id}` can be due only {} before `{sells}` ends", time(left)),
        }
    }

    /// The worst case, step by step.
    fn sum(&self, course: &Course, after: Period) -> String {
        let zone = self.around.zone;
        let every = match self.product.billing {
            Billing::Plan { every, .. } | Billing::Subscription { every } => {
                format!(" + {} × {every}", course.payment - 1)
            }
            Billing::Once => String::new(),
        };
        let trial = self.product.trial.map(|trial| format!(" + {}", trial.length)).unwrap_or_default();
        let start = day(course.start, zone);
        format!("{start}{trial}{every} is {}, {start} + {after} is {}", day(course.due, zone), day(course.end, zone))
    }
}

fn day(instant: Timestamp, zone: &TimeZone) -> String {
    instant.civil(zone).date().to_string()
}

/// `7 days`, `7 days and 23 hours`.
fn time(seconds: i64) -> String {
    let counted = |count: i64, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    let (days, hours) = (seconds / 86_400, seconds % 86_400 / 3_600);
    match (days, hours) {
        (0, hours) => counted(hours, "hour"),
        (days, 0) => counted(days, "day"),
        (days, hours) => format!("{} and {}", counted(days, "day"), counted(hours, "hour")),
    }
}

/// Whether the token of somebody who holds everything is still one.
fn room(catalogue: &Catalogue, (place, around): (&Range<usize>, &Around<'_>), faults: &mut Faults<'_>) {
    let token = around.token;
    let largest = largest(catalogue, token);
    let (tiers, bundles) = (catalogue.tiers().len(), catalogue.bundles().len());
    let counted = |count: usize, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    let held = format!("{} and {}", counted(tiers, "tier"), counted(bundles, "bundle"));
    let most = usize::try_from(token.max_entitlements).unwrap_or(usize::MAX);
    if largest.entitlements > most {
        let twice = match catalogue.cancellation() {
            Cancellation::KeepUnlocked => ", each as it was kept and as it was bought again",
            Cancellation::Hard => "",
        };
        let message = format!(
            "somebody who holds everything has {} entitlements ({held}{twice}), and a token holds {most}",
            largest.entitlements
        );
        let help =
            format!("write `token: {{max_entitlements: {}}}`, or sell several bundles as one", largest.entitlements);
        faults.error(Fault::new(message, place.clone()).help(help));
    }
    if largest.cookie > COOKIE {
        let message = format!(
            "the token of somebody who holds everything ({held}) can take {} bytes of cookie: {} for all that is in it but entitlements, and {} for those; browsers keep {COOKIE}",
            largest.cookie,
            largest.empty,
            largest.cookie - largest.empty
        );
        let help = "sell several bundles as one, or give them shorter ids before the first is sold";
        faults.error(Fault::new(message, place.clone()).help(help));
    }
}

/// `price` and `buy` beside an id that has products are shown nowhere.
fn words(products: &[Product], around: &Around<'_>, faults: &mut Faults<'_>) {
    let sold = |written: &&Written| products.iter().any(|product| product.sells == written.id.value);
    for written in around.declared.written.iter().filter(sold) {
        for (key, span) in &written.words {
            let message = format!("`{key}` of `{}` is shown nowhere: products sell it", written.id.value);
            faults.warn(
                Fault::new(message, span.clone())
                    .help(format!("take `{key}` out; products have a `{key}` of their own")),
            );
        }
    }
}

/// What is neither free nor sold, by products or by words of the paywall.
fn unsold(products: &[Product], (catalogue, around): (&Catalogue, &Around<'_>), faults: &mut Faults<'_>) {
    let here = |files: &str| globset::Glob::new(files).is_ok_and(|glob| glob.compile_matcher().is_match(FILE));
    if around.allowed.iter().any(|one| one.lint == Lint::Unsold && one.files.as_deref().is_none_or(here)) {
        return;
    }
    let got = |id: &Id| {
        let tier = catalogue.tier(id).is_some_and(|tier| tier.free || tier.price.is_some() || tier.buy.is_some());
        let bundle =
            |bundle: &crate::access::catalogue::Bundle| bundle.free || bundle.price.is_some() || bundle.buy.is_some();
        tier || catalogue.bundle(id).is_some_and(bundle) || products.iter().any(|product| product.sells == *id)
    };
    for written in &around.declared.written {
        let id = &written.id.value;
        let comes_with_a_tier = catalogue.bundle(id).is_some() && catalogue.opened_by(id).iter().any(got);
        if !got(id) && !comes_with_a_tier {
            let message = format!("nothing sells `{id}`, and it is not free");
            let help =
                format!("write a product with `sells: {id}`, or `check: {{allow: [unsold]}}` if it is given by hand");
            faults.lint(Lint::Unsold, Fault::new(message, written.id.span.clone()).help(help));
        }
    }
}
