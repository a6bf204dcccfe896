//! A new token for whoever is signed in: where edges send a browser whose token is over, and where a checkout sends a buyer
//! back. A purchase is told by the provider, often a moment later than the buyer is back: that moment is waited for.

use std::time::Duration;

use super::answer::{self, Answer};
use super::home::token_cookie;
use super::visit::{SESSION, Signed, Visit};
use super::{AccountError, present};
use crate::ledger::Held;
use crate::time::Timestamp;

/// How long a purchase is waited for, and how often it is looked for.
const PATIENCE: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// `/account/refresh?next=PATH`, and with `bought=PRODUCT` for coming back from the checkout.
pub(super) async fn refresh(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let next = visit.request.next();
    let Some(mut signed) = visit.signed().await? else {
        let mut sent = visit.sign_in_first(&next);
        // A token whose session is over is not brought again and again.
        answer::set_cookie(&mut sent, (&visit.service.settings.cookie, ""), 0);
        if visit.request.cookie(SESSION).is_some() {
            answer::set_cookie(&mut sent, (SESSION, ""), 0);
        }
        return Ok(sent);
    };
    let came = match visit.request.query("bought") {
        Some(product) => wait(visit, &mut signed, &product).await?,
        None => Came::Here,
    };
    // What waits is accepted there, and the page that it opens would stay closed.
    let home = next.is_empty() || came == Came::Waits;
    let mut sent = answer::go(if home { "/account/" } else { &next });
    token_cookie(visit, (&signed.held, signed.until), &mut sent)?;
    Ok(sent)
}

/// What became of a purchase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Came {
    /// It is the member's, or nothing is known of it.
    Here,
    /// It waits until the member accepts it.
    Waits,
}

/// Waits until a product is the member's or could be, for a while.
async fn wait(visit: &Visit<'_>, signed: &mut Signed, product: &str) -> Result<Came, AccountError> {
    let service = visit.service;
    if !service.parts.frame.config.products.iter().any(|known| known.id.as_str() == product) {
        return Ok(Came::Here);
    }
    // So many wait already that this one is answered as it is.
    let Ok(_place) = service.waiting.try_acquire() else { return Ok(Came::Here) };
    let rules = service.rules();
    let mut now = visit.now();
    for pauses in 1..=PATIENCE {
        if waits(visit, (&signed.held, product), now).await? {
            return Ok(Came::Waits);
        }
        if holds(&signed.held, product) {
            return Ok(Came::Here);
        }
        tokio::time::sleep(PAUSE).await;
        // What happened while this waits counts.
        now = Timestamp::saturating(visit.now().seconds() + i64::from(pauses.div_ceil(2)));
        if let Some(held) = service.parts.ledger.member(&signed.held.id, &present(&rules, now)).await? {
            signed.held = held;
        }
    }
    Ok(Came::Here)
}

/// Whether a purchase of a product waits for a member.
async fn waits(visit: &Visit<'_>, (held, product): (&Held, &str), now: Timestamp) -> Result<bool, AccountError> {
    let ledger = &visit.service.parts.ledger;
    let rules = visit.service.rules();
    for waiting in ledger.waiting_for(&held.id).await? {
        let apart = ledger.member(&waiting.id, &present(&rules, now)).await?;
        if apart.is_some_and(|apart| holds(&apart, product)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds(held: &Held, product: &str) -> bool {
    held.member.grants.iter().any(|grant| {
        let is_it = grant.product.as_ref().is_some_and(|own| own.as_str() == product);
        is_it && grant.ended.is_none()
    })
}
