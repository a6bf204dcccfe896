//! Word to open pages when the site has changed: server-sent events (HTML, 9.2).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::{mpsc, watch};

use crate::serve::keeper::State;
use crate::server::reply;

/// How often something is sent where nothing happens, so that both sides see whether the other is there.
const BEAT: Duration = Duration::from_secs(15);
/// After how many milliseconds a browser asks again when the connection was lost.
const RETRY: u32 = 500;

/// What is sent back.
#[derive(Debug)]
pub(super) enum Sent {
    /// An answer with an end.
    Whole(reply::Body),
    /// Events, for as long as they are listened to.
    Events(mpsc::Receiver<Bytes>),
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context),
            Self::Events(events) => events.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

/// Events from now on, the present state first. `run` tells this run of the server from others.
pub(super) fn events(mut states: watch::Receiver<State>, run: String) -> Sent {
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        let mut bytes = format!("retry: {RETRY}\n\n");
        loop {
            bytes.push_str(&words(&states.borrow_and_update(), &run));
            if sender.send(Bytes::from(std::mem::take(&mut bytes))).await.is_err() {
                return;
            }
            if !next(&mut states, &sender).await {
                return;
            }
        }
    });
    Sent::Events(receiver)
}

/// Waits for the next state, and beats; whether there is one and somebody who listens.
async fn next(states: &mut watch::Receiver<State>, sender: &mpsc::Sender<Bytes>) -> bool {
    loop {
        tokio::select! {
            changed = states.changed() => return changed.is_ok(),
            () = sender.closed() => return false,
            () = tokio::time::sleep(BEAT) => {
                if sender.send(Bytes::from_static(b":\n\n")).await.is_err() {
                    return false;
                }
            }
        }
    }
}

/// A state as events: its faults and warnings, then its number, upon which pages act.
fn words(state: &State, run: &str) -> String {
    let mut words = String::new();
    let list =
        |found: &[crate::diagnostic::Diagnostic]| serde_json::to_string(found).unwrap_or_else(|_| "[]".to_owned());
    let number = serde_json::json!({"number": state.number, "run": run});
    for (name, data) in
        [("fault", list(&state.faults)), ("warning", list(&state.warnings)), ("state", number.to_string())]
    {
        // JSON has line breaks neither in its strings nor, written like this, between them.
        words.push_str(&format!("event: {name}\ndata: {data}\n\n"));
    }
    words
}
