//! What `tierpress serve` answers over sockets: the bytes of a build to whoever may ask, and the bar to people.

use std::path::Path;

use tierpress::access::entitlement::{Reader, parse_reader};
use tierpress::build::{self, Request};
use tierpress::edge;
use tierpress::load::{config, dates};
use tierpress::manifest::Manifest;
use tierpress::time::Timestamp;

use super::running::{NOW, PATIENCE, Serve, command};
use crate::built::NOW_SECONDS;
use crate::fixture::Fixture;

/// A site with everything that is answered in a way of its own.
const SITE: &str = "\
//- site.yaml
title: School
base_url: https://school.example
login_url: https://id.example/login
passthrough: [/account/]
access:
  default: public
  tiers:
    - {id: free, title: Free, free: true}
    - {id: basic, title: Basic}
    - {id: pro, title: Pro}
  bundles:
    - {id: rust-course, title: Rust from zero}
  default_tier: free
//- content/_index.md
# Home
//- content/404.md
# Not here
//- content/open.md
---
title: Open
aliases: [/former/]
---
For all. [sheet](sheet.txt)
//- content/sheet.txt
cells
//- content/teased.md
---
title: Teased
access: basic
---
The teaser.

<!-- more -->

The rest.

<!-- access: pro -->
For pro.
<!-- /access -->
//- content/dripped.md
---
title: Dripped
access: rust-course
drip: 7d
---
Later.
//- content/secret.md
---
title: Secret
access: pro
hidden: true
---
Whisper.
//- content/to-come.md
---
title: To come
access: pro
release: 2026-12-20
announce: true
---
Soon.
//- content/unfinished.md
---
title: Unfinished
draft: true
---
Draft.
//- static/style.css
p { color: red }
";

const READERS: [&str; 9] = [
    "visitor",
    "free",
    "basic/30d",
    "pro",
    "pro!expired",
    "rust-course/3d",
    "rust-course/3d@2026-12-10",
    "pro@2027-01-01",
    "basic/2026-10-01!frozen+rust-course",
];

/// A build of a folder, beside it, and what it gives for a request.
struct Fresh {
    manifest: Manifest,
    folder: tempfile::TempDir,
    root: std::path::PathBuf,
}

impl Fresh {
    fn of(root: &Path, now: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::try_from(now).unwrap();
        let request = Request { root, out: folder.path(), now, created: now, ..Request::default() };
        build::build(&request).unwrap();
        let manifest = std::fs::read(folder.path().join("manifest.json")).unwrap();
        Self { manifest: Manifest::parse(&manifest).unwrap(), folder, root: root.to_owned() }
    }

    fn reader(&self, text: &str) -> (Reader, Timestamp) {
        let config = config::load(&self.root, &mut Vec::new()).unwrap();
        let dates = |text: &str| dates::parse(text, &config.zone);
        parse_reader(text, &config.catalogue, &dates, self.manifest.clock).unwrap()
    }

    fn decide(&self, method: &str, target: &[u8], reader: &str) -> edge::Decision<'_> {
        let (reader, now) = self.reader(reader);
        edge::decide(&self.manifest, &edge::Request { method, target, reader: &reader, now, html_navigation: false })
    }

    fn bytes(&self, decision: &edge::Decision<'_>) -> Option<Vec<u8>> {
        decision.object.map(|name| std::fs::read(self.folder.path().join("objects").join(name)).unwrap())
    }
}

