//! The loop itself: listens, watches, builds again, and tells whoever started it.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::diagnostic::Diagnostic;
use crate::serve::answer::Desk;
use crate::serve::asked::Known;
use crate::serve::hosts::Hosts;
use crate::serve::keeper::{Changes, Clock, Keeper, Settings, State};
use crate::serve::survey::Survey;
use crate::server::Arrived;
use crate::server::connections::{converse, listen};
use crate::server::watch::{cannot_listen, system};

/// The port, where none is asked for, and how many after it are tried.
const PORT: u16 = 1111;
const PORTS: u16 = 100;
/// How many connections are open at once.
const PLACES: usize = 512;
/// How long nobody is taken after the system would give no connection.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest wait for an instant, in seconds: a machine that slept meanwhile does not know how long.
const LONGEST: u64 = 60;
/// How long a survey may have found something before it is told.
const SURVEY: Duration = Duration::from_millis(100);

/// How the loop is set up.
pub struct Options {
    /// The site and how it is built.
    pub settings: Settings,
    /// The reader as whom pages are shown where nobody chooses another, see
    /// [`crate::access::entitlement::parse_reader`].
    pub reader: String,
    /// The address or name to listen at in place of this machine's own alone.
    pub host: Option<String>,
    /// The port; a free one from 1111 on where none is given.
    pub port: Option<u16>,
    /// Is told what happens.
    pub told: Box<dyn Fn(&Told<'_>) + Send + Sync>,
}

/// What happens.
pub enum Told<'a> {
    /// It answers.
    Listening {
        /// Where.
        url: &'a str,
        /// Where others on the network reach it, where that is another address.
        others: Option<&'a str>,
        /// Whether others than this machine's own users can ask.
        open: bool,
    },
    /// It has built.
    Built {
        /// What had changed.
        changes: &'a Changes,
        /// What came of it.
        state: &'a State,
        /// How many pages the site has that is served now.
        pages: usize,
        /// How long that took.
        took: Duration,
    },
}

/// Builds and serves until the process ends.
///
/// # Errors
/// [`Diagnostic`]s for what of the call does not work: the address, the reader. A fault of the site is told, and waited out.
pub fn run(options: Options) -> Result<Infallible, Vec<Diagnostic>> {
    let failed = |fault: Box<Diagnostic>| vec![*fault];
    let Options { settings, reader, host, port, told } = options;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| failed(system(&error)))?;
    let inside = runtime.enter();
    let (listener, address) = bind(host.as_deref(), port).map_err(failed)?;
    drop(inside);
    let clock = settings.clock;
    let (sender, changes) = mpsc::channel();
    // Whatever changes while the site is built for the first time is not lost.
    let watching = crate::serve::watch::watch(&settings.root, sender).map_err(failed)?;
    let mut keeper = Keeper::new(settings);
    let start = Instant::now();
    let first = keeper.rebuild(&Changes::Everything);
    if let Some(held) = &first.held {
        Known::read(&reader, held, clock.now().max(held.clock())).map_err(|fault| {
            vec![
                Diagnostic::setup(format!("`--as`: no reader can be made of {fault}"))
                    .help("write `visitor`, or tiers and bundles such as `basic/30d+rust-course@2026-12-01`"),
            ]
        })?;
    }
    told(&built(&Changes::Everything, &first, start));
    let (states, seen) = watch::channel(first);
    let open = !address.ip().is_loopback();
    let others = outside(address);
    let hosts = Hosts { address, given: host };
    let desk = Desk { states: seen, hosts, call: reader, clock, run: run_name() };
    told(&Told::Listening { url: &url(address), others: others.as_deref(), open });
    runtime.spawn(take(listener, Arc::new(desk)));
    rebuild(&mut keeper, &states, clock, &changes, &*told);
    drop(watching);
    Err(vec![Diagnostic::setup("the folder cannot be watched any longer")])
}

