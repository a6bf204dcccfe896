//! The bar: it says what an edge would answer, and a person can use it with the keyboard alone.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tierpress::access::entitlement::{Reader, parse_reader};
use tierpress::build::{self, Request};
use tierpress::edge::canonical;
use tierpress::edge::token::Algorithm;
use tierpress::edge::token::issue::{Claims, SigningKey};
use tierpress::load::{config, dates};
use tierpress::manifest::Manifest;
use tierpress::server::{self, KeysFrom, Mode, Options};
use tierpress::time::Timestamp;

use super::running::{Serve, command};
use crate::chromium::{Browser, Page};
use crate::fixture::Fixture;
use crate::server::http;

/// The clock of the sites of `tests/conformance`.
const CLOCK: &str = "2026-11-18T11:06:40Z";
const CLOCK_SECONDS: i64 = 1_795_000_000;

/// How many questions are asked, on how many days.
const QUESTIONS: usize = 1_000;
const DAYS: usize = 25;

/// What the edge of the other process is told, in its environment.
const FOLDER: &str = "TIERPRESS_TEST_EDGE";
const ADDRESS: &str = "TIERPRESS_TEST_EDGE_ADDRESS";

/// The present of the edge of the other process.
static PRESENT: AtomicI64 = AtomicI64::new(CLOCK_SECONDS);

fn present() -> Timestamp {
    Timestamp::saturating(PRESENT.load(Ordering::SeqCst))
}

/// An edge that is told what time it is. It ends with this process.
fn an_edge_on_any_day(folder: &Path) {
    let listen = std::env::var(ADDRESS).unwrap().parse().unwrap();
    std::thread::spawn(|| {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            PRESENT.store(line.parse().unwrap(), Ordering::SeqCst);
            println!("it is {line}");
        }
        std::process::exit(0);
    });
    let ended = server::run(Options {
        manifest: folder.join("manifest.json"),
        objects: None,
        state: None,
        public_key: None,
        keys: vec![KeysFrom::File { kid: None, path: folder.join("keys.json") }],
        keys_rest: Duration::from_secs(60),
        listen,
        health: None,
        mode: Mode::Serve,
        upstream: Some("http://127.0.0.1:9".to_owned()),
        target_header: "tierpress-target".parse().unwrap(),
        method_header: "tierpress-method".parse().unwrap(),
        accel_prefix: "/".to_owned(),
        csp: None,
        threads: 1,
        memory: 1 << 20,
        max_connections: 64,
        access_log: false,
        account: None,
        clock: present,
    });
    assert!(ended.is_ok(), "{ended:?}");
}

/// `tierpress edge` on a day of the test's choice.
struct Edge {
    child: Child,
    tell: ChildStdin,
    told: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Edge {
    fn start(folder: &Path) -> Self {
        let address = crate::edges::free_address();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "serve::bar::the_bar_agrees_with_the_edge", "--nocapture"]);
        command.env(FOLDER, folder).env(ADDRESS, address.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (tell, told) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let edge = Self { child, tell, told, address };
        crate::server::until("the edge", || std::net::TcpStream::connect(address).is_ok());
        edge
    }

