//! The rules once more, told in another way: half a day after half a day, with plain words and numbers.
//!
//! It knows no instants at which something is going to change: it looks at everything, every half day. So it only sees
//! what happens at noon and at midnight, and lengths that are whole days. Nothing of the program's is used but its events.

use std::collections::{BTreeMap, BTreeSet};

use tierpress::config::product::Billing;
use tierpress::members::event::{By, Event, PaidFor, Terms, What, Why};

pub(super) const TICK: i64 = 43_200;
const DAY: i64 = 86_400;

/// What the site says.
#[derive(Clone, Debug)]
pub(super) struct Shop {
    /// From the lowest.
    pub(super) tiers: Vec<&'static str>,
    pub(super) bundles: Vec<&'static str>,
    pub(super) default_tier: Option<&'static str>,
    pub(super) downgrade: BTreeMap<&'static str, &'static str>,
    pub(super) keep_unlocked: bool,
    pub(super) overdue_keep: bool,
    pub(super) overdue_max: i64,
    pub(super) resume: bool,
}

/// What one grant is, as far as anybody who looks at it can see.
#[derive(Clone, Debug, Default)]
struct Card {
    name: String,
    what: String,
    free: bool,
    import: bool,
    terms: Option<Terms>,
    since: i64,
    ends: Option<i64>,
    /// Paid up to here; nothing is asked for any more where there is no number.
    paid_to: Option<i64>,
    counted_from: i64,
    trial_end: Option<i64>,
    /// Cancelled: at this instant, or (nothing) when the paid time is over.
    closing: Option<Option<i64>>,
    failed: bool,
    bad_since: Option<i64>,
    money: Vec<Coin>,
    early_refunds: BTreeMap<String, (u64, bool)>,
    paid_periods: BTreeSet<String>,
    all_paid: bool,
    gone: Option<(i64, &'static str)>,
    ice: Option<(i64, BTreeMap<String, i64>)>,
    iced_with_tier: Option<i64>,
    refused: bool,
    /// Since when what it gives was held, when it gave it last.
    marks: BTreeMap<String, i64>,
    /// Disputed, and which payment, if that was said.
    disputed: Option<Option<String>>,
    /// When it was bought, among all.
    turn: usize,
    /// The day from which a once-paid length counts.
    day_one: i64,
    shows: &'static str,
}

/// A payment.
#[derive(Clone, Debug)]
struct Coin {
    name: String,
    amount: u64,
    back: u64,
    wholly: bool,
    /// What came of it: `time`, `more` (of an import, which had ended `before`), `same` time again, a `difference`, or `past`.
    bought: &'static str,
    before: i64,
}

/// What somebody comes to have.
#[derive(PartialEq, Eq, Debug, Default)]
pub(super) struct Outcome {
    pub(super) grants: Vec<(String, String, &'static str)>,
    pub(super) tier: Option<String>,
    /// What is open, and since when.
    pub(super) open: BTreeMap<String, i64>,
    /// What is frozen: since when, and when.
    pub(super) ice: BTreeSet<(String, i64, i64)>,
}

impl Card {
    /// Whether a payment that is told says that a dispute is over.
    fn dispute_over(&self, payment: &str) -> bool {
        let heard = self.money.iter().any(|coin| coin.name == payment);
        self.disputed.as_ref().is_some_and(|which| which.as_ref().map_or(heard, |which| which == payment))
    }

    /// Money that was to come and did not.
    fn miss(&mut self, at: i64) {
        if self.failed && self.closing.is_none() {
            self.bad_since = self.bad_since.or(Some(at));
        }
    }

