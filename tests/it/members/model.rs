//! Random histories against the naive fold, and what must hold of every history.
//!
//! `TIERPRESS_HISTORIES` says how many, `TIERPRESS_SEED` where to begin.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use tierpress::access::catalogue::{Bundle, Cancellation, Catalogue, Tier};
use tierpress::access::entitlement::Entitlement;
use tierpress::config::product::{Billing, Money, Trial};
use tierpress::config::{self, Overdue, Rejoin};
use tierpress::members::event::{By, Event, PaidFor, Terms, What, Why};
use tierpress::members::{Member, Rules, State, fold, notifications};
use tierpress::time::{Length, Timestamp};

use super::naive::{self, Outcome, Shop, TICK};

const DAY: i64 = 86_400;
/// All histories begin here: a midnight.
const START: i64 = 20_000 * DAY;

/// Numbers that are the same in every run (xorshift64*).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, count: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % count
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    /// True once in so many times.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, usize::try_from(self.below(place as u64 + 1)).unwrap());
        }
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::saturating(seconds)
}

fn euros(amount: u64) -> Money {
    Money { amount, currency: "eur".parse().unwrap() }
}

fn catalogue(shop: &Shop) -> Catalogue {
    let tier = |id: &&'static str| Tier {
        id: id.parse().unwrap(),
        title: (*id).to_owned(),
        free: *id == "free",
        price: None,
        buy: None,
        also: Vec::new(),
        includes: Vec::new(),
        expires_after: None,
        downgrade_to: shop.downgrade.get(id).map(|to| to.parse().unwrap()),
    };
    let bundle = |id: &&'static str| Bundle {
        id: id.parse().unwrap(),
        title: (*id).to_owned(),
        free: false,
        price: None,
        buy: None,
        also: Vec::new(),
        expires_after: None,
    };
    let mode = if shop.keep_unlocked { Cancellation::KeepUnlocked } else { Cancellation::Hard };
    let default = shop.default_tier.map(|id| id.parse().unwrap());
    let (tiers, bundles) = (shop.tiers.iter().map(tier).collect(), shop.bundles.iter().map(bundle).collect());
    Catalogue::new(tiers, bundles, default, mode).unwrap()
}

fn draw_shop(dice: &mut Dice) -> Shop {
    let tiers = dice.one(&[&["free", "basic", "pro"][..], &["free", "basic", "pro"], &["free", "basic"], &[]]).to_vec();
    let mut downgrade = BTreeMap::new();
    for from in tiers.iter().skip(1) {
        if !dice.once_in(3) {
            downgrade.insert(*from, "free");
        }
    }
    Shop {
        default_tier: tiers.first().copied(),
        tiers,
        bundles: vec!["rust", "sheets"],
        downgrade,
        keep_unlocked: dice.once_in(2),
        overdue_keep: dice.once_in(3),
        overdue_max: dice.one(&[0, 5, 10, 30]) * DAY,
        resume: dice.once_in(2),
    }
}

fn billing(shop: &Shop) -> config::Billing {
    config::Billing {
        overdue: if shop.overdue_keep { Overdue::Keep } else { Overdue::Revoke },
        overdue_max: Length::try_from(shop.overdue_max).unwrap(),
        rejoin: if shop.resume { Rejoin::Resume } else { Rejoin::Restart },
    }
}

fn draw_id(dice: &mut Dice, shop: &Shop) -> &'static str {
    let ids: Vec<&'static str> = shop.tiers.iter().chain(&shop.bundles).copied().collect();
    dice.one(&ids)
}