    /// Makes it this instant for the edge.
    fn at(&mut self, now: Timestamp) {
        writeln!(self.tell, "{}", now.seconds()).unwrap();
        let awaited = format!("it is {}", now.seconds());
        let mut line = String::new();
        while !line.contains(&awaited) {
            line.clear();
            assert!(self.told.read_line(&mut line).unwrap() > 0, "the edge ended");
        }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Numbers that look as if nobody had chosen them (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % u64::try_from(count).unwrap()).unwrap()
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// A reader on a day.
    fn reader(&mut self, ids: &[String], day: Timestamp) -> String {
        let count = *self.of(&[0, 1, 1, 1, 2, 2, 3]);
        let parts: Vec<String> = (0..count)
            .map(|_| {
                let start = match self.below(4) {
                    0 => String::new(),
                    1 => format!("/{}d", self.below(60)),
                    2 => format!("/{}h", self.below(400)),
                    _ => format!(
                        "/{}",
                        Timestamp::saturating(
                            day.seconds() - 10_000 * i64::try_from(self.below(900)).unwrap() + 400_000
                        )
                    ),
                };
                format!("{}{start}{}", self.of(ids), self.of(&["", "", "", "", "!frozen", "!expired"]))
            })
            .collect();
        let who = if parts.is_empty() { "visitor".to_owned() } else { parts.join("+") };
        format!("{who}@{day}")
    }
}

/// Asks both about random readers on random days, and compares all that an edge says.
fn compare(site: &str, seed: u64) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/sites").join(site);
    let folder = tempfile::tempdir().unwrap();
    let clock = Timestamp::try_from(CLOCK_SECONDS).unwrap();
    build::build(&Request { root: &root, out: folder.path(), now: clock, created: clock, ..Request::default() })
        .unwrap();
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    std::fs::write(folder.path().join("keys.json"), key.jwks().to_string()).unwrap();
    let manifest = Manifest::parse(&std::fs::read(folder.path().join("manifest.json")).unwrap()).unwrap();
    let config = config::load(&root, &mut Vec::new()).unwrap();
    let dates = |text: &str| dates::parse(text, &config.zone);
    let mut ids: Vec<String> = config.catalogue.ids().map(ToString::to_string).collect();
    ids.extend(config.catalogue.tiers().iter().flat_map(|tier| &tier.also).map(ToString::to_string));
    let mut paths: Vec<&str> = manifest.routes.keys().chain(manifest.redirects.keys()).map(String::as_str).collect();
    paths.extend(["/nothing/", "/nothing.html"]);
    let serve = Serve::run(&mut command(&root, &["--port", "0", "--now", CLOCK]));
    let mut edge = Edge::start(folder.path());
    let mut chance = Chance(seed);
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..DAYS {
        let day = Timestamp::saturating(
            CLOCK_SECONDS + 3_600 * i64::try_from(chance.below(24 * 100)).unwrap() - 3_600 * 24 * 25,
        );
        edge.at(day);
        for _ in 0..QUESTIONS / DAYS {
            let (reader, path) = (chance.reader(&ids, day), *chance.of(&paths));
            let at = format!("{site}: {path} as {reader}, seed {seed}");
            let told = serve.page(&canonical::encode(path), &reader);
            let token = match parse_reader(&reader, &config.catalogue, &dates, clock).unwrap().0 {
                Reader::Member(held) => {
                    let settings = manifest.token.as_ref().unwrap();
                    let (issued, expires) =
                        (Timestamp::saturating(day.seconds() - 5), Timestamp::saturating(day.seconds() + 600));
                    let claims = Claims { settings, subject: Some("m_1"), issued, expires, entitlements: &held };
                    Some(format!("Cookie: {}={}", settings.cookie, key.sign(&claims).unwrap()))
                }
                Reader::Visitor | Reader::Expired(_) => None,
            };
            let mut headers: Vec<&str> = token.iter().map(String::as_str).collect();
            let bare = http::ask(edge.address, "GET", &canonical::encode(path), &headers);
            headers.push("Sec-Fetch-Mode: navigate");
            let browser = http::ask(edge.address, "GET", &canonical::encode(path), &headers);
            let decision = &told["decision"];
            assert_eq!(decision["status"], bare.status, "{at}: {told}");
            assert_eq!(decision["reason"].as_str(), bare.header("tierpress-reason"), "{at}");
            assert_eq!(decision["location"].as_str(), bare.header("location"), "{at}");
            let opens = decision["available_at"].as_i64().map(|at| Timestamp::try_from(at).unwrap().to_string());
            assert_eq!(opens.as_deref(), bare.header("tierpress-available-at"), "{at}");
            let by_browser = if told["browser"].is_null() { decision } else { &told["browser"] };
            assert_eq!(by_browser["status"], browser.status, "{at}");
            assert_eq!(by_browser["location"].as_str(), browser.header("location"), "{at}");
            *seen.entry((bare.status, bare.header("tierpress-reason").map(str::to_owned))).or_insert(0) += 1;
            for way in told["opens"].as_array().unwrap() {
                let there = serve.page(&canonical::encode(path), way["as"].as_str().unwrap());
                assert_eq!(there["decision"]["outcome"], "open", "{at}: {way} does not open it");
            }
        }
    }
    println!("{site}: {seen:?}");
    assert!(seen.len() >= 6, "{site}: this tries too little: {seen:?}");
}

