//! Requests to what was started, small enough to be written by hand.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

/// Longest wait for a server to answer.
const LONGEST: Duration = Duration::from_secs(10);

/// Pause between two tries. Also how exact a time to ready can be.
const PAUSE: Duration = Duration::from_millis(1);

/// A port that was free a moment ago, for a server that can't be told to let the kernel choose.
pub(super) fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

/// Waits until `GET path` is answered with 200.
pub(super) fn wait_until_ok(address: SocketAddr, path: &str) -> Result<(), String> {
    wait(|| get(address, path).is_ok_and(|reply| reply.starts_with("HTTP/1.1 200 ")))
        .ok_or_else(|| format!("http://{address}{path} does not answer 200"))
}

/// Waits until connections are accepted.
pub(super) fn wait_until_open(address: SocketAddr) -> Result<(), String> {
    wait(|| TcpStream::connect(address).is_ok()).ok_or_else(|| format!("nothing listens at {address}"))
}

fn wait(mut ready: impl FnMut() -> bool) -> Option<()> {
    let end = Instant::now() + LONGEST;
    while Instant::now() < end {
        if ready() {
            return Some(());
        }
        thread::sleep(PAUSE);
    }
    None
}

/// The whole answer to `GET path`.
pub(super) fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    ask(address, "GET", path, "", "")
}

/// The whole answer to a request with these further header lines, each with its end, and this body.
pub(super) fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LONGEST))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    Ok(reply)
}