fn draw_terms(dice: &mut Dice, shop: &Shop) -> Terms {
    let every = dice.one(&["5d", "10d", "10d", "20d"]).parse().unwrap();
    let payments = dice.one(&[2, 3]).try_into().unwrap();
    let billing = match dice.below(4) {
        0 => Billing::Once,
        1 => Billing::Plan { every, payments },
        _ => Billing::Subscription { every },
    };
    let trial = Trial { length: dice.one(&["4d", "7d"]).parse().unwrap(), amount: dice.one(&[0, 0, 100]) };
    Terms {
        product: "product".parse().unwrap(),
        access_control: draw_id(dice, shop).parse().unwrap(),
        price: euros(if dice.once_in(8) { 0 } else { 900 }),
        billing,
        trial: dice.once_in(3).then_some(trial),
        expires_after: dice.once_in(4).then(|| dice.one(&["8d", "30d"]).parse().unwrap()),
    }
}

/// Something that happens; most of it makes sense.
fn draw_what(dice: &mut Dice, shop: &Shop, now: i64) -> What {
    let grant = dice.one(&["a", "a", "b", "b", "c", "d", "default:a", "downgrade:a"]).to_owned();
    let near = |dice: &mut Dice| at(now + (i64::try_from(dice.below(60)).unwrap() - 20) * TICK);
    let maybe = |dice: &mut Dice, of: u64| if dice.once_in(of) { Some(near(dice)) } else { None };
    let payment = dice.one(&["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"]).to_owned();
    match dice.below(24) {
        0..=4 => What::Purchased { grant, terms: draw_terms(dice, shop), trial_until: maybe(dice, 8) },
        5..=10 => {
            let paid_for = match dice.below(8) {
                0 => PaidFor::Trial {},
                1 => PaidFor::Proration {},
                2 => PaidFor::Period { start: maybe(dice, 2), end: maybe(dice, 1) },
                _ => PaidFor::Period { start: None, end: None },
            };
            What::PaymentSucceeded { grant, payment, paid: euros(dice.one(&[0, 900, 900])), paid_for }
        }
        11 | 12 => What::PaymentFailed { grant },
        13 | 14 => {
            What::Cancelled { grant, by: dice.one(&[By::Member, By::Admin, By::Provider]), until: maybe(dice, 3) }
        }
        15 => What::Uncancelled { grant },
        16 => What::Switched { grant, terms: draw_terms(dice, shop) },
        17 => {
            let full = dice.once_in(2);
            What::Refunded { grant, payment, refunded: euros(if full { 900 } else { 300 }), full }
        }
        18 => What::Disputed { grant, payment: dice.once_in(2).then_some(payment) },
        19..=21 => What::Granted {
            grant,
            access_control: draw_id(dice, shop).parse().unwrap(),
            why: dice.one(&[Why::Free, Why::Complimentary, Why::Imported]),
            since: maybe(dice, 3),
            until: maybe(dice, 3),
            expires_after: dice.once_in(4).then(|| dice.one(&["4d", "10d"]).parse().unwrap()),
        },
        22 => What::Revoked { grant },
        _ if dice.once_in(6) => What::Erased {},
        _ => What::Joined {},
    }
}

/// A shop, what happens in it, and the last instant that is looked at.
fn draw(seed: u64) -> (Shop, Vec<Event>, i64) {
    let mut dice = Dice::new(seed);
    let shop = draw_shop(&mut dice);
    let count = 2 + dice.below(14);
    let span = dice.one(&[4, 30, 60, 120]);
    let mut events = Vec::new();
    for number in 0..count {
        let now = START + i64::try_from(dice.below(span)).unwrap() * TICK;
        let what = draw_what(&mut dice, &shop, now);
        let id = format!("{:02}", dice.below(90) * 10 + number % 10);
        let (source, member) = ("test".to_owned(), "m".to_owned());
        events.push(Event { source, id, at: at(now), member, what });
    }
    let mut known = BTreeSet::new();
    events.retain(|event| known.insert(event.id.clone()));
    let end = START + i64::try_from(span + dice.below(80)).unwrap() * TICK;
    (shop, events, end)
}

