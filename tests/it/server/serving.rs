//! What a browser is sent: headers, conditions, ranges, encodings, denials.

use super::http::{Client, request};
use super::stage::{Stage, big, now, token, token_at, until};

#[test]
fn pages_are_served_with_their_headers() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    let home = edge.get("/");
    assert_eq!((home.status, home.text().contains("home in build one")), (200, true));
    assert_eq!(home.header("cache-control"), Some("public, no-cache"));
    assert_eq!(home.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(home.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(home.header("content-security-policy"), Some(tierpress::edge::answer::CSP));
    assert_eq!(home.header("vary"), None);
    let etag = home.header("etag").unwrap();
    assert_eq!(etag, format!("\"{}\"", tierpress::digest::sha256_hex(&home.body)));
    let head = edge.ask("HEAD", "/", &[]);
    assert_eq!((head.fixed_headers(), head.body.len()), (home.fixed_headers(), 0));
    assert_eq!(edge.get("/caf%C3%A9/").body, home.body);
    // Answered from the disk first, then from memory: nobody can tell.
    assert_eq!(edge.get("/").fixed_headers(), home.fixed_headers());
}

#[test]
fn tokens_open_what_they_are_for() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    let pro = token(&["pro"]);
    let (bearer, cookie) = (format!("Authorization: Bearer {pro}"), format!("Cookie: a=b; __Host-tierpress={pro}"));
    for header in [&bearer, &cookie] {
        for target in ["/pro/", "/hidden/"] {
            let page = edge.ask("GET", target, &[header]);
            assert_eq!((page.status, page.text().contains("only for pro")), (200, true), "{target}");
            assert_eq!(page.header("cache-control"), Some("private, no-cache"));
            assert_eq!(page.header("vary"), Some("Cookie, Authorization"));
            assert_eq!(page.header("cross-origin-resource-policy"), Some("same-origin"));
        }
        assert_eq!(edge.ask("GET", "/old/", &[header]).header("location"), Some("/pro/"));
        assert_eq!(edge.ask("GET", "/pro", &[header]).header("location"), Some("/pro/"));
    }
    let free = format!("Authorization: Bearer {}", token(&["free"]));
    let denied = edge.ask("GET", "/pro/", &[&free]);
    assert_eq!((denied.status, denied.header("tierpress-reason")), (403, Some("not_entitled")));
    assert!(denied.text().contains("not_entitled"));
    // Two tokens are none.
    assert_eq!(edge.ask("GET", "/pro/", &[&bearer, &cookie]).status, 401);
    assert_eq!(edge.ask("GET", "/pro/", &[&bearer, &bearer]).status, 401);
    assert_eq!(edge.ask("GET", "/teased/", &[&bearer]).header("tierpress-reason"), None);
    assert_eq!(edge.get("/teased/").header("tierpress-reason"), Some("not_signed_in"));
    assert_eq!(edge.health()["tokens"]["good"], 2);
}

#[test]
fn denials_are_whole_and_kept_by_nobody() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    let denied = edge.ask("GET", "/pro/", &["Range: bytes=0-3", "If-None-Match: *", "Accept-Encoding: br, gzip"]);
    assert_eq!((denied.status, denied.header("cache-control")), (401, Some("no-store")));
    assert_eq!(denied.header("www-authenticate"), Some("Bearer"));
    assert!(denied.text().contains("not_signed_in in build one"));
    for header in ["etag", "accept-ranges", "content-range", "content-encoding"] {
        assert_eq!(denied.header(header), None);
    }
    let lost = edge.get("/nothing/");
    assert_eq!((lost.status, lost.header("tierpress-reason")), (404, None));
    for (target, headers) in [
        ("/hidden/", vec![]),
        ("/hidden", vec![]),
        ("/hidden/?x", vec!["Range: bytes=0-1"]),
        ("/_tierpress/session", vec![]),
        ("/objects/", vec!["Accept-Encoding: br", "If-None-Match: *"]),
    ] {
        let other = edge.ask("GET", target, &headers);
        assert_eq!((other.status, other.fixed_headers(), other.body), (404, lost.fixed_headers(), lost.body.clone()));
    }
    let navigation = edge.ask("GET", "/pro/", &["Sec-Fetch-Mode: navigate"]);
    assert_eq!(navigation.status, 303);
    assert_eq!(navigation.header("location"), Some("https://id.example/login?next=/pro/"));
    let post = edge.ask("POST", "/", &["Content-Length: 0"]);
    assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD")));
}

#[test]
fn a_token_that_ends_is_no_longer_kept() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    let expires = now() + 3;
    let header = format!("Authorization: Bearer {}", token_at(&["pro"], now() - 60, expires));
    assert_eq!(edge.ask("GET", "/pro/", &[&header]).status, 200);
    until("the end of the token", || now() >= expires);
    assert_eq!(edge.ask("GET", "/pro/", &[&header]).status, 401);
    let navigation = edge.ask("GET", "/pro/", &[&header, "Accept: text/html"]);
    assert_eq!(navigation.header("location"), Some("https://id.example/refresh?next=/pro/"));
    assert!(navigation.header("set-cookie").unwrap().starts_with("__Host-tierpress=; Path=/; Max-Age=0;"));
    let tokens = &edge.health()["tokens"];
    assert_eq!((&tokens["good"], &tokens["others"]), (&0.into(), &1.into()));
}

