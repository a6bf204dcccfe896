//! One buyer's story from the paywall to the end of what was paid, with nothing of it pretended: the program itself under a
//! clock that the test moves, a real SMTP server, webhooks signed by Stripe's own library, and Chromium, of which every
//! byte that it is sent is kept.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::{Browser, Page, looks};
use crate::account::served::{Running, mail_server, tierpress};
use crate::account::tap::Tap;
use crate::edges::free_address;
use crate::fixture::Fixture;
use crate::provider::{SECRET, START as NOW, body, python};
use crate::server::{http, until};

const DAY: i64 = 86_400;
/// How long a token lives: `max_ttl` where site.yaml says nothing.
const TOKEN: i64 = 900;

const SITE: &str = "\
//- site.yaml
title: School of bread
base_url: BASE
login_url: /account/sign-in
refresh_url: /account/refresh
passthrough: [/account/]
access:
  default: public
  tiers:
    - {id: free, title: Free, free: true}
    - {id: pro, title: Pro, downgrade_to: free}
  bundles:
    - {id: rye, title: Rye from zero}
  default_tier: free
products:
  - {id: pro-monthly, sells: pro, price: {amount: 900, currency: eur}, billing: {every: 1 month}, stripe: {prices: [price_pro]}, buy: \"https://buy.example/pro\"}
  - {id: rye-once, sells: rye, price: {amount: 4900, currency: eur}, billing: once, buy: \"https://buy.example/rye\"}
//- content/_index.md
# Home
//- content/course/_index.md
---
title: The course
cascade:
  access: pro
  drip: every 7d
---
Bread, week by week.
//- content/course/01-flour.md
---
title: Flour
---
Everybody may know that there is flour.

<!-- more -->

The secret of flour is WORD-FLOUR.
//- content/course/02-dough.md
---
title: Dough
---
The secret of dough is WORD-DOUGH.
";

/// The program's clock, moved by libfaketime, which reads how far from a file.
struct Clock {
    file: PathBuf,
    library: PathBuf,
}

impl Clock {
    fn new(folder: &Path) -> Self {
        let found = std::fs::read_dir("/usr/lib").unwrap().filter_map(Result::ok);
        let found = found.map(|entry| entry.path().join("faketime/libfaketimeMT.so.1")).find(|path| path.exists());
        let library = found.expect("MISSING: libfaketime; `tests/tools/chromium` installs it");
        Self { file: folder.join("clock"), library }
    }

    fn real() -> i64 {
        i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
    }

    /// From now on it is that instant, and time goes on.
    fn set(&self, at: i64) {
        let part = self.file.with_extension("part");
        std::fs::write(&part, format!("{:+}\n", at - Self::real())).unwrap();
        std::fs::rename(part, &self.file).unwrap();
    }

    /// A program that lives by it. Its timers are those of the machine.
    fn moves(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", &self.file);
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
    }
}

/// The school with everything around it.
struct Story {
    site: Fixture,
    clock: Clock,
    tap: Tap,
    edge_at: SocketAddr,
    edge: Running,
    mails: Arc<Mutex<Vec<String>>>,
}

impl Story {
    fn begin() -> Self {
        let edge_at = free_address();
        let tap = Tap::start(edge_at);
        let site = Fixture::new(&SITE.replace("BASE", &format!("http://localhost:{}", tap.address.port())));
        let root = site.root();
        let done = tierpress(&root, &["build"]).env("SOURCE_DATE_EPOCH", (NOW - DAY).to_string()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let (smtp, mails) = mail_server();
        std::fs::write(root.join("smtp.url"), format!("smtp://{smtp}\n")).unwrap();
        std::fs::write(root.join("stripe.secret"), format!("{SECRET}\n")).unwrap();
        let clock = Clock::new(&root);
        clock.set(NOW - 600);
        let mut command = tierpress(&root, &["edge", "--manifest", "tierpress-out/manifest.json"]);
        command.args(["--members", "members.db", "--smtp", "smtp.url", "--stripe-secret", "stripe.secret"]);
        command.args(["--mail-from", "School <school@school.example>", "--listen", &edge_at.to_string()]);
        clock.moves(&mut command);
        let edge = Running::start(&mut command, edge_at);
        Self { site, clock, tap, edge_at, edge, mails }
    }

    /// How often a word was sent to the browser so far, and that something was sent at all that can be read.
    #[track_caller]
    fn count(&self, word: &str) -> usize {
        let sent = self.tap.down();
        let text = String::from_utf8_lossy(&sent);
        assert!(text.contains("Everybody may know") && !text.to_lowercase().contains("content-encoding"));
        text.matches(word).count()
    }

    /// The address of a page for the browser.
    fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.tap.address.port())
    }

    /// Stripe sends an event at an instant, which is then the present.
    #[track_caller]
    fn stripe(&self, at: i64, said: &str) {
        self.clock.set(at);
        let body = String::from_utf8(body(said)).unwrap();
        let signed = python(&[json!({"ask": "sign", "body": body, "secret": SECRET, "time": at})]);
        let signature = signed[0].as_str().unwrap();
        let head = format!("host: localhost\r\nstripe-signature: {signature}\r\ncontent-length: {}", body.len());
        let mut client = http::Client::connect(self.edge_at);
        client.send(format!("POST /account/hooks/stripe HTTP/1.1\r\n{head}\r\n\r\n{body}").as_bytes());
        let answer = client.answer("POST").unwrap();
        let said = (answer.status, answer.text());
        assert_eq!(said, (200, "{\"kept\":true}".to_owned()), "{}", self.edge.log());
    }

    /// The link in the only mail so far.
    #[track_caller]
    fn link(&self) -> String {
        until("the mail", || !self.mails.lock().unwrap().is_empty());
        let mails = self.mails.lock().unwrap();
        let [mail] = mails.as_slice() else { panic!("{mails:?}") };
        let text = mail.replace("=\r\n", "").replace("=3D", "=");
        let start = text.find(&self.url("/account/link?t=")).unwrap_or_else(|| panic!("{mail}"));
        text[start..].split_whitespace().next().unwrap().to_owned()
    }

    /// Whether the first lesson is shown; where it is not, it was not sent either.
    #[track_caller]
    fn opens(&self, page: &mut Page) -> bool {
        let before = self.tap.down().len();
        page.go(&self.url("/course/flour/"));
        let shown = shown(page);
        assert!(shown.contains("Everybody may know"), "{shown}");
        let sent = String::from_utf8_lossy(&self.tap.down()[before..]).into_owned();
        assert!(sent.starts_with("HTTP/1.1 ") && !sent.to_lowercase().contains("content-encoding"), "{sent}");
        let opens = shown.contains("WORD-FLOUR");
        assert!(opens || !sent.contains("WORD-"), "{sent}");
        opens
    }

    /// What the account says.
    #[track_caller]
    fn account(&self, page: &mut Page, picture: &str) -> String {
        page.go(&self.url("/account/"));
        looks::look(page, picture);
        shown(page)
    }
}

fn shown(page: &mut Page) -> String {
    page.text("document.querySelector('main').innerText")
}

const CREATED: &str = "{id: evt_1, type: customer.subscription.created, object: {subscription: {prices: [price_pro], \
     period: [\"@0\", \"@30\"]}}}";
const CHECKOUT: &str = "{id: evt_2, type: checkout.session.completed, object: {session: {mode: subscription, \
     subscription: sub_1, customer: cus_1, payment_intent: null, payment_link: null, client_reference_id: null, \
     customer_details: {email: Ada@Example.org}}}}";
const PAID: &str = "{id: evt_3, type: invoice.paid, object: {invoice: {customer_email: null, \
     lines: [{price: price_pro, from: \"@0\", to: \"@30\"}]}}}";
const FAILED: &str = "{id: evt_4, type: invoice.payment_failed, at: \"@30+60\", object: {invoice: {id: in_2, \
     customer_email: null, billing_reason: subscription_cycle, status: open, paid: false, amount_paid: 0, \
     lines: [{price: price_pro, from: \"@30\", to: \"@60\"}]}}}";
const PAST_DUE: &str = "{id: evt_5, type: customer.subscription.updated, at: \"@30+61\", object: {subscription: \
     {status: past_due, prices: [price_pro], period: [\"@30\", \"@60\"]}}, was: {status: active}}";
const PAID_LATE: &str = "{id: evt_6, type: invoice.paid, at: \"@32\", object: {invoice: {id: in_2, \
     customer_email: null, billing_reason: subscription_cycle, paid_at: \"@32\", \
     lines: [{price: price_pro, from: \"@30\", to: \"@60\"}]}}}";
const ACTIVE: &str = "{id: evt_7, type: customer.subscription.updated, at: \"@32+1\", object: {subscription: \
     {status: active, prices: [price_pro], period: [\"@30\", \"@60\"]}}, was: {status: past_due}}";
const CANCELLED: &str = "{id: evt_8, type: customer.subscription.updated, at: \"@40\", object: {subscription: \
     {prices: [price_pro], period: [\"@30\", \"@60\"], cancel_at_period_end: true, cancel_at: \"@60\", \
     cancellation_details: {reason: cancellation_requested}}}, \
     was: {cancel_at_period_end: false, cancel_at: null, cancellation_details: {reason: null}}}";
const DELETED: &str = "{id: evt_9, type: customer.subscription.deleted, at: \"@60\", object: {subscription: \
     {status: canceled, prices: [price_pro], ended_at: \"@60\", cancellation_details: {reason: cancellation_requested}}}}";

#[test]
fn a_buyer_reads_for_as_long_as_is_paid() {
    let story = Story::begin();
    let mut browser = Browser::start();
    let mut page = browser.tab();

    // A visitor meets the paywall, and not a byte of the lesson.
    assert!(!story.opens(&mut page));
    looks::look(&mut page, "story-paywall");
    let paywall = shown(&mut page);
    assert!(paywall.contains("€9.00 a month"), "{paywall}");
    let buy = "[...document.querySelectorAll('.paywall a')].some(a => a.href === 'https://buy.example/pro')";
    assert_eq!(page.eval(buy), true);

    // The buyer pays at Stripe, which tells of it; then signs in with the same address, and is back at the lesson.
    story.stripe(NOW + 5, CREATED);
    story.stripe(NOW + 6, CHECKOUT);
    story.stripe(NOW + 7, PAID);
    assert!(!story.opens(&mut page), "nobody is signed in");
    page.click("document.querySelector('.paywall .account a')");
    page.wait_for("location.pathname === '/account/sign-in' && !!document.getElementById('account-address')");
    page.click("document.getElementById('account-address')");
    page.type_text("ada@example.org");
    page.press("Enter");
    page.wait_for("location.pathname === '/account/sent'");
    let link = story.link();
    page.go(&link);
    assert_eq!(story.count("WORD-"), 0);
    page.click("document.querySelector('main button')");
    page.wait_for("location.pathname === '/course/flour/' && document.readyState === 'complete'");
    assert!(shown(&mut page).contains("WORD-FLOUR"));

    // The next lesson says when it opens, and the account on which day.
    page.go(&story.url("/course/dough/"));
    looks::look(&mut page, "story-waiting");
    let waiting = shown(&mut page);
    assert!(waiting.contains("7 days") && !waiting.contains("WORD-"), "{waiting}");
    page.click("document.querySelector('.paywall .account a')");
    page.wait_for("location.pathname === '/account/'");
    let account = story.account(&mut page, "story-account");
    assert!(account.contains("Ada@example.org"), "{account}");
    assert!(account.contains("Dough") && account.contains("25 November 2026"), "{account}");
    assert_eq!(story.count("WORD-DOUGH"), 0);
    story.clock.set(NOW + 7 * DAY + 120);
    page.go(&story.url("/course/dough/"));
    assert!(shown(&mut page).contains("WORD-DOUGH"), "a week later");

    // The second month is not paid: what a token still says is over within its life.
    story.clock.set(NOW + 30 * DAY + 30);
    assert!(story.opens(&mut page), "due now, and not late yet");
    story.stripe(NOW + 30 * DAY + 60, FAILED);
    story.stripe(NOW + 30 * DAY + 61, PAST_DUE);
    story.clock.set(NOW + 30 * DAY + 61 + TOKEN);
    assert!(!story.opens(&mut page), "not paid");
    let account = story.account(&mut page, "story-overdue");
    assert!(account.contains("not paid"), "{account}");

    // It is paid: open again, and the drip has not begun anew.
    story.stripe(NOW + 32 * DAY, PAID_LATE);
    story.stripe(NOW + 32 * DAY + 1, ACTIVE);
    story.clock.set(NOW + 32 * DAY + 1 + TOKEN);
    assert!(story.opens(&mut page), "paid after all");
    page.go(&story.url("/course/dough/"));
    assert!(shown(&mut page).contains("WORD-DOUGH"), "the drip goes on");

    // Cancelled: open to the day that is paid for, and not a second longer.
    story.stripe(NOW + 40 * DAY, CANCELLED);
    let account = story.account(&mut page, "story-cancelled");
    assert!(account.contains("cancelled, and yours until"), "{account}");
    story.clock.set(NOW + 60 * DAY - 300);
    assert!(story.opens(&mut page), "paid to its end");
    story.clock.set(NOW + 60 * DAY);
    assert!(!story.opens(&mut page), "the last token does not outlive what was paid");
    story.stripe(NOW + 60 * DAY + 5, DELETED);
    let account = story.account(&mut page, "story-ended");
    assert!(account.contains("Free"), "{account}");
    assert!(!story.opens(&mut page));

    // What the program wrote down names nobody, and what it kept was all understood.
    let log = story.edge.log();
    assert!(!log.to_lowercase().contains("ada@") && !log.contains(link.rsplit("t=").next().unwrap()), "{log}");
    let arguments = ["members", "events", "--db", "members.db", "--unread", "--format", "json"];
    let unread = tierpress(&story.site.root(), &arguments).output().unwrap();
    let unread = String::from_utf8_lossy(&unread.stdout).into_owned();
    assert!(!unread.contains("evt_"), "{unread}");
    assert_eq!(page.problems(), Vec::<String>::new());
}