/// What the program's fold comes to, in the words of the naive one.
fn seen(member: &Member, rules: &Rules<'_>, now: i64) -> Outcome {
    let state = |state: State| state.as_str();
    let entries = member.entitlements(rules, usize::MAX);
    let bundle_without_tier = |entry: &Entitlement| {
        !rules.catalogue.tiers().is_empty() && member.tier.is_none() && rules.catalogue.bundle(&entry.value).is_some()
    };
    let open = entries.iter().filter(|entry| entry.frozen.is_none() && entry.in_force(at(now)));
    let open = open.filter(|entry| !bundle_without_tier(entry));
    let ice = entries.iter().filter_map(|entry| Some((entry, entry.frozen?)));
    Outcome {
        grants: member
            .grants
            .iter()
            .map(|grant| (grant.reference.clone(), grant.access_control.to_string(), state(grant.state)))
            .collect(),
        tier: member.tier.as_ref().map(ToString::to_string),
        open: open.map(|entry| (entry.value.to_string(), entry.since.seconds())).collect(),
        ice: ice.map(|(entry, frozen)| (entry.value.to_string(), entry.since.seconds(), frozen.seconds())).collect(),
    }
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().unwrap())
}

fn histories(usual: u64) -> impl Iterator<Item = u64> {
    let first = number("TIERPRESS_SEED", 1);
    let count = number("TIERPRESS_HISTORIES", usual);
    first..first + count
}

/// Histories in which a fault was found once that few others show.
const FOUND: [u64; 1] = [506_116];

#[test]
fn a_naive_fold_comes_to_the_same() {
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in histories(1_500).chain(FOUND) {
        let (shop, events, end) = draw(seed);
        let catalogue = catalogue(&shop);
        let rules = Rules { catalogue: &catalogue, billing: billing(&shop), zone: &TimeZone::UTC };
        let mut dice = Dice::new(seed + 77);
        let ticks = u64::try_from((end - START) / TICK).unwrap();
        let instants = [START + i64::try_from(dice.below(ticks + 1)).unwrap() * TICK, end];
        for now in instants {
            let found = seen(&fold(&events, &rules, at(now)), &rules, now);
            let wanted = naive::outcome(&events, &shop, START, now);
            for (_, _, state) in &wanted.grants {
                *states.entry(state).or_default() += 1;
            }
            *states.entry("frozen").or_default() += wanted.ice.len();
            assert!(found == wanted, "{}", told(seed, &shop, &events, now, (&wanted, &found)));
        }
    }
    // A model that never comes to something says nothing about it.
    for state in State::ALL.iter().map(|state| state.as_str()).chain(["frozen"]) {
        assert!(states.get(state).is_some_and(|count| *count > 10), "{states:?}");
    }
}

fn told(seed: u64, shop: &Shop, events: &[Event], now: i64, (wanted, found): (&Outcome, &Outcome)) -> String {
    let mut events = events.to_vec();
    events.sort_by_key(|event| (event.at, event.what.rank()));
    let day = |seconds: i64| f64::from(i32::try_from((seconds - START) / TICK).unwrap()) / 2.0;
    let lines = events.iter().map(|event| format!("  day {} {} {:?}", day(event.at.seconds()), event.id, event.what));
    let lines: Vec<String> = lines.collect();
    format!(
        "seed {seed}, day {} (START is {START})\n{shop:?}\n{}\nwanted {wanted:#?}\nfound {found:#?}",
        day(now),
        lines.join("\n")
    )
}

#[test]
fn order_and_repetition_change_nothing() {
    for seed in histories(400) {
        let (shop, events, end) = draw(seed);
        let catalogue = catalogue(&shop);
        let rules = Rules { catalogue: &catalogue, billing: billing(&shop), zone: &TimeZone::UTC };
        let wanted = fold(&events, &rules, at(end));
        let mut dice = Dice::new(seed);
        let mut again: Vec<Event> = events.iter().chain(events.iter().rev()).cloned().collect();
        dice.shuffle(&mut again);
        assert_eq!(fold(&again, &rules, at(end)), wanted, "seed {seed}");
        let told = notifications(&events, &rules, at(START), at(end));
        assert_eq!(notifications(&again, &rules, at(START), at(end)), told, "seed {seed}");
    }
}

