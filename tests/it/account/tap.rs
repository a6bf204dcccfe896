//! What stands between two sides of a connection and keeps every byte that one sends the other.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

type Kept = Arc<Mutex<Vec<u8>>>;

/// A relay to a server; it ends with the process.
pub(crate) struct Tap {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    up: Kept,
    down: Kept,
}

impl Tap {
    pub(crate) fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let tap = Self { address: listener.local_addr().unwrap(), up: Kept::default(), down: Kept::default() };
        let (up, down) = (Arc::clone(&tap.up), Arc::clone(&tap.down));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(server) else { continue };
                let (to_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let (up, down) = (Arc::clone(&up), Arc::clone(&down));
                std::thread::spawn(move || pass((client, to_server), &up));
                std::thread::spawn(move || pass((server, to_client), &down));
            }
        });
        tap
    }

    /// What clients have sent so far.
    pub(crate) fn up(&self) -> Vec<u8> {
        self.up.lock().unwrap().clone()
    }

    /// What they have been sent.
    pub(crate) fn down(&self) -> Vec<u8> {
        self.down.lock().unwrap().clone()
    }
}

fn pass((mut from, mut to): (TcpStream, TcpStream), kept: &Kept) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        // Kept before it is passed on: who has received it finds it here.
        kept.lock().unwrap().extend_from_slice(&bytes[..count]);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    // The other direction may have ended both already.
    drop((from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both)));
}
