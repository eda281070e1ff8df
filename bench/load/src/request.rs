//! The request that is measured: an authorization code redeemed with its verifier (RFC 6749 §4.1.3, RFC 7636 §4.5).

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;

/// The provider that the benchmark names to every target.
const PROVIDER: &str = "bench";

/// Makes requests, no two with the same code: one code that comes back again and again is what the proxy slows down.
#[derive(Debug)]
pub(crate) struct Requests {
    uri: String,
    host: String,
    connection: usize,
    made: u64,
    run: u32,
}

// === impl Requests ===

impl Requests {
    /// The requests of one connection. `run` tells runs against one target apart.
    pub(crate) fn new(target: SocketAddr, connection: usize, run: u32) -> Self {
        Self { uri: "/oauth/token".to_owned(), host: target.to_string(), connection, made: 0, run }
    }

    /// The next one.
    pub(crate) fn next(&mut self) -> Result<Request<Full<Bytes>>, http::Error> {
        self.made += 1;
        Request::builder()
            .method(Method::POST)
            .uri(&self.uri)
            .header(header::HOST, &self.host)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(self.form().into()))
    }

    /// As long as the values of a real sign-in are: 43 characters each for code and verifier.
    fn form(&self) -> String {
        let Self { connection, made, run, .. } = self;
        let code = format!("code-{run:010}-{connection:06}-{made:020}");
        format!(
            "provider={PROVIDER}&grant_type=authorization_code&code={code}\
             &redirect_uri=http%3A%2F%2F127.0.0.1%3A7667%2Foauth%2Fcallback%2F{PROVIDER}&code_verifier={code}"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_code_is_presented_twice() {
        let target = "127.0.0.1:1".parse().unwrap();
        let mut seen = HashSet::new();
        for run in 0..2 {
            for connection in 0..3 {
                let mut requests = Requests::new(target, connection, run);
                for _ in 0..4 {
                    requests.next().unwrap();
                    let form = requests.form();
                    let code = form.split('&').find_map(|pair| pair.strip_prefix("code=")).unwrap();
                    assert_eq!(code.len(), 43);
                    assert!(seen.insert(code.to_owned()));
                }
            }
        }
    }
}