#[test]
fn what_is_told_does_not_depend_on_when_it_is_asked_for() {
    let mut count = 0;
    for seed in histories(400) {
        let (shop, events, end) = draw(seed);
        let catalogue = catalogue(&shop);
        let rules = Rules { catalogue: &catalogue, billing: billing(&shop), zone: &TimeZone::UTC };
        let mut dice = Dice::new(seed);
        let middle = START + i64::try_from(dice.below(u64::try_from(end - START).unwrap() + 1)).unwrap();
        let between = |from: i64, to: i64| notifications(&events, &rules, at(from), at(to));
        let whole = between(START - 1, end);
        let parts: Vec<_> = between(START - 1, middle).into_iter().chain(between(middle, end)).collect();
        assert_eq!(parts, whole, "seed {seed}");
        count += whole.len();
    }
    assert!(count > 1_000, "{count}");
}

#[test]
fn nothing_changes_before_the_next_change() {
    for seed in histories(300) {
        let (shop, events, end) = draw(seed);
        let catalogue = catalogue(&shop);
        let rules = Rules { catalogue: &catalogue, billing: billing(&shop), zone: &TimeZone::UTC };
        // What time alone does: no event comes after this.
        let last = events.iter().map(|event| event.at).max().unwrap();
        let member = fold(&events, &rules, last);
        let until = member.changes.map_or(end.max(last.seconds()), |changes| changes.seconds() - 1);
        let later = fold(&events, &rules, at(until));
        assert_eq!((&later.grants, &later.tier), (&member.grants, &member.tier), "seed {seed}");
        assert_eq!(later.entitlements(&rules, 99), member.entitlements(&rules, 99), "seed {seed}");
        if let Some(changes) = member.changes {
            let changed = fold(&events, &rules, changes);
            assert_ne!((&changed.grants, changed.changes), (&member.grants, member.changes), "seed {seed}");
        }
    }
}

#[test]
fn what_must_hold_of_every_history() {
    for seed in histories(600) {
        let (shop, events, end) = draw(seed);
        let catalogue = catalogue(&shop);
        let rules = Rules { catalogue: &catalogue, billing: billing(&shop), zone: &TimeZone::UTC };
        let mut now = START;
        while now <= end {
            let member = fold(&events, &rules, at(now));
            let tiers = member.grants.iter().filter(|grant| catalogue.tier(&grant.access_control).is_some());
            let live = |state: State| matches!(state, State::Active | State::PendingCancellation);
            let in_force = tiers.filter(|grant| live(grant.state)).count();
            assert!(in_force <= 1, "seed {seed}: {member:#?}");
            assert!(in_force == 0 || member.tier.is_some(), "seed {seed}");
            let entries = member.entitlements(&rules, usize::MAX);
            assert!(member.erased.is_none() || entries.is_empty(), "seed {seed}");
            // At an edge a frozen tier is some tier: no bundle may be open beside it that is not frozen too.
            let is_bundle = |entry: &Entitlement| catalogue.bundle(&entry.value).is_some();
            let frozen_tier = entries.iter().any(|entry| entry.frozen.is_some() && !is_bundle(entry));
            if member.tier.is_none() && frozen_tier {
                let open = |entry: &&Entitlement| is_bundle(entry) && entry.frozen.is_none() && entry.in_force(at(now));
                assert_eq!(entries.iter().find(open), None, "seed {seed}: {member:#?}");
            }
            for entry in entries.iter().filter(|entry| entry.in_force(at(now))) {
                outlives(entry, &member, &rules, seed);
            }
            for most in [0, 1, 3] {
                let fewer = member.entitlements(&rules, most);
                assert_eq!(fewer, entries[..most.min(entries.len())], "seed {seed}");
            }
            now += 7 * TICK;
        }
    }
}

