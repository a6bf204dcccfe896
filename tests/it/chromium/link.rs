//! One connection to a browser or to a page in it: calls with their answers, and events in the order in which they came.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Error, Message, WebSocket};

use super::PATIENCE;

/// Something that happened, and when this side heard of it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) method: String,
    pub(crate) params: Value,
    pub(crate) at: Instant,
}

pub(super) struct Link {
    socket: WebSocket<TcpStream>,
    last: u64,
    events: VecDeque<Event>,
}

impl Link {
    #[track_caller]
    pub(super) fn connect(port: u16, path: &str) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = tungstenite::client(format!("ws://127.0.0.1:{port}{path}"), stream).unwrap();
        Self { socket, last: 0, events: VecDeque::new() }
    }

    /// Calls a method and waits for its result; what happens meanwhile is kept.
    ///
    /// # Errors
    ///
    /// What the browser says against it, or that it says nothing.
    pub(super) fn call(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.last += 1;
        let id = self.last;
        let text = json!({"id": id, "method": method, "params": params}).to_string();
        self.socket.send(Message::text(text)).map_err(|error| format!("{method}: {error}"))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Some(mut message) = self.receive(deadline)? else {
                return Err(format!("{method}: no answer in {PATIENCE:?}"));
            };
            if message["id"] != json!(id) {
                self.keep(message);
            } else if message["error"].is_null() {
                return Ok(message["result"].take());
            } else {
                return Err(format!("{method}: {}", message["error"]["message"].as_str().unwrap_or("an error")));
            }
        }
    }

    /// The next event, one that is kept first; none where nothing happens before the deadline.
    ///
    /// # Errors
    ///
    /// Where the connection is gone.
    pub(super) fn event(&mut self, deadline: Instant) -> Result<Option<Event>, String> {
        while self.events.is_empty() {
            let Some(message) = self.receive(deadline)? else { return Ok(None) };
            self.keep(message);
        }
        Ok(self.events.pop_front())
    }

    /// An event that came already.
    pub(super) fn kept(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn keep(&mut self, mut message: Value) {
        if let Some(method) = message["method"].as_str() {
            let method = method.to_owned();
            self.events.push_back(Event { method, params: message["params"].take(), at: Instant::now() });
        }
    }

    fn receive(&mut self, deadline: Instant) -> Result<Option<Value>, String> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left < Duration::from_millis(1) {
                return Ok(None);
            }
            self.socket.get_ref().set_read_timeout(Some(left)).map_err(|error| error.to_string())?;
            match self.socket.read() {
                Ok(Message::Text(text)) => return serde_json::from_str(&text).map_err(|error| error.to_string()),
                Ok(_) => {}
                Err(Error::Io(error)) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}