#[test]
fn the_bar_agrees_with_the_edge() {
    // A process of its own can be an edge that reads another clock than this one: this test again, told what to serve.
    if let Some(folder) = std::env::var_os(FOLDER) {
        return an_edge_on_any_day(Path::new(&folder));
    }
    compare("school", 0x7469_6572);
    compare("magazine", 0x7072_6573);
}

// --- in a browser -----------------------------------------------------------------------------------------------------

/// A page that is long enough to be scrolled.
fn long(mark: &str) -> String {
    format!("---\ntitle: Long\naccess: public\n---\n{}\n{mark}\n", "A paragraph of words.\n\n".repeat(200))
}

const TEASED: &str = "---\ntitle: Teased\naccess: basic\n---\nThe teaser.\n\n<!-- more -->\n\nThe rest.\n";

/// The bar's element by its id, as a script.
fn part(id: &str) -> String {
    format!("document.querySelector('tierpress-bar')?.shadowRoot.getElementById('{id}')")
}

/// The overlay's text; empty where there is none.
const OVERLAY: &str =
    "document.querySelector('tierpress-bar')?.shadowRoot.querySelector('.overlay:not([hidden])')?.innerText ?? ''";

/// Opens a page and waits for its bar.
fn open(browser: &mut Browser, url: &str) -> Page {
    let mut page = browser.open(url);
    ready(&mut page);
    page
}

fn ready(page: &mut Page) {
    page.wait_for("document.querySelector('tierpress-bar')?.dataset.ready === 'yes'");
}

/// The id of what has the focus in the bar.
fn focused(page: &mut Page) -> Value {
    page.eval("document.querySelector('tierpress-bar')?.shadowRoot.activeElement?.id ?? ''")
}

/// Presses a key until something in the bar has the focus.
#[track_caller]
fn tab_to(page: &mut Page, id: &str) {
    for _ in 0..60 {
        if focused(page) == id {
            return;
        }
        page.press("Tab");
    }
    panic!("`{id}` is not reached by the keyboard");
}

#[test]
fn what_is_saved_shows_itself_where_the_reader_was() {
    let fixture = Fixture::new(&long("At first."));
    let serve = Serve::start(&fixture.root(), &[]);
    let mut browser = Browser::start();
    let mut page = open(&mut browser, &serve.url("/a/"));
    page.eval("scrollTo({top: 1500, behavior: 'instant'})");
    let loads = page.loads();
    fixture.write("content/a.md", long("Now saved."));
    page.wait_for("document.body.innerText.includes('Now saved.')");
    page.wait_for_loads(loads + 1);
    page.wait_for("Math.abs(scrollY - 1500) < 2");
    // A fault stands over the page, which stays as it was; all of them, and they go.
    fixture.write("content/a.md", long("Broken.").replace("access: public", "access: prro"));
    fixture.write("content/b.md", "[away](/nowhere/) <b>\n");
    page.wait_for(&format!("({OVERLAY}).includes('2 errors')"));
    let said = page.text(OVERLAY);
    for word in
        ["unknown tier or bundle `prro`", "content/a.md:3:9", "did you mean `pro`?", "leads nowhere", "content/b.md:1:"]
    {
        assert!(said.contains(word), "`{word}` is not in {said}");
    }
    assert!(page.text("document.body.innerText").contains("Now saved."));
    // It can be put away, and called again.
    page.eval(&format!("{}.focus()", part("dismiss")));
    page.press("Escape");
    assert_eq!(page.text(OVERLAY), "");
    page.eval(&format!("{}.click()", part("faults")));
    assert!(page.text(OVERLAY).contains("2 errors"));
    fixture.write("content/b.md", "Here.\n");
    fixture.write("content/a.md", long("Mended."));
    page.wait_for("document.body.innerText.includes('Mended.')");
    ready(&mut page);
    assert_eq!(page.text(OVERLAY), "");
    assert_eq!(page.problems(), Vec::<String>::new());
}

