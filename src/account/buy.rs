//! The way to a checkout: the link of a product, and with it who begins to buy, signed by us.
//!
//! What comes back with that reference is for that member, whatever address they type there. A visitor is let through
//! without one: nobody has to sign in before they may pay.

use super::answer::{self, Answer};
use super::visit::Visit;
use super::{AccountError, Service};
use crate::time::Timestamp;

/// The parameter, as Stripe's payment links call it.
const PARAMETER: &str = "client_reference_id";

/// `/account/buy/PRODUCT`: on to the checkout.
pub(super) async fn buy(visit: &Visit<'_>, product: &str) -> Result<Answer, AccountError> {
    // What only hidden pages need is told of to nobody.
    let mut products = visit.service.parts.frame.products.iter().filter(|known| known.id == product);
    let Some(url) = products.next().and_then(|product| product.buy.as_deref()) else { return visit.unknown() };
    let signed = visit.signed().await?;
    let url = signed.map_or_else(|| url.to_owned(), |signed| link(visit.service, url, (&signed.held.id, visit.now())));
    Ok(answer::go(&url))
}

/// The link to a checkout for a member who may begin to buy now.
pub(super) fn link(service: &Service, url: &str, (member, now): (&str, Timestamp)) -> String {
    let elsewhere = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
    let Some(reference) = service.references.make(member, now).filter(|_| elsewhere) else { return url.to_owned() };
    let (url, fragment) = url.split_once('#').map_or((url, None), |(url, fragment)| (url, Some(fragment)));
    let mark = if url.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{url}{mark}{PARAMETER}={reference}{fragment}")
}
