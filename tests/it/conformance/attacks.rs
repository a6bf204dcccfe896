//! Cases of requests that want more than they are given: paths that servers read differently, headers that other servers
//! listen to, methods, bodies.

use super::make::{Maker, named};
use super::readers;
use crate::edges::runner::cases::{Case, Expect, Or, Request, Text, Token, Who, latin};
use tierpress::edge::canonical::canonical;

/// What is attacked: a page with a cover for everybody, its figure, a hidden page.
const PAGE: &str = "/pro/report/";
const FIGURE: &str = "/pro/report/figure.svg";

/// Targets that a server may read as one of the above, with what stands for it here.
fn targets() -> Vec<Text> {
    let plain: &[&str] = &[
        // Slashes.
        "//pro/report/",
        "///pro/report/",
        "/pro//report/",
        "/pro/report//",
        "//",
        "/pro/report/figure.svg/",
        "//school.example/pro/report/",
        // Dots.
        "/./pro/report/",
        "/pro/./report/",
        "/about/../pro/report/",
        "/../pro/report/",
        "/../../../../pro/report/",
        "/%2e/pro/report/",
        "/about/%2e%2e/pro/report/",
        "/about/%2E%2E/pro/report/",
        "/about/.%2e/pro/report/",
        "/about/%2e./pro/report/",
        "/pro/report/.",
        "/pro/report/..",
        "/pro/report/%2e",
        "/pro/report/%2e%2e",
        "/pro/report/./figure.svg",
        "/about/../pro/report/figure.svg",
        "/.../pro/report/",
        "/..pro/report/",
        "/pro../report/",
        "/pro/report/figure%2esvg",
        "/pro/report/figure.svg/.",
        "/pro/report/figure.svg/..",
        // Separators, escaped.
        "/about/..%2fpro/report/",
        "/about/..%2Fpro%2Freport/",
        "/about%2f..%2fpro/report/",
        "/pro%2freport/",
        "/pro%2Freport%2F",
        "/%2fpro/report/",
        "%2fpro/report/",
        "/pro/report%2ffigure.svg",
        "/about/..%5cpro/report/",
        "/about/..\\pro/report/",
        "/\\pro/report/",
        "\\pro\\report\\",
        "/pro\\report\\",
        "/pro/report\\figure.svg",
        "/%5cpro/report/",
        "/about/..%c0%afpro/report/",
        // Escaped twice, too much, wrongly.
        "/about/%252e%252e/pro/report/",
        "/pro%252freport/",
        "/%2570ro/report/",
        "/%c0%ae%c0%ae/pro/report/",
        "/about/%c0%ae%c0%ae/pro/report/",
        "/%e0%80%af/pro/report/",
        "/%ff",
        "/pro/report/%ff",
        "/%ed%a0%80/",
        "/%zz",
        "/pro/report/%",
        "/pro/report/%2",
        "/pro/report/%u002f",
        "/%u0070ro/report/",
        "/pro/report/%+1",
        "/%70%72%6f/report/",
        "/pro/%72eport/figure.svg",
        // Control characters.
        "/pro/report/%00",
        "/pro/report/%00.css",
        "/pro/report%00/",
        "/pro/report/%0d%0a",
        "/pro/report/%0aX:%20y",
        "/pro/report/%0d%0aX:%20y",
        "/%09/pro/report/",
        "/pro/report/%7f",
        "/pro/report/%1f",
        "/pro/report/%08",
        // Parameters of segments.
        "/pro/report;x=1/",
        "/pro;x=1/report/",
        "/pro/report/;x=1",
        "/about/..;/pro/report/",
        "/pro/report/;/",
        "/;/pro/report/",
        "/pro/report/%3bx=1",
        "/pro/report/figure.svg;.css",
        "/pro/report/;jsessionid=1",
        // Case and endings.
        "/PRO/report/",
        "/Pro/Report/",
        "/pro/REPORT/figure.svg",
        "/pro/report/%20",
        "/pro/report%20/",
        "/%20/pro/report/",
        "/pro/report/figure.svg%20",
        "/pro/report/figure.svg.",
        "/pro/report./",
        "/pro/report.../",
        "/pro/report::$DATA",
        "/pro/report/figure.svg::$DATA",
        "/pro/report/figure.svg%3a%3a$DATA",
        "/pro/report/~",
        "/pro/report~/",
        "/pro/report/figure.svg~",
        "/pro/report/figure.svg.bak",
        "/pro/report/figure.svg.gz",
        "/pro/report/figure.svg.br",
        "/pro/report/data.csv.gz",
        "/pro/report/index.html",
        "/pro/report/index.html/",
        "/pro/report/index.html/x",
        "/pro/report/index.htm",
        "/pro/report.html",
        "/pro/report/index.html.gz",
        "/index.html",
        "/pro/report/index.html?x",
        "/pro/report/index",
        "/pro/report/default.aspx",
        "/pro/report/index.php",
        "/pro/report/figure.svg/x",
        "/pro/report/figure.svg/x.css",
        "/pro/report/x.css",
        "/pro/report/.css",
        // Queries and fragments.
        "/pro/report/?x",
        "/pro/report/?",
        "/pro/report/??",
        "/pro/report/?/../../about/",
        "/about/?/../pro/report/",
        "/about/?x=%2e%2e/pro/report/",
        "/about/%3f/../../pro/report/",
        "/about/%3f/../pro/report/",
        "/pro/report/%3fx",
        "/pro/report/%23x",
        "/pro/report/#",
        "/pro/report/#x",
        "/about/#/../../pro/report/",
        "/about/#/../pro/report/",
        "/about/?#/../pro/report/",
        "?/pro/report/",
        "#/pro/report/",
        "/?next=/pro/report/",
        "/pro/report/&x=1",
        "/pro/report/figure.svg?.css",
        "/pro/report/figure.svg??",
        "/about/?token=x&entitlements=pro",
        // Other forms of a target.
        "http://school.example/pro/report/",
        "http://evil.example/pro/report/",
        "https://evil.example/pro/report/figure.svg",
        "HTTP://school.example/pro/report/",
        "HTTP://school.example//pro/report/",
        "http://school.example",
        "http://school.example?/pro/report/",
        "http://school.example:80/pro/report/",
        "http://user:pass@school.example/pro/report/",
        "http:///pro/report/",
        "http:/pro/report/",
        "http:pro/report/",
        "ftp://school.example/pro/report/",
        "file:///pro/report/",
        "javascript:/pro/report/",
        "pro/report/",
        "pro",
        "*",
        "**",
        "school.example:443",
        "school.example/pro/report/",
        ".",
        "..",
        "./pro/report/",
        "../pro/report/",
        // Where our own things lie, here or elsewhere.
        "/tiers/pro/pro/report/",
        "/tiers/pro/pro/report/index.html",
        "/bundles/rust-course/",
        "/public/pro/report/index.html",
        "/out/objects/",
        "/objects/",
        "/manifest.json",
        "/manifest.json.dsse",
        "/edge/root.json",
        "/edge/",
        "/edge/root.json.dsse",
        "/.htaccess",
        "/.git/config",
        "/.well-known/",
        "/.env",
        "/_auth",
        "/_auth/",
        "/decide",
        "/auth",
        "/check",
        "/check/pro/report/",
        "/accel",
        "/healthz",
        "/metrics",
        "/_tierpress/",
        "/_tierpress/session",
        "/_tierpress/session/",
        "/_tierpress/session/end",
        "/_tierpress_objects/",
        "/_tierpress/objects/",
        "/_tierpress/auth",
        "/_tierpress/unlock/",
        "/_tierpress/theme/",
        "/@tierpress_upstream",
        "/_deny/200",
        "/_deny/404",
        "/nginx_status",
        "/server-status",
        "/stub_status",
        "/debug/pprof/",
        "/stats",
        "/admin?stats",
        "/dashboard/",
        "/api/rawdata",
        "/ping",
        "/ready",
        "/jwks.json",
        "/.well-known/jwks.json",
        "/worker.mjs",
        "/config.json",
        "/root.json",
        // Names that programs use for themselves.
        "/__proto__/",
        "/__proto__/pro/report/",
        "/constructor/prototype/",
        "/prototype/",
        "/hasOwnProperty",
        "/valueOf/",
        "/pro/report/__proto__",
        "/undefined",
        "/null",
        "/NaN/",
        "/length",
        "/0",
        "/0/",
        "/then",
        "/toJSON/",
        // What passes through is not a way around.
        "/account/../pro/report/",
        "/account/%2e%2e/pro/report/",
        "/account/..%2fpro/report/",
        "/account//pro/report/",
        "/account/./x",
        "/account/..;/pro/report/",
        "/account/..\\pro/report/",
        "/account%2f..%2fpro/report/",
        "/account%2fx",
        "/ACCOUNT/x",
        "//account/x",
        "/./account/x",
        "/account;x/y",
        "/account/%00",
        "/account/x#y",
        "/account/%zz",
    ];
    let mut targets: Vec<Text> = plain.iter().map(|target| Text::from(*target)).collect();
    // Every object's name as a path of its own is tried by the rounds of the school; here is one that is none.
    let bytes: &[&[u8]] = &[
        b"/pro/report/\xff",
        b"/\xff\xfe/",
        b"/caf\xc3\xa9/",
        b"/caf\xe9/",
        b"/na\xc3\xafve/figure.svg",
        b"/pro/report/\x01",
        b"/pro/report/\x7f",
        b"/pro/report/\x80",
        b"/pro/rep\tort/",
        b"/pro/\treport/",
        b"/\tpro/report/",
        b"/pro/report/\x0b",
        b"/pro/report/\x0c",
        b"/pro/report/\x1b[0m",
        b"/pro/report/\"",
        b"/pro/report/'",
        b"/pro/report/<script>",
        b"/pro/report/`x`",
        b"/pro/report/${x}",
        b"/pro/report/{x}",
        b"/pro/report/|",
        b"/pro/report/^",
        b"/pro/report/[x]",
        b"/pro/report/%s%n",
        b"/pro/report/*",
        b"/pro/report/@",
        b"/pro/report/!",
        b"/pro/report/,",
        b"/pro/report/=",
        b"/pro/report/+",
        b"/pro+report/",
        "/\u{ff0f}pro/report/".as_bytes(),
        "/pro\u{ff0f}report/".as_bytes(),
        "/about/\u{2025}/pro/report/".as_bytes(),
        "/\u{202e}pro/report/".as_bytes(),
        "/pro/\u{200b}report/".as_bytes(),
        "/\u{feff}pro/report/".as_bytes(),
        "/cafe\u{301}/".as_bytes(),
        "/nai\u{308}ve/figure.svg".as_bytes(),
        "/\u{ff50}ro/report/".as_bytes(),
        "/\u{d0}ro/report/".as_bytes(),
    ];
    targets.extend(bytes.iter().map(|bytes| Text::Plain(latin(bytes))));
    let escaped = [
        "/\u{ff0f}pro/report/",
        "/about/\u{2025}/pro/report/",
        "/\u{202e}pro/report/",
        "/pro/\u{200b}report/",
        "/cafe\u{301}/",
        "/nai\u{308}ve/figure.svg",
        "/\u{ff50}ro/report/",
        "/pro\u{2044}report/",
        "/pro/report/\u{85}",
        "/pro/report/\u{2028}",
    ];
    targets.extend(escaped.iter().map(|text| Text::Plain(tierpress::edge::canonical::encode(text))));
    let part = |text: &str, times| (text.to_owned(), times);
    targets.extend([
        Text::Parts(vec![part("/", 1), part("a", 9000)]),
        Text::Parts(vec![part("/", 1), part("a", 2047)]),
        Text::Parts(vec![part("/", 1), part("a", 2048)]),
        Text::Parts(vec![part("/pro/report/", 1), part("a", 2037)]),
        Text::Parts(vec![part("/%61", 600), part("/", 1)]),
        Text::Parts(vec![part("/a", 4000)]),
        Text::Parts(vec![part("/.", 1000), part("/pro/report/", 1)]),
        Text::Parts(vec![part("/about", 1), part("/..", 50), part("/pro/report/", 1)]),
        Text::Parts(vec![part("/about", 1), part("/%2e%2e", 50), part("/pro/report/", 1)]),
        Text::Parts(vec![part("/", 1000), part("pro/report/", 1)]),
        Text::Parts(vec![part("/pro/report/?", 1), part("x", 7000)]),
        Text::Parts(vec![part("/about/?", 1), part("x=1&", 1500)]),
    ]);
    targets
}