#[test]
fn the_keyboard_alone_makes_another_reader() {
    let fixture = Fixture::new(TEASED);
    let serve = Serve::start(&fixture.root(), &[]);
    let mut browser = Browser::start();
    let mut page = open(&mut browser, &serve.url("/a/?x=1"));
    let shown = "document.body.innerText.includes('The rest.')";
    assert_eq!(page.eval(shown), false);
    tab_to(&mut page, "who");
    assert_eq!(page.eval(&format!("{}.getAttribute('aria-expanded')", part("who"))), "false");
    page.press("Enter");
    assert_eq!(page.eval(&format!("{}.getAttribute('aria-expanded')", part("who"))), "true");
    assert_eq!(focused(&mut page), "who");
    let outlined = format!("getComputedStyle({}).outlineStyle", part("who"));
    assert_eq!(page.text(&outlined), "solid", "the focus is seen");
    tab_to(&mut page, "has-basic");
    page.press("Space");
    page.wait_for(shown);
    ready(&mut page);
    assert_eq!(focused(&mut page), "has-basic", "the focus stays where it was");
    page.wait_for("document.querySelector('tierpress-bar').shadowRoot.querySelector('[role=status]').textContent.startsWith('Now seen as Basic')");
    // Held for a day only, then ended: each is answered by a page, at once.
    tab_to(&mut page, "state-basic");
    for state in ["frozen", "expired"] {
        page.press("ArrowDown");
        page.wait_for(&format!("document.querySelector('script[data-as=\"basic!{state}\"]')"));
        ready(&mut page);
        assert_eq!(focused(&mut page), "state-basic", "the focus stays where it was");
    }
    page.wait_for(&format!("!({shown})"));
    ready(&mut page);
    assert!(page.text(&format!("{}.innerText", part("panel"))).contains("what this reader had has ended"));
    // What opens it is a button away.
    let way = "[...document.querySelector('tierpress-bar').shadowRoot.querySelectorAll('[id^=opens-]')].find((way) => way.title === 'basic')";
    page.wait_for(&format!("Boolean({way})"));
    let id = page.text(&format!("{way}.id"));
    tab_to(&mut page, &id);
    page.press("Enter");
    page.wait_for(shown);
    ready(&mut page);
    // What is no reader is said and changes nothing.
    page.eval(&format!("{0}.focus(), {0}.select()", part("reader")));
    page.type_text("prro");
    page.press("Enter");
    page.wait_for(&format!("{}.textContent.includes('did you mean')", part("problem")));
    assert_eq!(page.eval(shown), true);
    // The link shows the same to somebody else.
    page.eval("navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }");
    page.eval(&format!("{}.click()", part("copy")));
    let link = page.text("window.copied");
    assert_eq!(link, serve.url("/a/?x=1&view-as=basic"));
    page.press("Escape");
    assert_eq!(page.eval(&format!("{}.hidden", part("panel"))), true);
    assert_eq!(focused(&mut page), "who");
    // Small, it stays small.
    tab_to(&mut page, "hide");
    page.press("Enter");
    assert_eq!(focused(&mut page), "show");
    page.reload();
    ready(&mut page);
    assert_eq!(page.eval(&format!("Boolean({}) && !{}", part("show"), part("who"))), true);
    page.eval(&format!("{}.click()", part("show")));
    assert_eq!(focused(&mut page), "who");
    let told: Vec<String> =
        page.problems().into_iter().filter(|problem| !problem.contains("400 (Bad Request)")).collect();
    assert_eq!(told, Vec::<String>::new());
    let other = open(&mut Browser::start(), &link).eval(shown);
    assert_eq!(other, true);
}