#[test]
fn bare_answers_are_those_of_a_build() {
    let fixture = Fixture::new(SITE);
    let serve = Serve::start(&fixture.root(), &[]);
    let fresh = Fresh::of(&fixture.root(), NOW_SECONDS);
    let mut paths: Vec<&str> = fresh.manifest.routes.keys().map(String::as_str).collect();
    paths.extend(["/former/", "/open", "/nothing/", "/account/join", "/open/?x=1", "/unfinished/"]);
    let mut seen = std::collections::BTreeSet::new();
    for reader in READERS {
        for path in &paths {
            let at = format!("{path} as {reader}");
            let cookie = serve.cookie(reader);
            let response = serve.get(path, &[&cookie]);
            let decision = fresh.decide("GET", path.as_bytes(), reader);
            seen.insert((decision.status, decision.reason));
            if decision.outcome == edge::Outcome::Passthrough {
                assert_eq!(response.status, 502, "{at}");
                continue;
            }
            assert_eq!(response.status, decision.status, "{at}");
            assert_eq!(response.header("tierpress-reason"), decision.reason.map(edge::Reason::as_str), "{at}");
            assert_eq!(response.header("location"), decision.location.as_deref(), "{at}");
            assert_eq!(response.header("cache-control"), Some("no-store"), "{at}");
            assert_eq!(response.header("cross-origin-resource-policy"), Some("same-origin"), "{at}");
            assert_eq!(response.header("content-security-policy"), Some(edge::answer::CSP), "{at}");
            assert_eq!(response.header("access-control-allow-origin"), None, "{at}");
            let object = decision.object.and_then(|name| fresh.manifest.objects.get(name));
            let media_type = object.map(|object| object.media_type.as_str());
            assert!(media_type.is_none() || response.header("content-type") == media_type, "{at}");
            assert_eq!(response.body, fresh.bytes(&decision).unwrap_or_default(), "{at}");
        }
    }
    assert!(seen.len() >= 6, "this tries too little: {seen:?}");
}

#[test]
fn the_bar_is_in_what_people_look_at_and_in_nothing_else() {
    let fixture = Fixture::new(SITE);
    let serve = Serve::start(&fixture.root(), &[]);
    let bar = "<script src=\"/_tierpress/serve/bar.js?";
    let document = ["Sec-Fetch-Dest: document", "Sec-Fetch-Site: none"];
    for (path, status) in
        [("/open/", 200), ("/teased/", 200), ("/secret/", 404), ("/nothing/", 404), ("/dripped/", 200)]
    {
        let bare = serve.get(path, &[]);
        assert_eq!((bare.status, bare.text().contains("_tierpress/serve")), (status, false), "{path}");
        for headers in [&document[..], &["Accept: text/html,*/*;q=0.8"]] {
            let page = serve.get(path, headers);
            assert_eq!((page.status, page.text().matches(bar).count()), (status, 1), "{path}");
            // Without the bar it is what it was.
            let text = page.text();
            let (before, rest) = text.split_once("<script src=\"/_tierpress/serve/").unwrap();
            let after = rest.split_once("</script>").unwrap().1;
            assert_eq!(format!("{before}{after}"), bare.text(), "{path}");
            let head = serve.ask("HEAD", path.as_bytes(), headers).unwrap();
            assert_eq!(head.header("content-length"), page.header("content-length"), "{path}");
        }
        for headers in [
            &["Sec-Fetch-Dest: empty", "Sec-Fetch-Site: same-origin", "Accept: text/html"][..],
            &["Sec-Fetch-Dest: iframe", "Sec-Fetch-Site: same-origin", "Accept: text/html"],
            &["Accept: */*"],
        ] {
            assert_eq!(serve.get(path, headers).body, bare.body, "{path} {headers:?}");
        }
    }
    for path in ["/style.css", "/sheet.txt", "/sitemap.xml"] {
        let (bare, page) = (serve.get(path, &[]), serve.visit(path, &[]));
        assert_eq!((bare.status, bare.body), (200, page.body), "{path}");
    }
    let another = serve.visit("/account/join", &[]);
    assert_eq!((another.status, another.text().contains(bar)), (502, true));
    for (path, media_type) in [("bar.js", "text/javascript; charset=utf-8"), ("page.css", "text/css; charset=utf-8")] {
        let response = serve.get(&format!("/_tierpress/serve/{path}"), &[]);
        assert_eq!((response.status, response.header("content-type")), (200, Some(media_type)));
    }
    assert_eq!(serve.get("/_tierpress/serve/else", &[]).status, 404);
    // The script is asked for once, and nothing else is kept by a browser.
    let page = serve.visit("/open/", &[]).text();
    let script = page.split_once("<script src=\"").and_then(|(_, rest)| rest.split_once('"')).unwrap().0;
    let cache = |path: &str| serve.get(path, &[]).header("cache-control").map(str::to_owned);
    assert_eq!(cache(script).as_deref(), Some("private, max-age=31536000, immutable"));
    for path in ["/_tierpress/serve/bar.js", "/_tierpress/serve/bar.js?0", "/_tierpress/serve/page.css", "/style.css"] {
        assert_eq!(cache(path).as_deref(), Some("no-store"), "{path}");
    }
}

