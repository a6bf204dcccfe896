//! What `tierpress export` writes for proxies that ask: always the same, whole, and refused where it cannot hold.
//!
//! Whether the proxies then answer as `decide` does is the business of the conformance cases.

use std::path::Path;
use std::process::Command;

use tierpress::export::{self, Address, Brotli, Decider, ExportError, Exported, Kind, Request};
use tierpress::manifest::Manifest;

use crate::edges::runner::http::{self, Answer};
use crate::edges::{self, Running, Stage};
use crate::fixture::Fixture;

/// The kinds that ask `tierpress edge`.
const ASKING: [Kind; 5] = [Kind::Nginx, Kind::NginxAccel, Kind::Caddy, Kind::Traefik, Kind::Envoy];

/// The manifest of a small site; `more` is added to its site.yaml.
fn manifest(more: &str) -> Manifest {
    let fixture = Fixture::new("# Home\n");
    fixture.write("site.yaml", format!("{}{more}", crate::fixture::SCHOOL));
    fixture.build().expect("the site builds");
    Manifest::parse(&std::fs::read(fixture.out().join("manifest.json")).unwrap()).unwrap()
}

fn request<'a>(manifest: &'a Manifest, objects: &'a str) -> Request<'a> {
    Request {
        manifest,
        listen: "127.0.0.1:8080".parse().unwrap(),
        decider: "127.0.0.1:9001".parse().unwrap(),
        objects: Path::new(objects),
        origin: None,
        upstream: None,
        brotli: Brotli::Absent,
        csp: Some(tierpress::edge::answer::CSP),
        keys: &[],
    }
}

fn text(exported: &Exported) -> String {
    exported.files.iter().map(|file| String::from_utf8(file.bytes.clone()).unwrap()).collect()
}

#[test]
fn the_same_manifest_makes_the_same_files() {
    let manifest = manifest("");
    for kind in ASKING {
        let request = request(&manifest, "/srv/site/objects");
        let first = export::export(kind, &request).unwrap();
        assert_eq!(first, export::export(kind, &request).unwrap());
        let text = text(&first);
        assert!(!text.contains("{{"), "{kind}: a value is missing: {text}");
        assert!(text.contains("127.0.0.1:9001") || text.contains("port_value: 9001"), "{kind}: nobody is asked");
        assert!(text.contains(&manifest.build), "{kind}: it does not say what it was made from");
    }
}

#[test]
fn passthrough_needs_an_upstream() {
    let manifest = manifest("passthrough: [/account/]\n");
    for kind in ASKING {
        let mut request = request(&manifest, "/srv/site/objects");
        let refused = export::export(kind, &request).unwrap_err();
        assert!(matches!(refused, ExportError::Missing { .. }), "{kind}: {refused}");
        assert!(refused.help().unwrap().contains("--upstream"), "{kind}");
        request.upstream = Some("app.internal:3000".parse().unwrap());
        assert!(text(&export::export(kind, &request).unwrap()).contains("app.internal"), "{kind}");
    }
}