#[test]
fn no_theme_breaks_the_bar_and_the_bar_breaks_no_theme() {
    let fixture = Fixture::new(TEASED);
    let serve = Serve::start(&fixture.root(), &[]);
    let mut browser = Browser::start();
    let mut page = open(&mut browser, &serve.url("/a/"));
    let looks = format!(
        "JSON.stringify([...[{}, {}, {}].map((part) => {{ const style = getComputedStyle(part); const box = part.getBoundingClientRect(); \
         return [style.display, style.color, style.fontSize, style.textTransform, box.width > 20, box.height > 10, box.bottom <= innerHeight]; }}), \
         getComputedStyle(document.querySelector('tierpress-bar')).zIndex])",
        part("who"),
        part("copy"),
        part("hide")
    );
    page.eval("Promise.all(document.querySelector('tierpress-bar').shadowRoot.getAnimations().map((each) => each.finished)).then(String)");
    let before = page.text(&looks);
    page.eval(
        "(() => { const sheet = new CSSStyleSheet(); sheet.replaceSync(`html { font-size: 40px } \
         * { color: lime !important; text-transform: uppercase !important; line-height: 3 !important; } \
         tierpress-bar, html > :not(head, body) { display: none !important; position: static !important; font: 40px serif !important; \
         opacity: 0; z-index: -1 !important; width: 0 !important; transform: scale(0) !important; visibility: hidden !important }`); \
         document.adoptedStyleSheets = [sheet]; })()",
    );
    assert_eq!(page.text(&looks), before, "the theme reaches the bar");
    assert_eq!(
        page.eval("document.adoptedStyleSheets = []; document.body.querySelectorAll('tierpress-bar').length"),
        0
    );
    // The page is the page: nothing of the bar is in it, and it is as it is without.
    let with = page.text("document.body.outerHTML.replace(/<script src=\"\\/_tierpress\\/serve[^>]*><\\/script>/, '')");
    let bare = page.text(
        "fetch('/a/').then((page) => page.text()).then((html) => new DOMParser().parseFromString(html, 'text/html').body.outerHTML)",
    );
    assert_eq!(with, bare);
    for (width, dark) in [(390, false), (390, true), (1280, false), (1280, true)] {
        page.viewport(width, 800);
        page.dark(dark);
        page.eval(&format!("{}.click()", part("who")));
        let fits = "(() => { const root = document.querySelector('tierpress-bar').shadowRoot; \
             return [...root.querySelectorAll('.bar, .bar *')].filter((part) => part.getClientRects().length) \
             .every((part) => part.matches('.cut, .why, option') || part.getBoundingClientRect().right <= innerWidth + 0.5); })()";
        assert_eq!(page.eval(fits), true, "at {width} something stands outside");
        let contrast = page.eval(&contrast());
        assert_eq!(contrast, serde_json::json!([]), "at {width}, dark: {dark}");
    }
    assert_eq!(page.problems(), Vec::<String>::new());
}

/// A script that gives the texts of the bar with less contrast than WCAG 2.2 (1.4.3) asks for.
fn contrast() -> String {
    "(() => {
        const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
        const light = (color) => numbers(color).slice(0, 3).map((c) => c / 255)
            .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
        const ground = (part) => { for (let at = part; at; at = at.parentElement) {
            const color = getComputedStyle(at).backgroundColor; if (numbers(color)[3] !== 0) return color; } return 'rgb(255, 255, 255)'; };
        const texts = [...document.querySelector('tierpress-bar').shadowRoot.querySelectorAll('*')]
            .filter((part) => part.getClientRects().length && [...part.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
        return texts.map((part) => { const [a, b] = [light(getComputedStyle(part).color), light(ground(part))].sort((a, b) => b - a);
            return [part.textContent, (a + 0.05) / (b + 0.05)]; }).filter(([, ratio]) => ratio < 4.5);
    })()"
        .to_owned()
}

#[test]
fn an_open_page_comes_back_with_the_server() {
    let fixture = Fixture::new(&long("At first."));
    let serve = Serve::start(&fixture.root(), &[]);
    let (port, url) = (serve.address.port().to_string(), serve.url("/a/"));
    let mut browser = Browser::start();
    let mut page = open(&mut browser, &url);
    let loads = page.loads();
    drop(serve);
    fixture.write("content/a.md", long("After a night."));
    let again = Serve::run(&mut command(&fixture.root(), &["--port", &port, "--now", super::running::NOW]));
    page.wait_for("document.body.innerText.includes('After a night.')");
    page.wait_for_loads(loads + 1);
    assert_eq!(again.url("/a/"), url);
    // While nobody answered, the browser noted that.
    page.problems();
    drop(page);
}

#[test]
fn where_there_is_no_site_the_page_waits_for_one() {
    let fixture = Fixture::new(TEASED.replace("basic", "basicc").as_str());
    let serve = Serve::start(&fixture.root(), &["--as", "basic"]);
    let mut browser = Browser::start();
    let mut page = browser.open(&serve.url("/a/"));
    page.wait_for(&format!("({OVERLAY}).includes('did you mean `basic`?')"));
    fixture.write("content/a.md", TEASED);
    page.wait_for("document.body.innerText.includes('The rest.')");
    ready(&mut page);
    assert_eq!(page.text(OVERLAY), "");
    // The first answers were 503, as they should be.
    let others: Vec<String> = page.problems().into_iter().filter(|problem| !problem.contains("503")).collect();
    assert_eq!(others, Vec::<String>::new());
}