/// The attack list, on a gated page, its figure and others, without and with a token that opens them.
pub(super) fn paths(maker: &Maker) -> Vec<Case> {
    let mut cases = Vec::new();
    for target in targets() {
        for reader in ["visitor", "pro"] {
            let said = match &target {
                Text::Plain(text) => text.clone(),
                Text::Parts(parts) => parts.iter().map(|(part, times)| format!("{part} x{times} ")).collect(),
            };
            let request = |headers| Request {
                method: "GET".to_owned(),
                target: target.clone(),
                headers,
                body: None,
                first: None,
            };
            cases.push(attack(maker, &format!("{reader} tries {said}"), (reader, &request)));
        }
    }
    cases
}

/// A request, but for its headers.
type WithHeaders<'a> = dyn Fn(Vec<(String, String)>) -> Request + 'a;

/// A case with the token of a reader, and whatever edges may make of its target.
fn attack(maker: &Maker, name: &str, (reader, request): (&str, &WithHeaders<'_>)) -> Case {
    let tokens: Vec<Token> = maker.issuer.token(reader).into_iter().collect();
    let headers = maker.cookies(&tokens).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let who = maker.issuer.who(reader);
    with_other_readings(maker, maker.derived(name, request(headers), (&who, tokens)), &who)
}

/// Adds what edges answer that read the target in their own way before anybody is asked.
pub(super) fn with_other_readings(maker: &Maker, mut case: Case, who: &Who) -> Case {
    let target = case.request.target.whole();
    for (traits, read) in readings(&target) {
        let request = Request { target: Text::Plain(read), ..case.request.clone() };
        let expect = maker.expect(&request, who);
        let or = Or { traits, expect };
        let known = or.expect == case.expect || case.or.contains(&or);
        if !known {
            // The object is named by the path that was read, and that is how it is looked up.
            case.or.push(or);
        }
    }
    if is_odd(&target) || case.expect.status == 400 {
        case = named(case, &["refuses-early"]);
    }
    if !case.or.is_empty() {
        // Not every edge gives these from the same hand.
        case.equal = None;
    }
    case
}

/// Whether no browser sends such a target.
fn is_odd(target: &str) -> bool {
    let odd = |c: char| !c.is_ascii_graphic() || "\"<>\\^`{|}#".contains(c);
    !target.starts_with('/')
        || target.chars().any(odd)
        || target.len() > 2048
        || canonical(&crate::edges::runner::cases::bytes(target)).is_err()
}

/// A way to read a target, with the name of the trait.
type Reading = (&'static str, fn(&str) -> String);

/// What a target is to edges that normalise it: one reading for each set of traits that changes something.
fn readings(target: &str) -> Vec<(Vec<String>, String)> {
    let steps: [Reading; 11] = [
        ("reads-words-as-root", |target| if is_word(target) { "/".to_owned() } else { target.to_owned() }),
        ("drops-schemes", |target| without_scheme(target)),
        ("adds-slashes", with_slash),
        ("reads-hosts", |target| target.strip_prefix("//school.example").unwrap_or(target).to_owned()),
        ("unescapes-dots", |target| on_path(target, |path| path.replace("%2e", ".").replace("%2E", "."))),
        ("drops-tabs", |target| target.replace('\t', "")),
        ("cuts-fragments", |target| target.split('#').next().unwrap_or_default().to_owned()),
        ("resolves-backslashes", |target| on_path(target, |path| path.replace('\\', "/"))),
        ("merges-slashes", |target| on_path(target, merged)),
        ("resolves-dots", |target| on_path(target, |path| resolved(path, false))),
        ("cleans-paths", |target| on_path(target, |path| resolved(&merged(path), true))),
    ];
    // Each step either is one of the edge's or is not; a step that changes nothing makes no difference.
    let mut found: Vec<(Vec<String>, String)> = vec![(Vec::new(), target.to_owned())];
    for (name, step) in steps {
        let more: Vec<_> = found
            .iter()
            .filter_map(|(traits, read)| {
                let next = step(read);
                let traits = [traits.as_slice(), &[name.to_owned()]].concat();
                (next != *read).then_some((traits, next))
            })
            .collect();
        found.extend(more);
    }
    found.remove(0);
    found
}

/// Whether a target is neither a path nor a URL nor the `*` of OPTIONS.
fn is_word(target: &str) -> bool {
    target != "*" && !target.is_empty() && !target.contains(['/', '?', '#', '\\'])
}

/// A whole URL of another scheme than ours, or one without a host, from its path on.
fn without_scheme(target: &str) -> String {
    let Some((scheme, rest)) = target
        .split_once(':')
        .filter(|(scheme, _)| !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphabetic()))
    else {
        return target.to_owned();
    };
    let Some(host) = rest.strip_prefix("//") else {
        return if rest.starts_with('/') { rest.to_owned() } else { target.to_owned() };
    };
    let ours = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    host.find('/').filter(|_| !ours).map_or(target.to_owned(), |path| host[path..].to_owned())
}

/// A whole URL without a path, with the one that it stands for (RFC 9110, 4.2.3).
fn with_slash(target: &str) -> String {
    let Some(rest) = target.strip_prefix("http://").filter(|rest| !rest.is_empty()) else { return target.to_owned() };
    match rest.find(['/', '?']) {
        None => format!("{target}/"),
        Some(end) if rest[end..].starts_with('?') => format!("http://{}/{}", &rest[..end], &rest[end..]),
        Some(_) => target.to_owned(),
    }
}

/// Changes the path of a target and leaves scheme, host and query.
fn on_path(target: &str, change: impl Fn(&str) -> String) -> String {
    let (before, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let scheme = ["http://", "https://"].iter().find(|scheme| before.to_ascii_lowercase().starts_with(**scheme));
    let start =
        scheme.map_or(0, |scheme| before[scheme.len()..].find('/').map_or(before.len(), |slash| scheme.len() + slash));
    let changed = change(&before[start..]);
    before[..start].to_owned() + &changed + &query.map(|query| format!("?{query}")).unwrap_or_default()
}

fn merged(path: &str) -> String {
    let mut merged = path.to_owned();
    while merged.contains("//") {
        merged = merged.replace("//", "/");
    }
    merged
}

/// Dot segments taken out (RFC 3986, 5.2.4; `%2e` is a dot, as in the URL standard). Cleaned: without a slash at the end
/// where the last segment was a dot, as Go's `path.Clean` does.
fn resolved(path: &str, cleaned: bool) -> String {
    if !path.starts_with('/') {
        return path.to_owned();
    }
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path[1..].split('/').collect();
    for (number, segment) in segments.iter().enumerate() {
        let last = number + 1 == segments.len();
        match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
            "." if last && !cleaned => kept.push(""),
            "." => {}
            ".." => {
                kept.pop();
                if last && !cleaned {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

/// Headers that other servers listen to, on a page that its reader may not open.
pub(super) fn headers(maker: &Maker) -> Vec<Case> {
    let object = |said: &str| crate::edges::runner::judge::named(&maker.manifest, said).unwrap().to_owned();
    let secret = object("/pro/report/figure.svg 0");
    let path = format!("/_tierpress_objects/{secret}");
    let list: Vec<Vec<(&str, &str)>> = vec![
        vec![("X-Original-URI", "/about/")],
        vec![("X-Original-URL", "/about/")],
        vec![("X-Rewrite-URL", "/about/")],
        vec![("X-Forwarded-Uri", "/about/")],
        vec![("X-Forwarded-Uri", FIGURE)],
        vec![("X-Forwarded-Path", "/about/")],
        vec![("X-Forwarded-Prefix", "/about")],
        vec![("X-Forwarded-Method", "POST")],
        vec![("X-Original-Method", "HEAD")],
        vec![("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "http"), ("X-Forwarded-For", "127.0.0.1")],
        vec![("Forwarded", "for=127.0.0.1;host=evil.example;proto=http")],
        vec![("X-Real-IP", "127.0.0.1")],
        vec![("X-Envoy-Original-Path", "/about/")],
        vec![("X-Envoy-Internal", "true"), ("X-Envoy-Original-Dst-Host", "127.0.0.1:1")],
        vec![("X-Replaced-Path", "/about/")],
        vec![("X-Accel-Redirect", &path)],
        vec![("X-Accel-Redirect", "/about/"), ("X-Sendfile", "/etc/passwd")],
        vec![("X-HTTP-Method-Override", "POST")],
        vec![("X-HTTP-Method", "PUT"), ("X-Method-Override", "DELETE")],
        vec![("Tierpress-Target", "/about/")],
        vec![("Tierpress-Target", "/about/"), ("Tierpress-Target", FIGURE)],
        vec![("tierpress-target", "/about/"), ("TIERPRESS-METHOD", "GET")],
        vec![("Tierpress_Target", "/about/"), ("Tierpress_Object", &secret)],
        vec![("Tierpress.Target", "/about/")],
        vec![("Tierpress-Method", "POST")],
        vec![("Tierpress-Status", "200")],
        vec![("Tierpress-Status", "200"), ("Tierpress-Object", &secret)],
        vec![("Tierpress-Object", &secret)],
        vec![("Tierpress-Object", &secret), ("Tierpress-Object", &secret), ("Tierpress-Type", "text/html")],
        vec![("Tierpress-Passthrough", "1")],
        vec![("Tierpress-Passthrough", "1"), ("Tierpress-Status", "passthrough")],
        vec![
            ("Tierpress-Cache", "public"),
            ("Tierpress-Reason", "x"),
            ("Tierpress-Available-At", "2026-01-01T00:00:00Z"),
        ],
        vec![
            ("Tierpress-Reader", "pro"),
            ("Tierpress-Entitlements", "pro"),
            ("X-User", "admin"),
            ("X-Entitlements", "pro"),
        ],
        vec![("Connection", "Cookie, X-Original-URI"), ("X-Original-URI", "/about/")],
        vec![("Connection", "Tierpress-Target, Tierpress-Method")],
        vec![("Connection", "Tierpress-Status, Tierpress-Object, close")],
        vec![("Connection", "Authorization")],
        vec![("Connection", "Upgrade"), ("Upgrade", "websocket")],
        vec![("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAAQAAP__")],
        vec![("Keep-Alive", "timeout=0"), ("Proxy-Connection", "close")],
        vec![("TE", "trailers, deflate"), ("Trailer", "Cookie")],
        vec![("Expect", "100-continue")],
        vec![("Max-Forwards", "0")],
        vec![("Referer", "https://school.example/pro/report/"), ("Origin", "https://school.example")],
        vec![("Origin", "https://evil.example"), ("Access-Control-Request-Method", "GET")],
        vec![("Cache-Control", "only-if-cached"), ("Pragma", "no-cache")],
        vec![("Cookie", "tierpress=pro; tier=pro; entitlements=pro")],
        vec![("Content-Type", "application/x-www-form-urlencoded"), ("X-Content-Type-Options", "x")],
        vec![("Range", "bytes=0-9")],
        vec![("Range", "bytes=0-9"), ("If-Range", "\"x\"")],
        vec![("Range", "bytes=-5")],
        vec![("Range", "bytes=0-0,-1")],
        vec![("Range", "bytes=99999999-")],
        vec![("Range", "junk")],
        vec![("If-None-Match", "*")],
        vec![("If-None-Match", "\"x\", W/\"y\"")],
        vec![("If-Match", "\"x\"")],
        vec![("If-Modified-Since", "Tue, 01 Jan 2030 00:00:00 GMT")],
        vec![("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")],
        vec![("Accept-Encoding", "gzip, br")],
        vec![("Accept", "application/json")],
        vec![("Accept-Language", "x"), ("DNT", "1")],
        vec![("Sec-Fetch-Mode", "cors"), ("Accept", "text/html")],
        vec![("Sec-Fetch-Mode", "navigate, cors")],
        vec![("Host", "evil.example")],
        vec![("Host", "127.0.0.1")],
        vec![("Host", "school.example:443")],
    ];
    let mut cases = Vec::new();
    for headers in list {
        let said = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ");
        for (target, reader) in [(FIGURE, "visitor"), (FIGURE, "basic"), ("/vault/a/secret/", "visitor")] {
            let tokens: Vec<Token> = maker.issuer.token(reader).into_iter().collect();
            let mut all: Vec<(String, String)> =
                headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            // A list of our own cookie beside another one, and none of the two where that is what is tried.
            all.extend(maker.cookies(&tokens).into_iter().map(|(name, value)| (name.to_owned(), value)));
            let request =
                Request { method: "GET".to_owned(), target: Text::from(target), headers: all, body: None, first: None };
            let name = format!("{reader} asks for {target} with {said}");
            let who = maker.issuer.who(reader);
            let mut case = maker.derived(&name, request, (&who, tokens));
            if said.contains("Connection: Cookie") && !who.is_visitor() {
                // RFC 9110, 7.6.1: a proxy takes away what `Connection` names, and there is no token then.
                let expect = maker.expect(&case.request, &Who::Visitor);
                case.or.push(Or { traits: vec!["strips-connection".to_owned()], expect });
                case.equal = None;
            }
            let odd = ["Expect", "Upgrade", "Host", "TE:", "If-Match", "If-Unmodified", "_", "Connection"];
            if odd.iter().any(|word| said.contains(word)) {
                case = named(case, &["refuses-early"]);
                case.equal = None;
            }
            cases.push(case);
        }
    }
    cases
}

/// Methods, with a token that opens what is asked for.
pub(super) fn methods(maker: &Maker) -> Vec<Case> {
    let list = [
        "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "MKCOL", "COPY", "LOCK",
        "PURGE", "QUERY", "get", "Get", "head", "GETX", "GE", "PRI", "M-SEARCH", "X",
    ];
    let targets = [
        PAGE,
        FIGURE,
        "/about/",
        "/vault/a/secret/",
        "/nothing/",
        "/pro/report",
        "//",
        "/pro/report/%2e%2e/",
        "*",
        "/account/x",
    ];
    let mut cases = Vec::new();
    for method in list {
        for target in targets {
            for reader in ["visitor", "pro"] {
                let head = method == "HEAD";
                if !head && reader == "visitor" && target != FIGURE {
                    continue;
                }
                let passes = target == "/account/x";
                // Only what a form or a script sends is handed on by everybody.
                if passes && !["HEAD", "POST", "PUT", "DELETE"].contains(&method) {
                    continue;
                }
                let request = |headers| Request {
                    method: method.to_owned(),
                    target: Text::from(target),
                    headers,
                    body: (method == "POST" || method == "PUT").then(|| "a=b".to_owned()),
                    first: None,
                };
                let mut case = attack(maker, &format!("{reader} sends {method} {target}"), (reader, &request));
                if !["HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"].contains(&method) {
                    case = named(case, &["refuses-early"]);
                }
                cases.push(case);
            }
        }
    }
    cases
}

/// Requests with bodies, and with two lengths: nothing in a body is a request.
pub(super) fn bodies(maker: &Maker) -> Vec<Case> {
    let hidden = format!("GET {FIGURE} HTTP/1.1\r\nHost: school.example\r\n\r\n");
    let chunked = format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len());
    let length = hidden.len().to_string();
    type Sent<'a> = (&'a str, &'a str, Vec<(&'a str, String)>, String);
    let list: Vec<Sent<'_>> = vec![
        ("a body", "GET", vec![], hidden.clone()),
        ("a body of chunks", "GET", vec![("Transfer-Encoding", "chunked".into())], chunked.clone()),
        ("a body of chunks", "POST", vec![("Transfer-Encoding", "chunked".into())], chunked.clone()),
        (
            "chunks and a length",
            "GET",
            vec![("Transfer-Encoding", "chunked".into()), ("Content-Length", "5".into())],
            chunked.clone(),
        ),
        (
            "a length and chunks",
            "POST",
            vec![("Content-Length", length.clone()), ("Transfer-Encoding", "chunked".into())],
            chunked.clone(),
        ),
        (
            "two lengths",
            "GET",
            vec![("Content-Length", "0".into()), ("Content-Length", length.clone())],
            hidden.clone(),
        ),
        (
            "two equal lengths",
            "GET",
            vec![("Content-Length", length.clone()), ("Content-Length", length.clone())],
            hidden.clone(),
        ),
        ("a list of lengths", "GET", vec![("Content-Length", format!("{length}, {length}"))], hidden.clone()),
        ("a negative length", "GET", vec![("Content-Length", "-1".into())], hidden.clone()),
        ("a length with a plus", "GET", vec![("Content-Length", format!("+{length}"))], hidden.clone()),
        ("an unknown encoding", "GET", vec![("Transfer-Encoding", "xchunked".into())], chunked.clone()),
        ("chunks said twice", "GET", vec![("Transfer-Encoding", "chunked, identity".into())], chunked.clone()),
        ("chunks in a folded header", "GET", vec![("X", "y\r\n Transfer-Encoding: chunked".into())], String::new()),
        ("a header without a colon", "GET", vec![("X-A", "b\r\nTransfer-Encoding".into())], String::new()),
        ("a blank before the colon", "GET", vec![("Tierpress-Status ", "200".into())], String::new()),
        (
            "a bare line feed",
            "GET",
            vec![("X-A", "b\nTierpress-Status: 200\nTierpress-Target: /about/".into())],
            String::new(),
        ),
        ("a bare carriage return", "GET", vec![("X-A", "b\rTierpress-Status: 200".into())], String::new()),
        ("a zero byte in a header", "GET", vec![("X-A", "b\0c".into())], String::new()),
        ("bytes that are no text in a header", "GET", vec![("X-A", "\u{ff}\u{fe}".into())], String::new()),
    ];
    let mut cases = Vec::new();
    for (name, method, headers, body) in list {
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let body = (!body.is_empty()).then_some(body);
        let request =
            Request { method: method.to_owned(), target: Text::from("/basic/figure.svg"), headers, body, first: None };
        let case = maker.derived(&format!("{method} with {name}"), request, (&Who::Visitor, Vec::new()));
        let mut case = named(case, &["refuses-early"]);
        case.equal = None;
        cases.push(case);
    }
    cases
}

/// Parts of files, and files that the reader has already.
pub(super) fn parts(maker: &Maker) -> Vec<Case> {
    let file = "/pro/report/data.csv";
    let basic: &Headers = &[];
    let mut cases = vec![];
    let mut check = |name: &str,
                     target: &str,
                     reader: &str,
                     (headers, first): (&Headers, Option<&str>),
                     change: &dyn Fn(&mut Expect)| {
        let tokens: Vec<Token> = maker.issuer.token(reader).into_iter().collect();
        let mut all: Vec<(String, String)> =
            maker.cookies(&tokens).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let request = Request {
            method: "GET".to_owned(),
            target: Text::from(target),
            headers: all,
            body: None,
            first: first.map(str::to_owned),
        };
        let mut case = maker.derived(name, request, (&maker.issuer.who(reader), tokens));
        let whole = case.expect.clone();
        change(&mut case.expect);
        if case.expect != whole {
            // A server may ignore what asks for less than all (RFC 9110, 14.2).
            case.or.push(Or { traits: vec!["whole-files".to_owned()], expect: whole });
        }
        cases.push(case);
    };
    let same = |_: &mut Expect| {};
    let unchanged = |expect: &mut Expect| expect.status = 304;
    let part = |from, to| {
        move |expect: &mut Expect| {
            expect.status = 206;
            expect.range = Some((from, to));
        }
    };
    check("the file", file, "pro", (basic, None), &same);
    check("the page", PAGE, "pro", (basic, None), &same);
    check("the cover of the page", PAGE, "visitor", (basic, None), &same);
    check("the public page", "/about/", "visitor", (basic, None), &same);
    check("the file, the first ten bytes", file, "pro", (&[("Range", "bytes=0-9")], None), &part(0, 9));
    check("the file, one byte", file, "pro", (&[("Range", "bytes=7-7")], None), &part(7, 7));
    check("the public file, some bytes", "/notes.txt", "visitor", (&[("Range", "bytes=5-20")], None), &part(5, 20));
    check("the file, once more", file, "pro", (&[("If-None-Match", "{etag}")], Some("the file")), &unchanged);
    check("the file, among others", file, "pro", (&[("If-None-Match", "\"x\", {etag}")], Some("the file")), &unchanged);
    check("the page, once more", PAGE, "pro", (&[("If-None-Match", "{etag}")], Some("the page")), &unchanged);
    check(
        "the cover, once more",
        PAGE,
        "visitor",
        (&[("If-None-Match", "{etag}")], Some("the cover of the page")),
        &unchanged,
    );
    check(
        "the public page, once more",
        "/about/",
        "visitor",
        (&[("If-None-Match", "{etag}")], Some("the public page")),
        &unchanged,
    );
    check(
        "the page, with the cover at hand",
        PAGE,
        "pro",
        (&[("If-None-Match", "{etag}")], Some("the cover of the page")),
        &same,
    );
    check(
        "the cover, with the page at hand",
        PAGE,
        "visitor",
        (&[("If-None-Match", "{etag}")], Some("the page")),
        &same,
    );
    check(
        "the file without a token, with its ETag",
        file,
        "visitor",
        (&[("If-None-Match", "{etag}")], Some("the file")),
        &same,
    );
    check(
        "the file without a token, with its date",
        file,
        "visitor",
        (&[("If-Modified-Since", "{last-modified}")], Some("the file")),
        &same,
    );
    check(
        "the file without a token, in part",
        file,
        "visitor",
        (&[("Range", "bytes=0-9"), ("If-Range", "{etag}")], Some("the file")),
        &same,
    );
    check(
        "the file too late",
        file,
        "pro<1d",
        (&[("If-None-Match", "{etag}"), ("Range", "bytes=0-9")], Some("the file")),
        &same,
    );
    check("the file, another ETag", file, "pro", (&[("If-None-Match", "\"x\"")], None), &same);
    check("the file, any ETag, without a token", file, "visitor", (&[("If-None-Match", "*")], None), &same);
    check(
        "nothing, any ETag",
        "/nothing/",
        "visitor",
        (&[("If-None-Match", "*"), ("Range", "bytes=0-3")], None),
        &same,
    );
    check(
        "the hidden page, any ETag",
        "/vault/a/secret/",
        "basic",
        (&[("If-None-Match", "*"), ("Range", "bytes=0-3")], None),
        &same,
    );
    cases
}

type Headers<'a> = [(&'a str, &'a str)];

/// Everything that there is, for readers of all kinds: whatever `decide` says.
pub(super) fn all_routes(maker: &Maker, readers: &[&str]) -> Vec<Case> {
    let paths = maker.manifest.routes.keys().chain(maker.manifest.redirects.keys());
    let mut cases = Vec::new();
    for path in paths.filter(|path| !path.starts_with("/_tierpress/") || path.ends_with(".css")) {
        let slashless = path.strip_suffix('/').filter(|path| !path.is_empty());
        for reader in readers {
            let mut targets = vec![path.as_str()];
            targets.extend(slashless.filter(|_| ["visitor", "pro"].contains(reader)));
            for target in targets {
                let target = tierpress::edge::canonical::encode(target);
                let request = |headers| Request {
                    method: "GET".to_owned(),
                    target: Text::Plain(target.clone()),
                    headers,
                    body: None,
                    first: None,
                };
                let tokens: Vec<Token> = maker.issuer.token(reader).into_iter().collect();
                let headers =
                    maker.cookies(&tokens).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                let who = maker.issuer.who(reader);
                cases.push(maker.derived(&format!("{reader} asks for {target}"), request(headers), (&who, tokens)));
            }
        }
    }
    cases
}

/// Names of objects as paths: nothing is served by the name it lies under.
pub(super) fn object_names(maker: &Maker) -> Vec<Case> {
    let object = crate::edges::runner::judge::named(&maker.manifest, "/pro/report/figure.svg 0").unwrap();
    let plain = object.split_once('/').map_or(object, |(_, name)| name);
    let paths = [
        format!("/{object}"),
        format!("/objects/{object}"),
        format!("/out/objects/{object}"),
        format!("/_tierpress_objects/{object}"),
        format!("/_tierpress/objects/{object}"),
        format!("/{plain}"),
        format!("/_objects/{object}"),
        format!("//{object}"),
        format!("/./{object}"),
        format!("/%2e/{object}"),
        format!("/account/../{object}"),
        format!("/about/..%2f{object}"),
        format!("/{object}.gz"),
        format!("/_tierpress_objects%2f{object}"),
        format!("/_TIERPRESS_OBJECTS/{object}"),
        format!("/files/{object}"),
        format!("/@objects/{object}"),
    ];
    let lines = paths.iter().flat_map(|path| ["visitor", "pro"].map(|reader| (path, reader)));
    lines
        .map(|(path, reader)| {
            let request = |headers| Request {
                method: "GET".to_owned(),
                target: Text::Plain(path.clone()),
                headers,
                body: None,
                first: None,
            };
            attack(maker, &format!("{reader} tries {path}"), (reader, &request))
        })
        .collect()
}

#[test]
fn targets_are_read_as_others_read_them() {
    let read = |target: &str| {
        readings(target).into_iter().map(|(traits, read)| format!("{}: {read}", traits.join("+"))).collect::<Vec<_>>()
    };
    assert_eq!(read("/pro/report/"), Vec::<String>::new());
    assert_eq!(read("/a/%2E./b/.")[1..3], ["resolves-dots: /b/", "unescapes-dots+resolves-dots: /b/"]);
    assert_eq!(without_scheme("ftp://x/a"), "/a");
    assert_eq!(without_scheme("javascript:/a"), "/a");
    assert_eq!(without_scheme("http://x/a"), "http://x/a");
    assert_eq!(without_scheme("/a:b"), "/a:b");
    assert_eq!(read("/a#/../b"), ["cuts-fragments: /a", "resolves-dots: /b", "cleans-paths: /b"]);
    assert_eq!(resolved("/../../a", false), "/a");
    assert_eq!(read("ftp://school.example/a/")[0], "drops-schemes: /a/");
    assert_eq!(read("a"), ["reads-words-as-root: /"]);
    assert_eq!(read("http://school.example?/a/"), ["adds-slashes: http://school.example/?/a/"]);
    assert_eq!(readers::from_now(93_784), "+1d2h3m4s");
}