#[test]
fn what_cannot_be_quoted_is_refused() {
    let manifest = manifest("");
    let refused = |kind, objects: &str| match export::export(kind, &request(&manifest, objects)) {
        Err(ExportError::Unquotable { .. }) => true,
        Err(other) => panic!("{other}"),
        Ok(_) => false,
    };
    for kind in ASKING {
        assert!(refused(kind, "/srv/a\nb"), "{kind}");
        assert!(!refused(kind, "/srv/my site; é'/objects"), "{kind}");
    }
    for kind in [Kind::Nginx, Kind::NginxAccel, Kind::Traefik, Kind::Envoy] {
        assert!(refused(kind, "/srv/$document_root"), "{kind}: a variable");
        let quoted = text(&export::export(kind, &request(&manifest, "/srv/a\"b\\c")).unwrap());
        assert!(quoted.contains(r#""/srv/a\"b\\c/";"#), "{kind}: {quoted}");
    }
    assert!(refused(Kind::Caddy, "/srv/{env.HOME}"), "a placeholder");
    assert!(refused(Kind::Caddy, "/srv/a\"b"), "a quote");
}

#[test]
fn a_comment_cannot_be_left() {
    let mut manifest = manifest("");
    manifest.site.base_url = "https://a.example\nreturn 200;".to_owned();
    for kind in ASKING {
        let refused = export::export(kind, &request(&manifest, "/srv")).unwrap_err();
        assert!(matches!(refused, ExportError::Unquotable { .. }), "{kind}: {refused}");
    }
}

#[test]
fn a_decider_may_be_a_socket_for_nginx_alone() {
    let manifest = manifest("");
    let socket = |path: &str| path.parse::<Decider>();
    let mut request = request(&manifest, "/objects");
    request.decider = socket("unix:/run/tierpress/edge.sock").unwrap();
    for kind in [Kind::Nginx, Kind::NginxAccel] {
        let exported = export::export(kind, &request).unwrap();
        assert!(text(&exported).contains("    server unix:/run/tierpress/edge.sock max_fails=0;\n"), "{kind}");
        assert!(exported.run[0].contains("--listen unix:/run/tierpress/edge.sock "), "{:?}", exported.run);
    }
    request.origin = Some("127.0.0.1:9002".parse().unwrap());
    for kind in [Kind::Caddy, Kind::Traefik, Kind::Envoy] {
        let refused = export::export(kind, &request).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("{kind} is made to ask a decider at an address, not at a socket in the file system")
        );
    }
    for bad in
        ["unix:", "unix:a", "unix:/", "unix:/a/", "unix:/a b", "unix:/a;b", "unix:/a:b", "unix:/a\nb", "unix:/$a", "a"]
    {
        assert!(socket(bad).is_err(), "{bad}");
    }
}

#[test]
fn addresses_are_hosts_and_ports() {
    for good in ["127.0.0.1:80", "[::1]:9001", "app.internal:3000", "localhost:1", "my_app-1:65535"] {
        assert_eq!(good.parse::<Address>().unwrap().to_string(), good);
    }
    assert_eq!("http://app:80/".parse::<Address>().unwrap().to_string(), "app:80");
    let bad = [
        "",
        "80",
        ":80",
        "a:",
        "a:b",
        "a:65536",
        "a:+1",
        "::1:80",
        "[::1]",
        "a b:80",
        "a;b:80",
        "a\n:80",
        "-a:80",
        "a-:80",
        "a..b:80",
        "1.2.3:80",
        "999.1.1.1:80",
        "https://a:80",
        "http://a:80/x",
        "{a}:80",
        "$a:80",
        "é:80",
    ];
    for bad in bad {
        assert!(bad.parse::<Address>().is_err(), "{bad}");
    }
}

type Start = fn(&Stage) -> Running;

/// The edges that ask: how each is started.
const EDGES: [(&str, Start); 5] = [
    ("nginx", edges::nginx::start),
    ("nginx-accel", edges::nginx::accel_start),
    ("caddy", edges::caddy::start),
    ("traefik", edges::traefik::start),
    ("envoy", edges::envoy::start),
];

fn get(running: &Running, target: &str) -> Answer {
    edges::ask(running.address, "GET", target, "")
}

/// The status of an answer and what it says, without what is new each time.
fn said(mut answer: Answer) -> Answer {
    answer.headers.retain(|(name, _)| name != "date");
    answer
}

#[test]
fn without_its_decider_an_edge_serves_nothing() {
    let staged = edges::stage("school", &["ES256"]);
    let about = &staged.stage.shifted.routes["/about/"].objects[0];
    let page = std::fs::read(staged.stage.objects.join(about.as_str())).unwrap();
    for (name, start) in EDGES {
        let running = start(&staged.stage);
        let answer = get(&running, "/about/");
        assert!(answer.status == 200 && answer.body == page, "{name}: {}", answer.status);
        let decider = Command::new("kill").args(["-KILL", &running.processes()[0].to_string()]).status().unwrap();
        assert!(decider.success(), "{name}");
        // The process is gone at once, but what it held open may still be read from for a moment.
        for target in ["/about/", "/about/", "/nope/", "/account/x", "/basic/"] {
            let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
            let answer = http::send(running.address, "GET", request.as_bytes()).unwrap();
            assert!((500..600).contains(&answer.status), "{name}: {target}: {}", answer.status);
            assert!(!answer.body.windows(20).any(|part| page.windows(20).any(|of_page| part == of_page)), "{name}");
            let kept = answer.header("cache-control");
            assert!(kept.is_none_or(|kept| kept == "no-store"), "{name}: an error is kept");
        }
    }
}

/// A server that answers every request with `x-accel-redirect`: the path of the request without `/account`.
fn redirecting() -> std::net::SocketAddr {
    use std::io::{BufRead as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let lines: Vec<String> = std::io::BufReader::new(&stream)
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let place = lines.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
            let place = place.trim_start_matches("/account").replace("dot", ".");
            let head = format!("HTTP/1.1 200 OK\r\nX-Accel-Redirect: {place}\r\nConnection: close\r\n");
            let answer = format!("{head}Content-Length: 8\r\n\r\nupstream");
            let mut stream = &stream;
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    });
    address
}

