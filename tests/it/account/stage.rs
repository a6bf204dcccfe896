//! A school with a ledger of its own and a service in this process, and browsers that keep cookies and fill in forms.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};
use tierpress::account::{Answer, Hook, Mailer, Parts, Request, Service};
use tierpress::build;
use tierpress::edge::token::{KeySource, Keys, verify};
use tierpress::intake;
use tierpress::ledger::{Ledger, Present};
use tierpress::manifest::Manifest;
use tierpress::members::Rules;
use tierpress::members::event::{Event, What};
use tierpress::time::Timestamp;

use crate::fixture::Fixture;

pub(super) const NOW: i64 = 1_795_000_000;
pub(super) const DAY: i64 = 86_400;

pub(super) const SITE: &str = "\
//- site.yaml
title: School
base_url: https://school.example
login_url: /account/sign-in
refresh_url: /account/refresh
passthrough: [/account/]
access:
  default: public
  tiers:
    - {id: free, title: Free, free: true}
    - {id: pro, title: Pro}
  bundles:
    - {id: course, title: Rust from zero}
    - {id: gift, title: The gift, free: true}
  default_tier: free
products:
  - {id: pro-monthly, sells: pro, price: {amount: 900, currency: eur}, billing: {every: 1 month}, buy: \"https://buy.example/pro\"}
  - {id: course-once, sells: course, price: {amount: 5900, currency: eur}, billing: once, buy: \"https://buy.example/course\"}
  - {id: course-plan, sells: course, price: {amount: 1000, currency: eur}, billing: {every: 1 month, payments: 6}, member_cancel: false}
//- content/_index.md
# Home
//- content/lesson.md
---
title: The lesson
access: pro
drip: 7d
---
Hello.
";

pub(super) type Hooks = BTreeMap<String, Arc<dyn Hook>>;

pub(super) struct Stage {
    pub(super) site: Fixture,
    pub(super) service: Service,
    pub(super) ledger: Ledger,
    pub(super) manifest: Option<Manifest>,
    pub(super) now: Cell<i64>,
    runtime: tokio::runtime::Runtime,
    config: tierpress::config::Config,
}

impl Stage {
    pub(super) fn new() -> Rc<Self> {
        Self::of(SITE)
    }

    pub(super) fn of(text: &str) -> Rc<Self> {
        Self::with(text, |_| BTreeMap::new())
    }

    /// With hooks.
    pub(super) fn with(text: &str, hooks: impl FnOnce(intake::Parts) -> Hooks) -> Rc<Self> {
        let site = Fixture::new(text);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let now = Timestamp::saturating(NOW);
        let root = site.root();
        let request = build::Request { root: &root, now, created: now, ..build::Request::default() };
        let (frame, warnings) = build::frame(&request).unwrap_or_else(|faults| panic!("{faults:?}"));
        assert!(warnings.iter().all(|warning| !warning.message.contains("account")), "{warnings:?}");
        let config = frame.config.clone();
        let mails = root.join("mails");
        let (ledger, service) = runtime.block_on(async {
            let ledger = Ledger::create(root.join("members.db").to_str().unwrap()).await.unwrap();
            let mailer = Mailer::folder(mails, "School <school@school.example>").unwrap();
            let clock = || Timestamp::saturating(NOW + 60);
            let hooks = hooks(intake::Parts { config: frame.config.clone(), ledger: ledger.clone(), clock });
            let parts = Parts { frame, ledger: ledger.clone(), mailer, trusted: Vec::new(), hooks };
            let service = Service::start(parts, now).await.unwrap();
            (ledger, service)
        });
        let plan = build::plan_only(&request).unwrap_or_else(|faults| panic!("{faults:?}"));
        let manifest = Some(build::stand_in_manifest(&plan).unwrap());
        Rc::new(Self { site, service, ledger, manifest, now: Cell::new(NOW), runtime, config })
    }

    pub(super) fn ask(&self, request: Request) -> Answer {
        self.runtime.block_on(self.service.answer(request, self.manifest.as_ref()))
    }

    pub(super) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// What all mails say, the oldest first, each with its lines joined again.
    pub(super) fn mails(&self) -> Vec<String> {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(self.site.root().join("mails")).unwrap().map(|entry| entry.unwrap().path()).collect();
        // By our own clock first: that of files may not tell two apart.
        let second = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().split('-').next().map(str::to_owned);
        paths.sort_by_key(|path| (second(path), std::fs::metadata(path).unwrap().modified().unwrap()));
        paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// The target of the link in the newest mail.
    #[track_caller]
    pub(super) fn link(&self) -> String {
        let mail = self.mails().pop().expect("a mail");
        link_in(&mail)
    }

    /// Appends what a shop says of somebody.
    pub(super) fn tell(&self, member: &str, id: &str, what: What) {
        let rules = self.rules();
        let at = Timestamp::saturating(self.now.get());
        let event = Event { source: "shop".into(), id: id.into(), at, member: member.into(), what };
        self.run(self.ledger.append(&event, None, &Present { rules: &rules, now: at })).unwrap();
    }

    pub(super) fn rules(&self) -> Rules<'_> {
        Rules { catalogue: &self.config.catalogue, billing: self.config.billing, zone: &self.config.zone }
    }

    pub(super) fn config(&self) -> &tierpress::config::Config {
        &self.config
    }

    pub(super) fn product(&self, id: &str) -> tierpress::members::event::Terms {
        let product = self.config.product(&id.parse().unwrap()).unwrap();
        tierpress::members::event::Terms::of(product, None)
    }

    pub(super) fn member(&self, address: &str) -> Option<String> {
        self.run(self.ledger.member_by_address(&address.parse().unwrap())).unwrap()
    }

    /// What a token gives, and for how many seconds from now.
    #[track_caller]
    pub(super) fn token(&self, token: &str) -> (Vec<String>, i64) {
        let now = Timestamp::saturating(self.now.get());
        let keys = self.service.jwks(now).to_string();
        let keys = Keys::from_jwks(keys.as_bytes(), KeySource::Url).unwrap();
        let settings = self.manifest.as_ref().unwrap().token.as_ref().unwrap();
        let verified = verify(token.as_bytes(), settings, &keys).expect("a good token");
        let reader = verified.reader(now);
        let held = reader.entitlements().iter().filter(|held| held.in_force(now));
        let held = held.map(|held| held.value.to_string()).collect();
        (held, verified.expires().seconds() - now.seconds())
    }
}

/// The target of the link in a mail, which may be quoted-printable.
#[track_caller]
pub(super) fn link_in(mail: &str) -> String {
    let text = mail.replace("=\r\n", "").replace("=3D", "=");
    let start = text.find("https://school.example/account/link").expect("a link");
    text[start + "https://school.example".len()..].split_whitespace().next().unwrap().to_owned()
}

/// A browser.
pub(super) struct Browser {
    pub(super) stage: Rc<Stage>,
    pub(super) cookies: RefCell<BTreeMap<String, String>>,
    /// Where it is.
    pub(super) peer: Cell<[u8; 4]>,
}

impl Browser {
    pub(super) fn new(stage: &Rc<Stage>) -> Self {
        Self { stage: Rc::clone(stage), cookies: RefCell::default(), peer: Cell::new([192, 0, 2, 1]) }
    }

    pub(super) fn get(&self, target: &str) -> Page {
        self.send(Method::GET, target, &[], &[])
    }

    /// Posts fields as a page of the site does.
    pub(super) fn post(&self, target: &str, fields: &[(&str, &str)]) -> Page {
        self.send(Method::POST, target, fields, &[("origin", "https://school.example")])
    }

    /// A request as this browser makes it.
    pub(super) fn request(
        &self,
        method: Method,
        target: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Request {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
        }
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            map.insert("cookie", cookies.join("; ").try_into().unwrap());
        }
        if method == Method::POST && !map.contains_key("content-type") {
            map.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        }
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let body = if fields.is_empty() { Bytes::new() } else { Bytes::from(body.finish()) };
        let now = Timestamp::saturating(self.stage.now.get());
        let peer = Some(std::net::IpAddr::from(self.peer.get()));
        Request { method, target: target.to_owned(), headers: map, body, peer, now }
    }

    pub(super) fn send(&self, method: Method, target: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Page {
        let answer = self.stage.ask(self.request(method, target, fields, headers));
        check_headers(target, &answer);
        for cookie in answer.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("; HttpOnly; Secure; SameSite=Lax") && cookie.contains("; Path=/;"), "{cookie}");
            let (name, rest) = cookie.split_once('=').unwrap();
            let (value, _) = rest.split_once(';').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
        Page { answer }
    }

    /// Asks for a link and gives its target.
    #[track_caller]
    pub(super) fn ask_for_link(&self, address: &str) -> String {
        let page = self.get("/account/sign-in");
        let token = page.field("token");
        let sent = self.post("/account/sign-in", &[("token", &token), ("address", address)]);
        assert_eq!((sent.status(), sent.location()), (303, "/account/sent"), "{}", sent.text());
        self.stage.link()
    }

    /// Signs in by a mailed link.
    #[track_caller]
    pub(super) fn sign_in(&self, address: &str) {
        let link = self.ask_for_link(address);
        let used = self.use_link(&link, &[]);
        assert_eq!((used.status(), used.location()), (303, "/account/"), "{}", used.text());
    }

    /// Opens a link and presses its button.
    pub(super) fn use_link(&self, link: &str, more: &[(&str, &str)]) -> Page {
        let page = self.get(link);
        if page.status() != 200 {
            return page;
        }
        let (token, secret) = (page.field("token"), page.field("t"));
        self.post("/account/link", &[&[("token", token.as_str()), ("t", &secret)], more].concat())
    }

    pub(super) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    /// What the token in the cookie gives now.
    #[track_caller]
    pub(super) fn holds(&self) -> Vec<String> {
        self.stage.token(&self.cookie("__Host-tierpress").expect("a token")).0
    }
}

/// What every answer has, whatever it is.
fn check_headers(target: &str, answer: &Answer) {
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap());
    assert_eq!(header("x-content-type-options"), Some("nosniff"), "{target}");
    assert_eq!(header("referrer-policy"), Some("same-origin"), "{target}");
    assert_eq!(header("x-frame-options"), Some("DENY"), "{target}");
    let policy = header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{target}");
    assert!(!policy.contains("unsafe"), "{target}");
    let keeps = if target.starts_with("/account/jwks.json") { "public, max-age=60" } else { "no-store" };
    if answer.status() != 405 && answer.status() != 404 {
        assert_eq!(header("cache-control"), Some(keeps), "{target}");
    }
    if let Some(location) = header("location") {
        let shop = target.starts_with("/account/buy/") && location.starts_with("https://buy.example/");
        assert!(shop || location.starts_with('/') && !location.starts_with("//"), "{target} leads to {location}");
    }
}

/// What was answered.
pub(super) struct Page {
    pub(super) answer: Answer,
}

impl Page {
    pub(super) fn status(&self) -> u16 {
        self.answer.status().as_u16()
    }

    pub(super) fn location(&self) -> &str {
        self.answer.headers().get("location").map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.answer.body().to_vec()).unwrap()
    }

    /// The value of the first hidden field of that name.
    #[track_caller]
    pub(super) fn field(&self, name: &str) -> String {
        let text = self.text();
        let start = format!("type=\"hidden\" name=\"{name}\" value=\"");
        let at = text.find(&start).unwrap_or_else(|| panic!("no `{name}` in {text}")) + start.len();
        text[at..].split('"').next().unwrap().to_owned()
    }
}
