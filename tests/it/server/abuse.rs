//! Clients that mean no good: whatever they do, others are answered.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::http::{Client, request};
use super::stage::{Edge, Stage, until};

/// The resident memory of a process, in KiB.
fn memory(edge: &Edge) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", edge.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[track_caller]
fn answers_others(edge: &Edge) {
    let start = Instant::now();
    assert_eq!(edge.get("/").status, 200);
    assert!(start.elapsed() < Duration::from_secs(5), "it took {:?}", start.elapsed());
}

#[test]
fn slow_clients_are_cut_off_and_hold_nobody() {
    let stage = Stage::new();
    let edge = stage.serve(&["--threads", "1"]);
    let mut slow: Vec<Client> = (0..50).map(|_| Client::connect(edge.address)).collect();
    let start = Instant::now();
    let mut open = slow.len();
    // A letter now and then is no head in time.
    while start.elapsed() < Duration::from_secs(14) {
        open = slow.iter_mut().filter_map(|client| client.send(b"G").then_some(())).count();
        answers_others(&edge);
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(open, 0, "still open after {:?}", start.elapsed());
}

#[test]
fn silent_connections_end() {
    let stage = Stage::new();
    let edge = stage.serve(&["--threads", "1"]);
    let (mut silent, mut used) = (Client::connect(edge.address), Client::connect(edge.address));
    used.send(&request("GET", "/", &[]));
    assert_eq!(used.answer("GET").unwrap().status, 200);
    let start = Instant::now();
    assert!(silent.is_ended() && used.is_ended());
    assert!((Duration::from_secs(5)..Duration::from_secs(25)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[test]
fn five_thousand_idle_connections() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most.min(20_000), most).unwrap();
    let stage = Stage::new();
    let edge = stage.serve(&["--max-connections", "8000"]);
    let before = memory(&edge);
    let mut idle = Vec::new();
    for _ in 0..5_000.min(most.saturating_sub(500)) {
        idle.push(TcpStream::connect(edge.address).unwrap());
    }
    until("all of them", || edge.health()["connections"].as_u64() >= Some(idle.len() as u64 * 9 / 10));
    for _ in 0..20 {
        answers_others(&edge);
    }
    let each = (memory(&edge) - before) * 1024 / idle.len() as u64;
    println!("{} idle connections take {each} bytes each", idle.len());
    assert!(each < 40_000, "{each} bytes each");
    until("their end", || edge.health()["connections"].as_u64() <= Some(5));
}

#[test]
fn only_so_many_connections_are_open() {
    let stage = Stage::new();
    let edge = stage.serve(&["--max-connections", "3", "--threads", "1"]);
    let mut first: Vec<Client> = (0..3).map(|_| Client::connect(edge.address)).collect();
    for client in &mut first {
        client.send(&request("GET", "/", &[]));
        assert_eq!(client.answer("GET").unwrap().status, 200);
    }
    let mut fourth = Client::connect(edge.address);
    fourth.send(&request("GET", "/", &[]));
    assert_eq!(edge.health()["connections"], 3);
    drop(first.pop());
    assert_eq!(fourth.answer("GET").unwrap().status, 200, "who waits is answered when there is a place");
}

#[test]
fn heads_without_end_are_refused() {
    let stage = Stage::new();
    let edge = stage.serve(&["--threads", "1"]);
    let before = memory(&edge);
    // 10 MB of headers: one long one, many short ones, a long name, a long target.
    let many: String = (0..400_000).map(|n| format!("X-{n}: {n:014}\r\n")).collect();
    for head in [
        format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(10_000_000)),
        format!("GET / HTTP/1.1\r\n{many}\r\n"),
        format!("GET / HTTP/1.1\r\n{}: y\r\n\r\n", "y".repeat(10_000_000)),
        format!("GET /{} HTTP/1.1\r\n\r\n", "y".repeat(10_000_000)),
        "y".repeat(10_000_000),
        "\r\n".repeat(5_000_000),
    ] {
        let mut client = Client::connect(edge.address);
        client.send(head.as_bytes());
        let status = client.answer("GET").map(|answer| answer.status);
        assert!(matches!(status, Some(400 | 414 | 431) | None), "{status:?}");
        answers_others(&edge);
    }
    let hundred_and_one: Vec<String> = (0..101).map(|n| format!("X-{n}: y")).collect();
    let lines: Vec<&str> = hundred_and_one.iter().map(String::as_str).collect();
    assert_eq!(edge.ask("GET", "/", &lines).status, 431);
    assert_eq!(edge.ask("GET", "/", &lines[..90]).status, 200);
    assert_eq!(edge.ask("GET", "/", &[&format!("Cookie: {}", "y".repeat(40_000))]).status, 200);
    assert_eq!(edge.ask("GET", "/", &[&format!("Cookie: {}", "y".repeat(70_000))]).status, 431);
    assert_eq!(edge.get(&format!("/{}", "y".repeat(9_000))).status, 400);
    assert_eq!(edge.get(&"/y".repeat(4_000)).status, 400);
    let more = memory(&edge).saturating_sub(before);
    assert!(more < 20_000, "{more} KiB more");
}

#[test]
fn random_bytes_break_nothing() {
    let stage = Stage::new();
    let edge = stage.serve(&["--threads", "1"]);
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let sound = request("GET", "/pro/?x", &["Cookie: __Host-tierpress=a.b.c", "Content-Length: 3"]);
    for round in 0..600_usize {
        let mut bytes = sound.clone();
        if round.is_multiple_of(3) {
            bytes = vec![0; 1 + random.next_u32() as usize % 3_000];
            random.fill_bytes(&mut bytes);
        } else {
            for _ in 0..=random.next_u32() % 4 {
                let at = random.next_u32() as usize % bytes.len();
                bytes[at] = random.next_u32().to_le_bytes()[0];
            }
        }
        let mut client = Client::connect(edge.address);
        client.send(&bytes);
        client.close_writing();
        client.is_ended();
    }
    answers_others(&edge);
    assert!(!edge.log().iter().any(|line| line.contains("panic")), "{:?}", edge.log());
}

#[test]
fn who_takes_nothing_is_not_waited_for() {
    let stage = Stage::new();
    let edge = stage.serve(&["--threads", "1"]);
    let mut greedy: Vec<Client> = (0..20).map(|_| Client::connect(edge.address)).collect();
    for client in &mut greedy {
        for _ in 0..5 {
            client.send(&request("GET", "/big.bin", &[]));
        }
    }
    answers_others(&edge);
    until("the end of those who take nothing", || edge.health()["connections"].as_u64() <= Some(1));
}

#[test]
fn a_server_that_is_told_to_stop_finishes_what_it_began() {
    let stage = Stage::new();
    for signal in ["TERM", "INT"] {
        let mut edge = stage.serve(&["--threads", "2"]);
        let (mut idle, mut busy) = (Client::connect(edge.address), Client::connect(edge.address));
        idle.send(&request("GET", "/", &[]));
        assert_eq!(idle.answer("GET").unwrap().status, 200);
        busy.send(&request("GET", "/big.bin", &[]));
        // The first bytes are on their way; the rest does not fit between us.
        let first = busy.peek();
        assert!(first > 0);
        edge.signal(signal);
        assert!(idle.is_ended());
        assert_eq!(busy.answer("GET").expect("the whole answer").body, super::stage::big());
        assert!(busy.is_ended());
        assert!(edge.ended().success(), "{signal}");
        assert!(TcpStream::connect(edge.address).is_err());
    }
}