/// Builds again whenever something changes or time changes something.
fn rebuild(
    keeper: &mut Keeper,
    states: &watch::Sender<State>,
    clock: Clock,
    changes: &mpsc::Receiver<Changes>,
    told: &(dyn Fn(&Told<'_>) + Send + Sync),
) {
    let mut survey = Survey::begin(&states.borrow());
    // An instant that has passed while the site could not be built: what is mended is built anyway.
    let mut tried = None;
    loop {
        let until = states.borrow().until.filter(|until| matches!(clock, Clock::Present(_)) && tried != Some(*until));
        let seconds = until.map_or(i64::MAX, |until| until.seconds().saturating_sub(clock.now().seconds()));
        let wait = Duration::from_secs(u64::try_from(seconds).unwrap_or(0).clamp(1, LONGEST));
        let changed = match changes.recv_timeout(if survey.is_under_way() { SURVEY } else { wait }) {
            Ok(changed) => changed,
            Err(mpsc::RecvTimeoutError::Timeout) if until.is_some_and(|until| until <= clock.now()) => {
                tried = until;
                Changes::Everything
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                if let Some((number, faults)) = survey.found()
                    && let Some(state) = keeper.found(number, faults)
                {
                    states.send_replace(state.clone());
                    told(&built(&Changes::Paths(BTreeSet::new()), &state, Instant::now()));
                }
                continue;
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        };
        let unfinished = survey.is_under_way();
        drop(survey);
        let changed = changes.try_iter().fold(changed, together);
        let start = Instant::now();
        let state = keeper.rebuild(&changed);
        // Where nothing was touched, nobody is told, and what was found in the meantime stays found.
        let is_new = state.number != states.borrow().number;
        if is_new {
            states.send_replace(state.clone());
            told(&built(&changed, &state, start));
        }
        survey = if is_new || unfinished { Survey::begin(&state) } else { Survey::done() };
    }
}

fn built<'a>(changes: &'a Changes, state: &'a State, start: Instant) -> Told<'a> {
    let took = start.elapsed();
    let outputs = state.held.as_ref().map_or(&[][..], |held| &held.plan().outputs);
    let pages = outputs.iter().filter(|output| output.url.is_some() && !output.template.is_empty()).count();
    Told::Built { changes, state, pages, took }
}

fn together(all: Changes, more: Changes) -> Changes {
    match (all, more) {
        (Changes::Paths(mut all), Changes::Paths(more)) => {
            all.extend(more);
            Changes::Paths(all)
        }
        (Changes::Unwatched(warning), _) | (_, Changes::Unwatched(warning)) => Changes::Unwatched(warning),
        (Changes::Everything, _) | (_, Changes::Everything) => Changes::Everything,
    }
}

/// Takes connections for ever.
async fn take(listener: TcpListener, desk: Arc<Desk>) {
    let places = Arc::new(Semaphore::new(PLACES));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            let answer = move |arrived: Arrived| {
                let desk = Arc::clone(&desk);
                async move { desk.answer(&arrived).await }
            };
            converse((stream, Some(peer.ip())), std::future::pending(), answer).await;
            drop(place);
        });
    }
}

/// Listens: at the address that is asked for, or at the first free port of this machine's own.
fn bind(host: Option<&str>, port: Option<u16>) -> Result<(TcpListener, SocketAddr), Box<Diagnostic>> {
    let ip = host.map_or(Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)), resolve)?;
    let ports = match port {
        Some(port) => port..=port,
        None => PORT..=PORT + PORTS,
    };
    let mut fault = None;
    for port in ports {
        let address = SocketAddr::new(ip, port);
        let bound = listen(address, false).and_then(|listener| listener.local_addr().map(|local| (listener, local)));
        match bound {
            Ok(bound) => return Ok(bound),
            Err(error) => fault = fault.or_else(|| Some(cannot_listen(&address, &error))),
        }
    }
    Err(fault.unwrap_or_else(|| Box::new(Diagnostic::setup("there is no port to listen at"))))
}

fn resolve(host: &str) -> Result<IpAddr, Box<Diagnostic>> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(ip) = bare.parse() {
        return Ok(ip);
    }
    let found = (bare, 0).to_socket_addrs().ok().and_then(|mut found| found.next());
    found.map(|found| found.ip()).ok_or_else(|| {
        let fault = Diagnostic::setup(format!("`--host {host}` is no address of this machine"));
        Box::new(fault.help("write an address such as 192.168.0.5, or 0.0.0.0 for all that it has"))
    })
}

fn url(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_unspecified() => format!("http://localhost:{}/", address.port()),
        _ => format!("http://{address}/"),
    }
}

/// Where others reach a server that listens everywhere: at the address by which this machine would ask them.
fn outside(address: SocketAddr) -> Option<String> {
    // Addresses that are nobody's (RFC 5737, RFC 3849). Nothing is sent to them.
    let nobody: SocketAddr = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::new(192, 0, 2, 1), 9).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into(),
        IpAddr::V4(_) | IpAddr::V6(_) => return None,
    };
    let socket = UdpSocket::bind((address.ip(), 0)).ok()?;
    socket.connect(nobody).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_loopback()).then(|| format!("http://{}/", SocketAddr::new(own, address.port())))
}

/// A name that no other run has: the number of a build alone would be the same again.
fn run_name() -> String {
    use std::hash::{BuildHasher as _, Hasher as _};
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    format!("{random:016x}")
}
