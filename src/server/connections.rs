//! Listening, and the life of a connection: nobody may keep one open for nothing, and none may keep others out.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::net::UnixListener as StdUnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::fs::{FileType, Mode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::health;
use super::seldom::Seldom;
use super::wire::Wire;
use super::worker::{Arrived, Worker};

/// How long a client may take to send the head of a request, and how long it may be silent before one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest head of a request, in bytes. It has at most 100 headers, as many as the library takes if nothing is said.
const HEAD_MAX: usize = 64 * 1024;
/// How many connections may wait to be taken.
const BACKLOG: u32 = 1024;
/// How long nobody is taken after the system would give no connection.
const PAUSE: Duration = Duration::from_millis(50);
/// How long those that are being answered have when the server stops.
pub(super) const GRACE: Duration = Duration::from_secs(10);
/// More connections than a process can have.
pub(super) const ALL: usize = 1 << 28;
/// How many ask for the health of a server at once.
const HEALTH_PLACES: usize = 64;

/// A listener and what is answered there.
#[derive(Clone, Debug)]
pub(super) struct Entrance {
    pub(super) worker: Arc<Worker>,
    pub(super) what: What,
    /// A place for each connection.
    places: Arc<Semaphore>,
    /// Becomes true when the server stops.
    stop: watch::Receiver<bool>,
}

/// What is answered at an entrance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// What the server is for.
    Public,
    /// How it does.
    Health,
}

/// A socket that listens; several may share one address if all ask for it.
pub(crate) fn listen(address: SocketAddr, shared: bool) -> std::io::Result<TcpListener> {
    bound(address, shared)?.listen(BACKLOG)
}

/// Whether nobody listens at an address. No connection is taken to find out: it would be lost.
pub(super) fn is_free(address: SocketAddr) -> std::io::Result<()> {
    bound(address, false).map(drop)
}

/// A socket in the file system. What a server that has ended left there is taken away here, and not when that one ends:
/// it could take away the socket of its successor. Another file is never taken away.
///
/// Who may connect is the business of its folder: the socket itself is open to all, for the server that asks is seldom
/// the same user.
pub(super) fn listen_unix(path: &Path) -> std::io::Result<StdUnixListener> {
    let listener = match StdUnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_left_over(path) => {
            rustix::fs::unlink(path)?;
            StdUnixListener::bind(path)?
        }
        bound => bound?,
    };
    rustix::fs::chmod(path, Mode::from_raw_mode(0o666))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn is_left_over(path: &Path) -> bool {
    let refused = |error: std::io::Error| error.kind() == ErrorKind::ConnectionRefused;
    let socket = rustix::fs::lstat(path).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Socket);
    socket && std::os::unix::net::UnixStream::connect(path).is_err_and(refused)
}

fn bound(address: SocketAddr, shared: bool) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(shared)?;
    socket.bind(address)?;
    Ok(socket)
}

/// What connections are taken from.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection that was taken.
pub(super) enum Taken {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

impl Entrance {
    pub(super) fn public(worker: &Arc<Worker>, stop: &watch::Receiver<bool>) -> Self {
        let places = Arc::clone(&worker.places);
        Self { worker: Arc::clone(worker), what: What::Public, places, stop: stop.clone() }
    }

    pub(super) fn health(worker: &Arc<Worker>, stop: &watch::Receiver<bool>) -> Self {
        let places = Arc::new(Semaphore::new(HEALTH_PLACES));
        Self { worker: Arc::clone(worker), what: What::Health, places, stop: stop.clone() }
    }

    /// Takes connections until the server stops, then waits for those that are being answered.
    pub(super) async fn open(self, listener: Listener) {
        let open = Arc::new(Semaphore::new(ALL));
        let mut stop = self.stop.clone();
        loop {
            let taken = tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                taken = self.take(&listener) => taken,
            };
            let Some((stream, place)) = taken else { continue };
            let Ok(here) = Arc::clone(&open).try_acquire_owned() else { continue };
            let entrance = self.clone();
            tokio::spawn(async move {
                entrance.connection(stream).await;
                drop((place, here));
            });
        }
        drop(listener);
        let all = u32::try_from(ALL).unwrap_or(u32::MAX);
        drop(tokio::time::timeout(GRACE, open.acquire_many(all)).await);
    }

    /// The next connection, once there is a place for it.
    async fn take(&self, listener: &Listener) -> Option<(Taken, OwnedSemaphorePermit)> {
        accept(listener, (&self.places, &self.worker.seldom)).await
    }

    async fn connection(mut self, stream: Taken) {
        let (worker, what) = (self.worker, self.what);
        let answer = move |arrived: Arrived| {
            let worker = Arc::clone(&worker);
            async move {
                match what {
                    What::Health => health::answer(&worker, &arrived.request),
                    What::Public => worker.answer(arrived).await,
                }
            }
        };
        stream.converse(stopped(&mut self.stop), answer).await;
    }
}

/// The next connection, once there is a place for it.
pub(super) async fn accept(
    listener: &Listener,
    (places, seldom): (&Arc<Semaphore>, &Seldom),
) -> Option<(Taken, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    let taken = match listener {
        Listener::Tcp(listener) => listener.accept().await.map(|(stream, peer)| Taken::Tcp(stream, peer)),
        Listener::Unix(listener) => listener.accept().await.map(|(stream, _)| Taken::Unix(stream)),
    };
    match taken {
        Ok(taken) => Some((taken, place)),
        Err(error) => {
            if let Some(before) = seldom.now() {
                tracing::warn!(reason = %error, before, "no connection taken");
            }
            tokio::time::sleep(PAUSE).await;
            None
        }
    }
}

impl Taken {
    /// Answers what comes over it, until it ends or, after the answer that is being given, `stop` does.
    pub(super) async fn converse<A, F, B>(self, stop: impl Future<Output = ()>, answer: A)
    where
        A: Fn(Arrived) -> F,
        F: Future<Output = Response<B>>,
        B: Body + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match self {
            // A connection that cannot be set up is gone already.
            Self::Tcp(stream, peer) if stream.set_nodelay(true).is_ok() => {
                converse((stream, Some(peer.ip())), stop, answer).await;
            }
            Self::Tcp(..) => {}
            Self::Unix(stream) => converse((stream, None), stop, answer).await,
        }
    }
}

/// Until the server stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Whoever could say so being gone says the same.
    drop(stop.wait_for(|stop| *stop).await);
}

/// Answers one request after the other until the connection ends, or, after the answer that is being given, `stop` does.
pub(crate) async fn converse<A, F, B>(
    (stream, peer): (impl AsyncRead + AsyncWrite + Unpin, Option<IpAddr>),
    stop: impl Future<Output = ()>,
    answer: A,
) where
    A: Fn(Arrived) -> F,
    F: Future<Output = Response<B>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (wire, watched) = Wire::new(stream);
    let requests = AtomicU64::new(0);
    let service = service_fn(|request: Request<Incoming>| {
        let raw = watched.target(requests.fetch_add(1, Ordering::Relaxed));
        let last = watched.is_blind() || !request.body().is_end_stream();
        let answered = answer(Arrived { request, raw, peer });
        async move {
            let mut reply = answered.await;
            if last {
                reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(reply)
        }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    server.max_header_size(HEAD_MAX).max_buf_size(HEAD_MAX);
    let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(wire), service));
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = stop => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A client that breaks off is no fault of ours.
    drop(ended);
}
