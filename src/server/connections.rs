//! Listening, and the life of a connection.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::asked::Asked;
use super::held::Held;
use super::objects::Objects;
use super::reply::Reply;
use super::{Mode, Options, faces, pages};
use crate::diagnostic::Diagnostic;

/// How long a client may take to send the head of a request, and how long it may be silent before one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest head of a request, in bytes.
const HEAD_MAX: usize = 64 * 1024;
/// The most headers of a request.
const HEADERS_MAX: usize = 100;

/// All that answering needs.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) options: Options,
    pub(super) held: ArcSwap<Held>,
    pub(super) objects: Objects,
}

impl Worker {
    pub(super) fn new(options: Options) -> Result<Self, Box<Diagnostic>> {
        let held = Held::first(&options.manifest)?;
        let beside = || options.manifest.with_file_name("objects");
        let objects = Objects::new(options.objects.clone().unwrap_or_else(beside));
        Ok(Self { options, held: ArcSwap::from_pointee(held), objects })
    }

    fn answer(&self, request: &Request<Incoming>) -> Reply {
        let held = self.held.load();
        let now = (self.options.clock)();
        match self.options.mode {
            Mode::Decide => faces::decide(self, &held, request, now),
            Mode::Serve => {
                let uri = request.uri();
                let target = uri.path_and_query().map_or("", |target| target.as_str());
                let asked = Asked {
                    method: request.method().as_str(),
                    target: target.as_bytes(),
                    headers: request.headers(),
                    now,
                };
                pages::serve(self, &held, &asked)
            }
        }
    }
}

/// Listens and answers until the process ends.
pub(super) fn run(worker: &Arc<Worker>) -> Result<(), Box<Diagnostic>> {
    let failed = |error: std::io::Error| {
        Box::new(Diagnostic::setup(format!("cannot listen on `{}`: {error}", worker.options.listen)))
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let listener = TcpListener::bind(worker.options.listen).await.map_err(failed)?;
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            tokio::spawn(connection(stream, Arc::clone(worker)));
        }
    })
}

async fn connection(stream: TcpStream, worker: Arc<Worker>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let reply = worker.answer(&request);
        std::future::ready(Ok::<_, Infallible>(reply))
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    server.max_buf_size(HEAD_MAX).max_headers(HEADERS_MAX);
    // A client that breaks off is no fault of ours.
    drop(server.serve_connection(TokioIo::new(stream), service).await);
}