    fn closes(&self) -> Option<i64> {
        match self.closing {
            None => None,
            Some(None) => Some(self.paid_to.unwrap_or(self.since)),
            Some(Some(named)) if self.failed => Some(self.paid_to.map_or(named, |paid| paid.min(named))),
            Some(Some(named)) => Some(named),
        }
    }
}

struct Desk<'a> {
    shop: &'a Shop,
    cards: Vec<Card>,
    unheard: BTreeMap<String, Vec<&'a Event>>,
    later: Vec<(i64, &'a Event)>,
    tasted: BTreeSet<String>,
    /// Since when something is held; and since when it is not, though it may be again.
    runs: BTreeMap<String, (i64, Option<i64>)>,
    past: BTreeMap<String, (i64, i64)>,
    tier: Option<usize>,
    forgotten: bool,
}

fn days(period: tierpress::time::period::Period) -> i64 {
    period.to_string().trim_end_matches('d').parse::<i64>().expect("whole days") * DAY
}

fn interval(terms: &Terms) -> Option<i64> {
    match terms.billing {
        Billing::Once => None,
        Billing::Subscription { every } | Billing::Plan { every, .. } => Some(days(every)),
    }
}

fn kind_order(what: &What) -> usize {
    let kinds = [
        "Joined",
        "Granted",
        "Purchased",
        "Switched",
        "PaymentFailed",
        "PaymentSucceeded",
        "Cancelled",
        "Uncancelled",
        "Refunded",
        "Disputed",
        "Revoked",
        "Erased",
    ];
    let name = format!("{what:?}");
    kinds.iter().position(|kind| name.starts_with(kind)).unwrap()
}

/// What somebody has at `now`, looked at from `start` on.
pub(super) fn outcome(events: &[Event], shop: &Shop, start: i64, now: i64) -> Outcome {
    let mut known = BTreeSet::new();
    let mut events: Vec<&Event> = events.iter().collect();
    events.sort_by_key(|event| (event.at, kind_order(&event.what), event.source.clone(), event.id.clone()));
    events.retain(|event| known.insert((event.source.clone(), event.id.clone())));
    let mut desk = Desk {
        shop,
        cards: Vec::new(),
        unheard: BTreeMap::new(),
        later: Vec::new(),
        tasted: BTreeSet::new(),
        runs: BTreeMap::new(),
        past: BTreeMap::new(),
        tier: None,
        forgotten: false,
    };
    let mut at = start;
    while at <= now {
        let today: Vec<&Event> = events.iter().copied().filter(|event| event.at.seconds() == at).collect();
        desk.look(at, &today);
        at += TICK;
    }
    desk.outcome()
}

impl<'a> Desk<'a> {
    fn look(&mut self, at: i64, today: &[&'a Event]) {
        let before = self.cards.len();
        self.age(at);
        let (begin, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.later).into_iter().partition(|it| it.0 <= at);
        self.later = later;
        for (since, event) in begin {
            self.hand_out(event, since, at);
        }
        for event in today {
            self.hear(event, at);
        }
        self.line_up(at);
        self.age(at);
        self.sort_out(at, before);
    }

    /// What half a day does to each card.
    fn age(&mut self, at: i64) {
        for card in self.cards.iter_mut().filter(|card| card.gone.is_none()) {
            let closes = card.closes();
            if card.ends.is_some_and(|ends| ends <= at && closes.is_none_or(|closes| ends < closes)) {
                card.gone = Some((card.ends.unwrap(), "expired"));
            } else if closes.is_some_and(|closes| closes <= at) {
                card.gone = Some((at, "cancelled"));
            } else {
                if card.bad_since.is_none() && card.paid_to.is_some_and(|paid| paid + 3 * DAY <= at) {
                    if card.closing.is_some() {
                        card.gone = Some((at, "cancelled"));
                    } else {
                        card.bad_since = Some(at);
                    }
                }
                let given_up = card.bad_since.is_some_and(|bad| bad + self.shop.overdue_max <= at);
                if given_up && card.gone.is_none() {
                    card.gone = Some((at, "unpaid"));
                }
            }
        }
    }

    /// Lets the lengths that were bought once follow one another.
    fn line_up(&mut self, at: i64) {
        for place in 0..self.cards.len() {
            let card = &self.cards[place];
            let Some(terms) = card.terms.clone().filter(|terms| terms.billing == Billing::Once) else { continue };
            let (Some(length), None) = (terms.expires_after, card.gone) else { continue };
            let mut from = card.day_one;
            for older in self.cards[..place].iter().filter(|older| older.what == card.what && !older.refused) {
                let live = older.gone.map_or(older.bad_since.is_none(), |it| ["expired", "cancelled"].contains(&it.1));
                let free = older.terms.as_ref().is_none_or(|terms| terms.price.amount == 0);
                let earned = free || older.money.iter().any(|coin| coin.amount > coin.back && !coin.wholly);
                let paid = older.import || (older.terms.is_some() && older.paid_to.is_none() && earned);
                let ends = [older.ends, older.closes()].into_iter().flatten().min();
                let ends = older.gone.map(|it| it.0).or(ends);
                from = if live && paid { from.max(ends.unwrap_or(from)) } else { from };
            }
            self.cards[place].ends = Some((from + days(length)).max(at));
        }
    }

    fn newest(&self, name: &str) -> Option<usize> {
        self.cards.iter().rposition(|card| card.name == name && !card.refused)
    }

    fn taken(&self, name: &str) -> bool {
        self.newest(name).is_some() || self.later.iter().any(|(_, event)| event.what.grant() == Some(name))
    }

    fn hear(&mut self, event: &'a Event, at: i64) {
        if self.forgotten {
            return;
        }
        match &event.what {
            What::Joined {} => {}
            What::Erased {} => {
                self.forgotten = true;
                for card in &mut self.cards {
                    card.gone = card.gone.or(Some((at, "erased")));
                    card.ice = None;
                }
                self.later.clear();
                self.unheard.clear();
            }
            What::Purchased { grant, terms, trial_until } if !self.taken(grant) => {
                let mut card = Self::sold(grant, terms, at);
                let trial = terms.trial.map(|trial| (at + days(trial.length), trial.amount));
                let ends = trial_until.map(|it| it.seconds()).or(trial.map(|it| it.0)).filter(|ends| *ends > at);
                if let Some(ends) = ends {
                    card.trial_end = Some(ends);
                    card.counted_from = ends;
                    if trial.is_none_or(|trial| trial.1 == 0) && card.paid_to.is_some() {
                        card.paid_to = Some(ends);
                    }
                }
                self.put(card, at);
            }
            What::Granted { grant, since, .. } if !self.taken(grant) => match since.map(|since| since.seconds()) {
                Some(since) if since > at => self.later.push((since, event)),
                since => self.hand_out(event, since.unwrap_or(at), at),
            },
            What::Purchased { .. } | What::Granted { .. } => {}
            other => {
                let name = other.grant().unwrap();
                match self.newest(name) {
                    Some(place) => self.tell(place, event, at),
                    None => self.unheard.entry(name.to_owned()).or_default().push(event),
                }
            }
        }
    }

    fn sold(name: &str, terms: &Terms, at: i64) -> Card {
        Card {
            name: name.to_owned(),
            what: terms.access_control.to_string(),
            terms: Some(terms.clone()),
            since: at,
            day_one: at,
            counted_from: at,
            ends: terms.expires_after.map(|length| at + days(length)),
            paid_to: (terms.price.amount > 0).then_some(at),
            ..Card::default()
        }
    }

    fn hand_out(&mut self, event: &'a Event, since: i64, at: i64) {
        let What::Granted { grant, access_control, why, until, expires_after, .. } = &event.what else { panic!() };
        let length = expires_after.map(|length| since + days(length));
        let ends = [until.map(|until| until.seconds()), length].into_iter().flatten().min();
        if *why == Why::Free && ends.is_some() && !self.tasted.insert(access_control.to_string()) {
            return;
        }
        let card = Card {
            name: grant.clone(),
            what: access_control.to_string(),
            free: *why == Why::Free,
            import: *why == Why::Imported,
            since,
            counted_from: since,
            ends,
            ..Card::default()
        };
        self.put(card, at);
    }

    fn put(&mut self, card: Card, at: i64) {
        let name = card.name.clone();
        let turn = if card.turn == 0 { self.cards.len() + 1 } else { card.turn };
        self.cards.push(Card { shows: "active", turn, ..card });
        for event in self.unheard.remove(&name).unwrap_or_default() {
            let place = self.newest(&name).unwrap();
            self.tell(place, event, at);
        }
    }

    /// A card, and those of its name before it that left something frozen.
    fn same(&mut self, name: &str, place: usize) -> impl Iterator<Item = &mut Card> {
        let all = self.cards.iter_mut().enumerate().take(place + 1).filter(move |(_, card)| card.name == name);
        all.filter(move |(number, card)| *number == place || card.ice.is_some()).map(|(_, card)| card)
    }

    /// What is said of a card.
    fn tell(&mut self, place: usize, event: &'a Event, at: i64) {
        let card = &mut self.cards[place];
        let alive = card.gone.is_none();
        match &event.what {
            What::PaymentSucceeded { payment, paid, paid_for, .. } => {
                if alive {
                    Self::cash(card, payment, paid.amount, *paid_for, at);
                } else {
                    let again = Self::taken_up(card, payment, paid.amount, *paid_for, at);
                    let again = again.or_else(|| Self::return_of(card, payment, paid.amount, *paid_for, at));
                    if let Some(card) = again {
                        self.put(card, at);
                    }
                }
            }
            What::Refunded { payment, refunded, full, .. } => {
                let heard = card.money.iter().any(|coin| coin.name == *payment);
                if !heard {
                    let early = card.early_refunds.entry(payment.clone()).or_default();
                    *early = (early.0.max(refunded.amount), early.1 || *full);
                }
                let name = card.name.clone();
                for card in self.same(&name, place) {
                    if let Some(coin) = card.money.iter_mut().find(|coin| coin.name == *payment) {
                        coin.back = coin.back.max(refunded.amount);
                        coin.wholly |= full;
                        Self::look_at_money(card, at);
                    }
                }
            }
            What::Disputed { payment, .. } => {
                if card.terms.is_some() {
                    if alive {
                        card.disputed = Some(payment.clone());
                        card.bad_since = card.bad_since.or(Some(at));
                    }
                    let name = card.name.clone();
                    for card in self.same(&name, place) {
                        if payment.as_ref().is_none_or(|it| card.money.iter().any(|coin| coin.name == *it)) {
                            card.ice = None;
                        }
                    }
                }
            }
            What::Revoked { .. } => {
                card.gone = card.gone.or(Some((at, "revoked")));
                let name = card.name.clone();
                for card in self.same(&name, place) {
                    card.ice = None;
                }
            }
            _ if !alive => {}
            What::PaymentFailed { .. } => {
                if card.paid_to.is_some() {
                    card.failed = true;
                    card.miss(at);
                }
            }
            What::Uncancelled { .. } => {
                if card.closing.take().is_some() {
                    card.miss(at);
                }
            }
            What::Cancelled { by, until, .. } => {
                let plan = card.terms.as_ref().is_some_and(|terms| matches!(terms.billing, Billing::Plan { .. }));
                if plan && card.all_paid && *by == By::Provider {
                    return;
                }
                let periodic = card.terms.as_ref().is_some_and(|terms| interval(terms).is_some());
                let named = until.map(|until| until.seconds()).or(if card.import { card.ends } else { None });
                if card.bad_since.is_some() || named.is_some_and(|named| named <= at) {
                    card.gone = Some((at, "cancelled"));
                } else if let Some(named) = named {
                    card.closing = Some(Some(named));
                } else if periodic && card.paid_to.is_some() {
                    card.closing = card.closing.or(Some(None));
                } else {
                    card.gone = Some((at, "cancelled"));
                }
            }
            What::Switched { terms, .. } => {
                let same_length = card.terms.as_ref().and_then(interval) == interval(terms) && card.terms.is_some();
                let paid_to = card.paid_to.or(card.ends).unwrap_or(at);
                let asks = terms.price.amount > 0;
                if terms.access_control.as_str() == card.what {
                    let plan = |terms: &Terms| matches!(terms.billing, Billing::Plan { .. });
                    let was_plan = card.terms.as_ref().is_some_and(plan);
                    card.terms = Some(terms.clone());
                    if card.all_paid {
                        return;
                    }
                    if !was_plan {
                        card.paid_periods.clear();
                    }
                    card.paid_to = asks.then_some(paid_to);
                    if !same_length {
                        card.counted_from = paid_to.max(at);
                    }
                    card.free = false;
                    card.import = false;
                    card.ends = terms.expires_after.map(|length| at + days(length));
                    card.day_one = at;
                    Self::count_plan(card);
                } else {
                    // Whether it was paid by the same kind of period before, a gift or once-paid thing by none.
                    let same_length = card.terms.as_ref().and_then(interval) == interval(terms);
                    let mut next = Self::sold(&card.name, terms, at);
                    next.paid_to = asks.then_some(paid_to);
                    let from = next.paid_to.unwrap_or(at).max(at);
                    next.counted_from = if same_length { card.counted_from } else { from };
                    next.trial_end = card.trial_end;
                    next.closing = card.closing;
                    next.failed = card.failed;
                    next.bad_since = card.bad_since;
                    next.money = card.money.clone();
                    next.early_refunds = card.early_refunds.clone();
                    next.marks = card.marks.clone();
                    next.disputed = card.disputed.clone();
                    next.turn = card.turn;
                    card.gone = Some((at, "switched"));
                    self.put(next, at);
                }
            }
            What::Joined {} | What::Erased {} | What::Purchased { .. } | What::Granted { .. } => panic!(),
        }
    }

    /// A dispute that was won after all, or the last payment of a plan at most three days late: as if nothing had been.
    fn taken_up(old: &Card, payment: &str, amount: u64, paid_for: PaidFor, at: i64) -> Option<Card> {
        let (when, why) = old.gone?;
        let heard_before = old.money.iter().any(|coin| coin.name == payment);
        let won = why == "unpaid" && heard_before && old.dispute_over(payment);
        let late = why == "cancelled" && !heard_before && !old.all_paid && at < when + 3 * DAY;
        if !won && !late {
            return None;
        }
        let plan = old.terms.as_ref().is_some_and(|terms| matches!(terms.billing, Billing::Plan { .. }));
        let mut card = Card { gone: None, ice: None, iced_with_tier: None, ..old.clone() };
        Self::cash(&mut card, payment, amount, paid_for, at);
        Self::look_at_money(&mut card, at);
        let paid = if won { card.bad_since.is_none() } else { plan && card.all_paid };
        let over = [card.ends, card.closes()].into_iter().flatten().any(|end| end <= at);
        (paid && !over && card.gone.is_none()).then_some(card)
    }

    fn return_of(old: &Card, payment: &str, amount: u64, paid_for: PaidFor, at: i64) -> Option<Card> {
        let why = old.gone?.1;
        let terms = old.terms.clone().filter(|terms| terms.price.amount > 0)?;
        let PaidFor::Period { end, .. } = paid_for else { return None };
        if !["cancelled", "unpaid"].contains(&why) || old.money.iter().any(|coin| coin.name == payment) {
            return None;
        }
        let mut card = Self::sold(&old.name, &terms, at);
        card.what = old.what.clone();
        card.turn = old.turn;
        card.trial_end = old.trial_end;
        card.money = old.money.clone();
        card.early_refunds = old.early_refunds.clone();
        card.paid_periods = old.paid_periods.clone();
        Self::cash(&mut card, payment, amount, paid_for, at);
        if !card.all_paid && end.is_some_and(|end| end.seconds() <= at) {
            return None;
        }
        if why == "cancelled" && !card.all_paid {
            card.closing = Some(None);
        }
        Some(card)
    }

    fn cash(card: &mut Card, payment: &str, amount: u64, paid_for: PaidFor, at: i64) {
        let over = card.dispute_over(payment);
        let known = card.money.iter().any(|coin| coin.name == payment);
        let mut mends = over;
        if !known {
            let (back, wholly) = card.early_refunds.remove(payment).unwrap_or_default();
            let (bought, before) = Self::buys(card, payment, paid_for, at);
            let coin = Coin { name: payment.to_owned(), amount, back, wholly, bought, before };
            card.money.push(coin);
            mends |= match bought {
                "time" | "more" => true,
                "same" | "difference" => card.disputed.is_none(),
                _ => false,
            };
        }
        if mends {
            card.failed = false;
            if card.paid_to.is_none_or(|paid| at < paid + 3 * DAY) {
                card.bad_since = None;
                card.disputed = None;
            }
        }
        if !known {
            Self::look_at_money(card, at);
        }
    }

    /// What a payment buys; and until when an import went before it.
    fn buys(card: &mut Card, payment: &str, paid_for: PaidFor, at: i64) -> (&'static str, i64) {
        match (paid_for, card.paid_to) {
            (PaidFor::Proration {}, _) => ("difference", 0),
            (PaidFor::Trial {}, None) => ("time", 0),
            (PaidFor::Trial {}, Some(paid)) => {
                card.paid_to = Some(card.trial_end.unwrap_or(paid).max(paid));
                ("time", 0)
            }
            (PaidFor::Period { end, .. }, None) => match (card.import, card.ends, end.map(|end| end.seconds())) {
                (true, Some(ends), Some(end)) if end > ends => {
                    card.ends = Some(end);
                    ("more", ends)
                }
                (true, Some(_), Some(_)) => ("past", 0),
                _ => ("same", 0),
            },
            (PaidFor::Period { start, end }, Some(paid)) => {
                let terms = card.terms.clone().unwrap();
                let Some(length) = interval(&terms) else {
                    card.all_paid = true;
                    card.paid_to = None;
                    return ("time", 0);
                };
                let next = end.map_or_else(
                    || {
                        let mut next = card.counted_from + length;
                        while next <= paid.max(at) {
                            next += length;
                        }
                        next
                    },
                    |end| end.seconds(),
                );
                card.paid_to = Some(paid.max(next));
                let mut counts = false;
                if let Billing::Plan { .. } = terms.billing {
                    counts = card.paid_periods.insert(match (start, end) {
                        (Some(start), _) => format!("from {start}"),
                        (None, Some(end)) => format!("to {end}"),
                        (None, None) => format!("by {payment}"),
                    });
                    Self::count_plan(card);
                }
                let bought = match next.cmp(&paid) {
                    _ if counts => "time",
                    std::cmp::Ordering::Greater => "time",
                    std::cmp::Ordering::Equal => "same",
                    std::cmp::Ordering::Less => "past",
                };
                (bought, 0)
            }
        }
    }

    fn count_plan(card: &mut Card) {
        if let Some(Billing::Plan { payments, .. }) = card.terms.as_ref().map(|terms| terms.billing)
            && card.paid_periods.len() >= payments.get() as usize
        {
            card.all_paid = true;
            card.paid_to = None;
            card.closing = None;
        }
    }

    fn look_at_money(card: &mut Card, at: i64) {
        let last = card.money.iter().rposition(|coin| coin.amount > 0 && ["time", "more"].contains(&coin.bought));
        let Some(last) = last else { return };
        let same = |coin: &Coin| coin.amount > 0 && coin.bought == "same";
        let kept = card.money[last + 1..].iter().any(|coin| same(coin) && !coin.wholly);
        if !card.money[last].wholly || kept {
            return;
        }
        card.ice = None;
        if card.money[last].bought == "more" && card.gone.is_none() {
            card.money[last].bought = "past";
            card.ends = Some(card.money[last].before.max(at));
        } else {
            card.gone = card.gone.or(Some((at, "refunded")));
        }
    }

    fn good(&self, card: &Card) -> bool {
        card.gone.is_none() && !card.refused && (card.bad_since.is_none() || self.shop.overdue_keep)
    }

    fn is_tier(&self, card: &Card) -> bool {
        self.shop.tiers.contains(&card.what.as_str())
    }

    fn pick(&mut self) {
        let mut best: Option<usize> = None;
        for (place, card) in self.cards.iter().enumerate() {
            if self.is_tier(card) && self.good(card) {
                let rank = |card: &Card| (!card.free, card.turn);
                let better = best.is_none_or(|best| rank(card) > rank(&self.cards[best]));
                if better {
                    best = Some(place);
                }
            }
        }
        self.tier = best;
    }

    fn sort_out(&mut self, at: i64, before: usize) {
        let was = self.tier;
        self.pick();
        if self.tier.is_none() && !self.forgotten {
            let over = |card: &Card| card.gone.is_some_and(|(when, why)| when == at && why != "switched");
            let lost = (0..self.cards.len()).rev().find(|place| {
                let card = &self.cards[*place];
                let new = *place >= before;
                let lost = over(card) && (was == Some(*place) || card.shows == "overdue");
                self.is_tier(card) && if new { card.gone.is_some_and(|it| it.1 == "expired") } else { lost }
            });
            let next = lost.and_then(|lost| Some((lost, *self.shop.downgrade.get(self.cards[lost].what.as_str())?)));
            if let Some((lost, next)) = next {
                let name = format!("downgrade:{}", self.cards[lost].name);
                let since = self.cards[lost].gone.unwrap().0;
                self.put(Card { name, what: next.to_owned(), free: true, since, ..Card::default() }, at);
                self.age(at);
                self.pick();
            }
        }
        self.bundles_arrive(at, before);
        if let Some(tier) = self.tier {
            for place in 0..self.cards.len() {
                if place != tier && self.is_tier(&self.cards[place]) && self.cards[place].free {
                    let card = &mut self.cards[place];
                    card.gone = card.gone.or(Some((at, "superseded")));
                }
            }
        }
        let chilled = self.chill(at, before);
        self.label();
        let has_tier = self.tier.is_some();
        for card in self.cards.iter_mut().filter(|card| card.gone.is_none()) {
            if self.shop.bundles.contains(&card.what.as_str()) {
                let open = self.runs.get(&card.what).is_some_and(|run| run.1.is_none());
                if card.shows == "suspended" && !has_tier && chilled && open && card.iced_with_tier.is_none() {
                    card.iced_with_tier = Some(at);
                }
                if card.shows == "active" || card.shows == "pending_cancellation" {
                    card.iced_with_tier = None;
                }
            }
        }
        self.count(at, before);
    }

    fn bundles_arrive(&mut self, at: i64, before: usize) {
        if self.shop.tiers.is_empty() {
            return;
        }
        let new: Vec<usize> = (before..self.cards.len())
            .filter(|place| {
                let card = &self.cards[*place];
                self.shop.bundles.contains(&card.what.as_str()) && self.good(card)
            })
            .collect();
        let late = (0..before).filter(|place| {
            let card = &self.cards[*place];
            let bundle = self.shop.bundles.contains(&card.what.as_str());
            bundle && !self.shop.overdue_keep && self.good(card) && card.shows == "overdue" && card.marks.is_empty()
        });
        let mut all = late.chain(new.iter().copied());
        let bought = all.find(|place| !self.cards[*place].free);
        if let (None, Some(bought), Some(tier)) = (self.tier, bought, self.shop.default_tier) {
            let name = format!("default:{}", self.cards[bought].name);
            self.put(Card { name, what: tier.to_owned(), free: true, since: at, ..Card::default() }, at);
            self.age(at);
            self.pick();
        }
        if self.tier.is_none() {
            for place in new {
                if !self.cards[place].free {
                    continue;
                }
                self.cards[place].refused = true;
                self.cards[place].gone = Some((at, "refused"));
                self.tasted.remove(&self.cards[place].what.clone());
            }
        }
    }

    /// Freezes what was cancelled; says whether a tier was.
    fn chill(&mut self, at: i64, before: usize) -> bool {
        if !self.shop.keep_unlocked || self.forgotten {
            return false;
        }
        let mut tier = false;
        for place in 0..before.min(self.cards.len()) {
            let card = &self.cards[place];
            let over = card.gone.is_some_and(|(when, why)| when == at && ["cancelled", "unpaid"].contains(&why));
            let priced = card.terms.as_ref().is_some_and(|terms| terms.price.amount > 0);
            let earned = !priced || card.money.iter().any(|coin| coin.amount > coin.back && !coin.wholly);
            let shut = (card.shows == "overdue" || card.bad_since.is_some()) && !self.shop.overdue_keep;
            let iced = card.shows == "suspended" && card.iced_with_tier.is_some();
            let held = |id: &str| self.runs.get(id).filter(|run| run.1.is_none() || iced).map(|run| run.0);
            if !over || !earned || card.disputed.is_some() || shut || held(&card.what).is_none() {
                continue;
            }
            let rank = self.shop.tiers.iter().position(|tier| *tier == card.what);
            let mut kept: BTreeMap<String, i64> = BTreeMap::new();
            kept.insert(card.what.clone(), held(&card.what).unwrap());
            for lower in self.shop.tiers.iter().take(rank.unwrap_or(0)) {
                if let Some(since) = held(lower) {
                    kept.insert((*lower).to_owned(), since);
                }
            }
            tier |= rank.is_some();
            let when = card.iced_with_tier.unwrap_or(at);
            self.cards[place].ice = Some((when, kept));
        }
        tier
    }

    fn label(&mut self) {
        for place in 0..self.cards.len() {
            let card = &self.cards[place];
            let bundle = self.shop.bundles.contains(&card.what.as_str());
            let shows = match card.gone {
                Some((_, "expired")) => "expired",
                Some((_, "superseded")) => "superseded",
                Some(_) => "cancelled",
                None if card.bad_since.is_some() => "overdue",
                None if self.is_tier(card) && self.tier != Some(place) => "superseded",
                None if bundle && !self.shop.tiers.is_empty() && self.tier.is_none() => "suspended",
                None if card.closing.is_some() => "pending_cancellation",
                None => "active",
            };
            self.cards[place].shows = shows;
        }
    }

    /// Since when what is held is held.
    fn count(&mut self, at: i64, before: usize) {
        if self.forgotten {
            self.runs.clear();
            self.past.clear();
            return;
        }
        let ids: Vec<&str> = self.shop.tiers.iter().chain(&self.shop.bundles).copied().collect();
        for (number, id) in ids.into_iter().enumerate() {
            let covers = |card: &Card| {
                let rank = self.shop.tiers.iter().position(|tier| *tier == card.what);
                card.gone.is_none()
                    && (card.what == id || rank.is_some_and(|rank| number < self.shop.tiers.len() && number <= rank))
            };
            let all: Vec<usize> = (0..self.cards.len()).filter(|place| covers(&self.cards[*place])).collect();
            let open = all.iter().filter(|place| {
                let card = &self.cards[**place];
                if self.is_tier(card) {
                    self.tier == Some(**place)
                } else {
                    self.good(card) && (self.shop.tiers.is_empty() || self.tier.is_some())
                }
            });
            let since = open.map(|place| self.cards[*place].since).min();
            let mark = |place: &usize| self.cards[*place].marks.get(id).copied();
            let marked = all.iter().any(|place| mark(place).is_some());
            // A card that is not paid heals nothing.
            let healed = all.iter().filter(|place| self.good(&self.cards[**place])).filter_map(mark).min();
            let mut run = self.runs.get(id).copied();
            if let Some((began, Some(broke))) = run {
                if let (Some(_), Some(healed)) = (since, healed) {
                    run = Some((healed, None));
                } else if since.is_some() || !marked {
                    self.past.insert(id.to_owned(), (began, broke));
                    run = None;
                }
            }
            let run = match (since, run) {
                (Some(since), None) if healed.is_some() => Some((healed.unwrap().min(since), None)),
                (Some(since), None) => {
                    let held = self.past.get(id).filter(|_| self.shop.resume).map_or(0, |past| past.1 - past.0);
                    Some(((since.min(at) - held).max(0), None))
                }
                (Some(since), Some((began, _))) => Some((began.min(since).min(healed.unwrap_or(began)), None)),
                (None, Some((began, broke))) if marked => Some((began, broke.or(Some(at)))),
                (None, Some((began, _))) => {
                    self.past.insert(id.to_owned(), (began, at));
                    None
                }
                (None, None) => None,
            };
            match run {
                Some(run) => self.runs.insert(id.to_owned(), run),
                None => self.runs.remove(id),
            };
            for place in 0..self.cards.len() {
                let good = self.good(&self.cards[place]);
                if self.cards[place].gone.is_some() {
                    continue;
                }
                let marks = &mut self.cards[place].marks;
                if !all.contains(&place) {
                    marks.remove(id);
                } else if let (Some((began, None)), true) = (run, good) {
                    marks.insert(id.to_owned(), began);
                }
            }
        }
        for card in self.cards.iter().skip(before).filter(|card| !card.refused) {
            if let Some((ended, _)) = card.gone.filter(|(ended, _)| card.since < *ended)
                && self.past.get(&card.what).is_none_or(|past| past.1 < ended)
            {
                self.past.insert(card.what.clone(), (card.since, ended));
            }
        }
    }

    fn outcome(&self) -> Outcome {
        let cards = self.cards.iter().filter(|card| !card.refused);
        let ice = cards.clone().filter_map(|card| card.ice.as_ref());
        let mut ice: BTreeSet<(String, i64, i64)> =
            ice.flat_map(|(at, kept)| kept.iter().map(|(id, since)| (id.clone(), *since, *at))).collect();
        for id in &self.shop.bundles {
            let own = cards.clone().filter(|card| card.what == *id && card.shows == "suspended");
            if let (Some(when), Some(run)) = (own.filter_map(|card| card.iced_with_tier).max(), self.runs.get(*id)) {
                ice.insert(((*id).to_owned(), run.0, when));
            }
        }
        Outcome {
            grants: cards.map(|card| (card.name.clone(), card.what.clone(), card.shows)).collect(),
            tier: self.tier.map(|tier| self.cards[tier].what.clone()),
            open: self.runs.iter().filter(|(_, run)| run.1.is_none()).map(|(id, run)| (id.clone(), run.0)).collect(),
            ice,
        }
    }
}