#[test]
fn no_build_holds_the_bar() {
    let fixture = Fixture::new(SITE);
    let _serve = Serve::start(&fixture.root(), &[]);
    fixture.build().unwrap();
    let contents = crate::built::contents(&fixture.out());
    assert!(contents.len() > 20, "{}", contents.len());
    for (name, bytes) in &contents {
        let found = bytes.windows(b"tierpress/serve".len()).any(|part| part == b"tierpress/serve");
        assert!(!found && !name.contains("serve"), "the bar is in {name}");
    }
}

#[test]
fn only_its_own_pages_may_ask() {
    let fixture = Fixture::new(SITE);
    let serve = Serve::start(&fixture.root(), &[]);
    let port = serve.address.port();
    let own = [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")];
    let others = [
        "school.example".to_owned(),
        format!("evil.example:{port}"),
        "localhost".to_owned(),
        format!("127.0.0.1:{}", port ^ 1),
        format!("127.0.0.1.evil.example:{port}"),
        format!("0.0.0.0:{port}"),
        format!("192.168.0.5:{port}"),
    ];
    let paths = [
        "/open/",
        "/style.css",
        "/_tierpress/serve/page?path=/&as=pro",
        "/_tierpress/serve/bar.js",
        "/_tierpress/serve/events",
    ];
    for path in paths {
        for host in own.iter().filter(|_| !path.ends_with("events")) {
            assert_eq!(serve.get(path, &[&format!("Host: {host}")]).status, 200, "{path} of {host}");
        }
        for host in &others {
            let refused = serve.get(path, &[&format!("Host: {host}")]);
            assert_eq!((refused.status, refused.text().contains("School")), (403, false), "{path} of {host}");
        }
        assert_eq!(serve.get(path, &[&format!("Host: {}", own[0]), "Host: evil.example"]).status, 403, "{path}");
        for site in ["cross-site", "same-site"] {
            for destination in ["empty", "script", "image", "iframe", "style"] {
                let headers = [format!("Sec-Fetch-Site: {site}"), format!("Sec-Fetch-Dest: {destination}")];
                let refused = serve.get(path, &[&headers[0], &headers[1]]);
                assert_eq!(refused.status, 403, "{path} from {site} as {destination}");
            }
        }
    }
    for path in paths {
        for origin in ["https://school.example", "http://localhost", "http://localhost:1", "null"] {
            let refused = serve.get(path, &[&format!("Origin: {origin}")]);
            assert_eq!((refused.status, refused.text().contains("School")), (403, false), "{path} from {origin}");
        }
        // A target that names a server counts more than the header.
        for host in &others {
            let target = format!("http://{host}{path}");
            let refused = serve.ask("GET", target.as_bytes(), &[]).unwrap();
            assert_eq!((refused.status, refused.text().contains("School")), (403, false), "{target}");
        }
    }
    let named = format!("http://localhost:{port}/open/");
    assert_eq!(serve.ask("GET", named.as_bytes(), &[&format!("Origin: http://localhost:{port}")]).unwrap().status, 200);
    // A link from anywhere may be followed.
    assert_eq!(serve.get("/open/", &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: document"]).status, 200);
    for (method, expected) in [("POST", 405), ("PUT", 405), ("DELETE", 405), ("OPTIONS", 405)] {
        assert_eq!(serve.ask(method, b"/open/", &[]).unwrap().status, expected, "{method}");
        assert_eq!(serve.ask(method, b"/_tierpress/serve/page?path=/", &[]).unwrap().status, expected, "{method}");
    }
}

#[test]
fn a_reader_is_chosen_by_the_address_and_kept() {
    let fixture = Fixture::new(SITE);
    let serve = Serve::start(&fixture.root(), &["--as", "basic"]);
    let is_open = |response: &crate::server::http::Response| response.text().contains("The rest.");
    assert!(is_open(&serve.get("/teased/", &[])), "the call names a reader");
    for reader in ["visitor", "free", "pro!expired", "visitor@2026-12-24", "basic!expired"] {
        let found = serve.get(&format!("/teased/?view-as={reader}"), &[]);
        assert_eq!((found.status, is_open(&found)), (200, false), "{reader}");
    }
    for reader in ["pro", "basic/30d+rust-course@2026-12-01", "basic%2F30d%2Brust-course%402026-12-01", "pro!frozen"] {
        let found = serve.visit(&format!("/teased/?a=b&view-as={reader}"), &[&serve.cookie("visitor")]);
        assert_eq!((found.status, is_open(&found)), (200, true), "{reader}");
        let cookie = found.header("set-cookie").unwrap_or_else(|| panic!("{reader} is not kept"));
        let (kept, rest) = cookie.split_once(';').unwrap();
        assert_eq!(rest, " Path=/; SameSite=Strict", "until the browser is closed, and for this site alone");
        assert!(is_open(&serve.visit("/teased/", &[&format!("Cookie: {kept}")])), "{kept}");
    }
    // What a page loads does not change who reads it.
    assert_eq!(serve.get("/teased/?view-as=pro", &[]).header("set-cookie"), None);
    for (reader, word) in [
        ("prro", "did you mean `pro`?"),
        ("", "a reader is `visitor`"),
        ("pro@someday", "`someday` is neither a date nor a length"),
        ("pro/soon", "`soon` is neither a date nor a length"),
        ("pro!lost", "unknown state `!lost`"),
        ("visitor+pro", "a visitor has no tiers"),
        ("%3Cscript%3E", "`&lt;script&gt;`"),
    ] {
        let page = serve.visit(&format!("/teased/?view-as={reader}"), &[]);
        assert_eq!(page.status, 400, "{reader}");
        assert!(page.text().contains(word) && page.text().contains("bar.js"), "{reader}: {}", page.text());
        assert_eq!(page.header("set-cookie"), None, "{reader}");
        let told = serve.get(&format!("/_tierpress/serve/page?path=/&as={reader}"), &[]);
        assert_eq!(told.status, 400, "{reader}");
    }
    // An old cookie, of another site perhaps, is passed over and said.
    let other = serve.visit("/teased/", &[&serve.cookie("gold%2F3d")]);
    assert_eq!((other.status, is_open(&other)), (200, true));
    let told = serve.get("/_tierpress/serve/page?path=/teased/", &[&serve.cookie("gold")]);
    assert!(told.text().contains("unknown tier or bundle `gold`"), "{}", told.text());
}

#[test]
fn hostile_targets_are_answered_as_decided() {
    let cases: serde_json::Value = crate::built::json(Path::new("tests/conformance/cases/attacks.json"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/sites/school");
    let serve = Serve::run(&mut command(&root, &["--port", "0", "--now", "2026-11-18T11:06:40Z"]));
    let fresh = Fresh::of(&root, 1_795_000_000);
    let (mut tried, mut refused) = (0, 0);
    for case in cases["cases"].as_array().unwrap() {
        let request = &case["request"];
        let Some(target) = request["target"].as_str().filter(|_| request["body"].is_null()) else { continue };
        let target: Vec<u8> = target.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let method = request["method"].as_str().unwrap_or("GET");
        if method == "CONNECT" || target.starts_with(b"/_tierpress/") {
            continue;
        }
        let at = format!("{method} {}", String::from_utf8_lossy(&target));
        if !target.starts_with(b"/") && target.windows(3).any(|part| part == b"://") {
            // It names a server, and none of these is this one; or it is nothing that a parser takes.
            let refused = serve.ask(method, &target, &[]).map(|response| response.status);
            assert!(matches!(refused, Some(400 | 403) | None), "{at}: {refused:?}");
            continue;
        }
        let decision = fresh.decide(method, &target, "visitor");
        tried += 1;
        refused += usize::from(decision.status == 400);
        let Some(response) = serve.ask(method, &target, &[]) else {
            assert_eq!(decision.status, 400, "{at} is not answered");
            continue;
        };
        assert!(
            response.status == decision.status
                || (decision.outcome == edge::Outcome::Passthrough && response.status == 502),
            "{at}: {} for {decision:?}",
            response.status
        );
        if let Some(bytes) = fresh.bytes(&decision).filter(|_| method != "HEAD") {
            assert_eq!(response.body, bytes, "{at}");
        }
    }
    assert!(tried > 100 && refused > 50, "{tried} tried, {refused} refused");
}

#[test]
fn drafts_and_days_are_shown_where_they_are_asked_for() {
    let fixture = Fixture::new(SITE);
    let without = Serve::start(&fixture.root(), &[]);
    assert_eq!(without.get("/unfinished/", &[]).status, 404);
    let with = Serve::start(&fixture.root(), &["--drafts", "--as", "pro"]);
    assert_eq!(with.get("/unfinished/", &[]).status, 200);
    assert!(!with.get("/to-come/", &[]).text().contains("Soon."));
    assert!(with.get("/to-come/?view-as=pro@2026-12-21", &[]).text().contains("Soon."));
    let later = Serve::run(&mut command(&fixture.root(), &["--port", "0", "--now", "2026-12-21", "--as", "pro"]));
    assert!(later.get("/to-come/", &[]).text().contains("Soon."));
}

#[test]
fn a_part_of_a_file_is_sent_alone() {
    let fixture = Fixture::new(SITE);
    let sound: Vec<u8> = (0..300_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    fixture.write("static/sound.mp3", &sound);
    let serve = Serve::start(&fixture.root(), &[]);
    let whole = serve.get("/sound.mp3", &[]);
    assert_eq!((whole.status, whole.header("accept-ranges")), (200, Some("bytes")));
    assert_eq!(whole.body, sound);
    let part = serve.get("/sound.mp3", &["Range: bytes=1000-100999"]);
    assert_eq!((part.status, part.header("content-range")), (206, Some("bytes 1000-100999/300000")));
    assert_eq!(part.body, &sound[1000..101_000]);
    let behind = serve.get("/sound.mp3", &["Range: bytes=300000-"]);
    assert_eq!((behind.status, behind.header("content-range")), (416, Some("bytes */300000")));
    let text = serve.get("/open/", &["Range: bytes=0-8"]);
    assert_eq!((text.status, text.text().as_str()), (206, "<!doctype"));
}

#[test]
fn ports_and_readers_are_looked_at_before_anything_is_served() {
    let fixture = Fixture::new(SITE);
    let first = Serve::run(&mut command(&fixture.root(), &["--now", NOW]));
    let second = Serve::run(&mut command(&fixture.root(), &["--now", NOW]));
    assert!(first.address.port() >= 1111 && second.address.port() > first.address.port());
    assert_eq!(first.get("/open/", &[]).status, second.get("/open/", &[]).status);
    let taken = first.address.port().to_string();
    for (arguments, word) in [
        (&["--port", &taken][..], "cannot listen on `127.0.0.1:"),
        (&["--as", "prro", "--port", "0"], "did you mean `pro`?"),
        (&["--now", "someday"], "`--now someday` is no date"),
        (&["--host", "not a host", "--port", "0"], "is no address of this machine"),
    ] {
        let begin = std::time::Instant::now();
        let mut child = command(&fixture.root(), arguments).spawn().unwrap();
        while child.try_wait().unwrap().is_none() {
            assert!(begin.elapsed() < PATIENCE, "{arguments:?} is served");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!((ended.status.code(), said.contains(word)), (Some(2), true), "{arguments:?}: {said}");
    }
}

#[test]
fn others_are_answered_only_when_told_to() {
    let fixture = Fixture::new(SITE);
    let serve = Serve::start(&fixture.root(), &["--host", "0.0.0.0"]);
    let port = serve.address.port();
    for (host, status) in [
        (format!("192.168.0.5:{port}"), 200),
        (format!("localhost:{port}"), 200),
        (format!("evil.example:{port}"), 403),
    ] {
        assert_eq!(serve.get("/open/", &[&format!("Host: {host}")]).status, status, "{host}");
    }
    // The address by which this machine would ask others, if it is on a network at all.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let own = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr()).map(|own| own.ip());
    let own = own.ok().filter(|own| !own.is_loopback()).map(|own| format!("others reach it at http://{own}:{port}/"));
    let said = serve.output().into_iter().find(|line| line.starts_with("others reach it at "));
    assert_eq!(said, own);
    if let Some(host) = own.as_deref().and_then(|own| own.strip_prefix("others reach it at http://")) {
        assert_eq!(serve.get("/open/", &[&format!("Host: {}", host.trim_end_matches('/'))]).status, 200);
    }
    let warned = serve.errors().join("\n");
    assert!(warned.contains("warning: gated text is shown to everybody who can reach this address"), "{warned}");
    let alone = Serve::start(&fixture.root(), &[]);
    assert!(alone.address.ip().is_loopback() && alone.errors().is_empty(), "{:?}", alone.errors());
}