#[test]
fn an_upstream_cannot_send_objects() {
    let mut staged = edges::stage("school", &["ES256"]);
    staged.stage.upstream = redirecting();
    let report = staged.stage.shifted.routes["/pro/report/"].objects[0].clone();
    for (name, start) in EDGES {
        let running = start(&staged.stage);
        for place in ["/dot/objects/", "/_tierpress_objects/", "/objects/", "/", "/dot/decider/"] {
            let answer = get(&running, &format!("/account{place}{report}"));
            assert_eq!((answer.status, answer.body.as_slice()), (200, &b"upstream"[..]), "{name}: {place}");
        }
    }
}

#[test]
fn nothing_but_decided_paths_can_be_reached() {
    let staged = edges::stage("school", &["ES256"]);
    let object = staged.stage.shifted.routes["/basic/"].objects[0].to_string();
    let targets = [
        format!("/{object}"),
        format!("/objects/{object}"),
        format!("/_tierpress_objects/{object}"),
        format!("/accel/{object}"),
        "/manifest.json".to_owned(),
        "/edge/root.json".to_owned(),
        "/.htaccess".to_owned(),
        "/.tierpress".to_owned(),
        "/nothing".to_owned(),
        "/auth".to_owned(),
        "/_auth".to_owned(),
        "/check".to_owned(),
        "/check/about/".to_owned(),
        "/accel".to_owned(),
        "/refused".to_owned(),
        "/decider".to_owned(),
        "/session".to_owned(),
        "/@tierpress_page".to_owned(),
        "/_tierpress/session".to_owned(),
    ];
    for (name, start) in EDGES {
        let running = start(&staged.stage);
        let nothing = said(get(&running, "/there-is-nothing/"));
        assert_eq!(nothing.status, 404, "{name}");
        for target in &targets {
            assert_eq!(said(get(&running, target)), nothing, "{name}: {target}");
        }
        for place in [&format!("objects/{object}"), "refused", "decider", "session"] {
            for target in
                [format!("/./{place}"), format!("/%2e/{place}"), format!("//{place}"), format!("/x/../{place}")]
            {
                assert_eq!(get(&running, &target).status, 400, "{name}: {target}");
            }
        }
    }
}

#[test]
fn an_object_that_is_missing_is_an_error() {
    let staged = edges::stage("school", &["ES256"]);
    let about = &staged.stage.shifted.routes["/about/"].objects[0];
    for (name, start) in EDGES {
        // The decider checks that all is there before it begins.
        let running = start(&staged.stage);
        let away = |object: &tierpress::manifest::ObjectName, back: bool| {
            for ending in ["", ".br", ".gz"] {
                let here = staged.stage.objects.join(format!("{object}{ending}"));
                let there = here.with_extension(format!("away{ending}"));
                let (from, to) = if back { (there, here) } else { (here, there) };
                if from.exists() {
                    std::fs::rename(from, to).unwrap();
                }
            }
        };
        away(about, false);
        let answer = get(&running, "/about/");
        assert!((500..600).contains(&answer.status), "{name}: {}", answer.status);
        // Where nginx was told what to serve, it keeps what was said of that; `no-store` is above it (RFC 9111, 5.2.2.5).
        let kept = answer.header("cache-control").unwrap_or_default();
        assert!(kept.split(',').any(|word| word.trim() == "no-store"), "{name}: an error is kept: {kept}");
        away(about, true);
        assert_eq!(get(&running, "/about/").status, 200, "{name}");
        assert_eq!(get(&running, "/nothing/").status, 404, "{name}");
    }
}