/// An entry that opens something has a grant that has not ended, or one that is frozen, and ends no later than that.
fn outlives(entry: &Entitlement, member: &Member, rules: &Rules<'_>, seed: u64) {
    let rank = |id: &tierpress::id::Id| rules.catalogue.rank(id);
    let gives = |grant: &&tierpress::members::Grant| {
        let same = grant.access_control == entry.value;
        let higher =
            rank(&entry.value).is_some_and(|rung| rank(&grant.access_control).is_some_and(|tier| rung <= tier));
        let lives = match entry.frozen {
            Some(frozen) => grant.frozen == Some(frozen),
            None => {
                let overdue = grant.state == State::Overdue && rules.billing.overdue == Overdue::Keep;
                // Of two grants of the tier in force one is superseded, and goes on when the other ends.
                let beside = Some(&grant.access_control) == member.tier.as_ref() && grant.ended.is_none();
                let beside = beside && grant.state == State::Superseded;
                overdue
                    || beside
                    || matches!(grant.state, State::Active | State::PendingCancellation | State::Suspended)
            }
        };
        (same || higher) && lives
    };
    let ends: Vec<Option<Timestamp>> = member.grants.iter().filter(gives).map(|grant| grant.until).collect();
    assert!(!ends.is_empty(), "seed {seed}: {entry:?} has no grant\n{member:#?}");
    let latest = if ends.contains(&None) { Timestamp::MAX } else { ends.iter().flatten().max().copied().unwrap() };
    let sound = entry.frozen.is_some() || entry.until.is_none_or(|until| until <= latest);
    assert!(
        sound && (entry.until.is_some() || entry.frozen.is_some() || latest == Timestamp::MAX),
        "seed {seed}: {entry:?}"
    );
}

#[test]
fn no_event_breaks_the_fold() {
    let wild = [0, 1, START, START + 1, i64::MAX, 253_402_300_798, 253_402_300_799];
    for seed in histories(500) {
        let (shop, mut events, _) = draw(seed);
        let catalogue = catalogue(&shop);
        let mut dice = Dice::new(seed);
        for event in &mut events {
            event.at = at(dice.one(&wild));
            match &mut event.what {
                What::Purchased { terms, trial_until, .. } => {
                    let period = dice.one(&["100 years", "1 month", "876000h", "1h"]).parse().unwrap();
                    terms.billing = Billing::Plan { every: period, payments: u32::MAX.try_into().unwrap() };
                    if dice.once_in(2) {
                        terms.billing = Billing::Subscription { every: period };
                    }
                    terms.expires_after = dice.once_in(2).then_some(period);
                    *trial_until = dice.once_in(2).then(|| at(dice.one(&wild)));
                    terms.price.amount = dice.one(&[0, 1, u64::MAX]);
                    if dice.once_in(5) {
                        terms.access_control = "nobody-knows".parse().unwrap();
                    }
                }
                What::PaymentSucceeded { paid, paid_for, .. } => {
                    paid.amount = dice.one(&[0, 1, u64::MAX]);
                    *paid_for = PaidFor::Period { start: Some(at(dice.one(&wild))), end: Some(at(dice.one(&wild))) };
                }
                What::Granted { since, until, .. } => {
                    *since = Some(at(dice.one(&wild)));
                    *until = Some(at(dice.one(&wild)));
                }
                What::Cancelled { until, .. } => *until = Some(at(dice.one(&wild))),
                What::Refunded { refunded, .. } => refunded.amount = u64::MAX,
                _ => {}
            }
        }
        let zone = TimeZone::get(dice.one(&["UTC", "Europe/Berlin", "Pacific/Apia"])).unwrap();
        let rules = Rules { catalogue: &catalogue, billing: billing(&shop), zone: &zone };
        for now in [Timestamp::MIN, at(START), Timestamp::MAX] {
            let member = fold(&events, &rules, now);
            let entries = member.entitlements(&rules, 32);
            assert!(entries.len() <= 32);
            let told = notifications(&events, &rules, Timestamp::MIN, now);
            assert!(told.iter().all(|told| told.at <= now), "seed {seed}");
        }
    }
}