#[test]
fn what_a_browser_has_is_not_sent_again() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    for target in ["/", "/big.bin"] {
        let etag = edge.get(target).header("etag").unwrap().to_owned();
        for method in ["GET", "HEAD"] {
            let known = edge.ask(method, target, &[&format!("If-None-Match: \"x\", W/{etag}"), "Range: bytes=0-1"]);
            assert_eq!((known.status, known.header("etag")), (304, Some(etag.as_str())));
            assert_eq!((known.header("content-type"), known.header("content-length")), (None, None));
            assert_eq!(known.header("cache-control"), Some("public, no-cache"));
        }
        assert_eq!(edge.ask("GET", target, &["If-None-Match: \"x\""]).status, 200);
    }
    let pro = format!("Authorization: Bearer {}", token(&["pro"]));
    let etag = edge.ask("GET", "/pro/", &[&pro]).header("etag").unwrap().to_owned();
    // Who may not have it does not learn whether it has changed.
    assert_eq!(edge.ask("GET", "/pro/", &[&format!("If-None-Match: {etag}")]).status, 401);
    assert_eq!(edge.ask("GET", "/pro/", &[&pro, &format!("If-None-Match: {etag}")]).status, 304);
}

#[test]
fn parts_are_served_from_memory_and_from_disk() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    let (home, big) = (edge.get("/").body, big());
    for (target, whole) in [("/", &home[..]), ("/big.bin", big)] {
        assert_eq!(edge.get(target).body, whole);
        let size = whole.len();
        for (range, from, to) in [
            ("0-0".to_owned(), 0, 1),
            ("5-".to_owned(), 5, size),
            ("-7".to_owned(), size - 7, size),
            (format!("{}-{}", size - 1, size + 9), size - 1, size),
            (format!("0-{}", size - 1), 0, size),
        ] {
            let part = edge.ask("GET", target, &[&format!("Range: bytes={range}")]);

            assert_eq!((part.status, &part.body[..]), (206, &whole[from..to]), "{range}");
            assert_eq!(part.header("content-range"), Some(format!("bytes {from}-{}/{size}", to - 1).as_str()));
        }
        let beyond = edge.ask("GET", target, &[&format!("Range: bytes={size}-")]);
        assert_eq!((beyond.status, beyond.body.len()), (416, 0));
        assert_eq!(beyond.header("content-range"), Some(format!("bytes */{size}").as_str()));
        let several = edge.ask("GET", target, &["Range: bytes=0-1,4-5"]);
        assert_eq!((several.status, several.body.len()), (200, size));
        let stale = edge.ask("GET", target, &["Range: bytes=0-1", "If-Range: \"other\""]);
        assert_eq!((stale.status, stale.body.len()), (200, size));
        assert_eq!(edge.ask("HEAD", target, &["Range: bytes=0-1"]).status, 200);
    }
}

#[test]
fn encodings_made_by_the_build_are_chosen_by_weight() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    let plain = edge.get("/style.css");
    assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!((plain.header("vary"), plain.header("content-encoding")), (Some("Accept-Encoding"), None));
    let mut tags = vec![plain.header("etag").unwrap().to_owned()];
    for (accepts, encoding) in [("gzip;q=0.5, br", "br"), ("gzip, br;q=0.9", "gzip"), ("*", "br")] {
        let header = format!("Accept-Encoding: {accepts}");
        let encoded = edge.ask("GET", "/style.css", &[&header]);
        assert_eq!((encoded.status, encoded.header("content-encoding")), (200, Some(encoding)));
        assert_eq!(encoded.text(), format!("{encoding} of style in one"));
        assert_eq!(encoded.header("content-type"), Some("text/css; charset=utf-8"));
        assert_eq!(encoded.header("vary"), Some("Accept-Encoding"));
        let part = edge.ask("GET", "/style.css", &[&header, "Range: bytes=0-1"]);
        assert_eq!((part.status, part.header("content-encoding")), (206, Some(encoding)));
        assert_eq!(part.text(), encoding[..2]);
        tags.push(encoded.header("etag").unwrap().to_owned());
    }
    assert_eq!(tags.pop(), Some(tags[1].clone()));
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3, "each encoding is another representation");
}

#[test]
fn many_requests_share_a_connection() {
    let stage = Stage::new();
    let edge = stage.serve(&["--threads", "1"]);
    let mut client = Client::connect(edge.address);
    let three = [request("GET", "/", &[]), request("HEAD", "/nothing/", &[]), request("GET", "/style.css", &[])];
    assert!(client.send(&three.concat()));
    let statuses = ["GET", "HEAD", "GET"].map(|method| client.answer(method).unwrap().status);
    assert_eq!(statuses, [200, 404, 200]);
    assert!(client.send(&request("GET", "/", &["Connection: close"])));
    assert_eq!(client.answer("GET").unwrap().header("connection"), Some("close"));
    assert!(client.is_ended());
}

#[test]
fn a_policy_of_ones_own_or_none_is_sent() {
    let stage = Stage::new();
    let edge = stage.serve(&["--csp", "default-src 'none'"]);
    for target in ["/", "/pro/", "/nothing/", "/%"] {
        assert_eq!(edge.get(target).header("content-security-policy"), Some("default-src 'none'"));
    }
    drop(edge);
    let edge = stage.serve(&["--csp", "none", "--memory", "0"]);
    assert_eq!(edge.get("/").header("content-security-policy"), None);
    assert_eq!(edge.health()["memory"]["objects"], 0);
}
