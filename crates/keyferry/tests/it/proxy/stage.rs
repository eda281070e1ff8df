//! A provider of raw bytes, and proxies before it.

use std::{fs, fs::File, net::SocketAddr, process::Command, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::raw::{self, RawProvider};
use crate::support::{Service, World};

/// A world with a provider `acme`.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) provider: RawProvider,
}

impl Stage {
    /// With a provider that takes so long for each answer.
    pub(super) async fn new(time: Duration) -> Self {
        Self::before(slow(time).await).await
    }

    pub(super) async fn before(provider: RawProvider) -> Self {
        let world = World::new().await;
        fs::write(world.path("providers/acme.toml"), provider.file("")).unwrap();
        Self { world, provider }
    }

    /// The proxy's command, with further variables.
    pub(super) fn command(&self, listen: &str, variables: &[(&str, &str)]) -> Command {
        let mut command = self.world.command(&["proxy", "--listen", listen]);
        command.env("ACME_CLIENT_ID", "me").env("ACME_CLIENT_SECRET", "a-secret-of-acme");
        // A line for each of ten thousand connections would be a load of its own.
        command.env("KEYFERRY_LOG", "info").envs(variables.iter().copied());
        command
    }

    pub(super) fn proxy(&self, variables: &[(&str, &str)]) -> Service {
        self.started(self.command("127.0.0.1:0", variables))
    }

    /// Starts a command whose log goes to a file, for the test to read.
    pub(super) fn started(&self, command: Command) -> Service {
        Service::start_with_log(command, File::create(self.world.path("log")).unwrap().into())
    }

    /// What was logged so far.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.world.path("log")).unwrap()
    }

    /// The tokens that the provider was asked to refresh, in the order in which they came.
    pub(super) fn asked(&self) -> Vec<String> {
        asked(&self.provider)
    }

    /// Ends a proxy, which must end well, and the world.
    pub(super) async fn end(self, proxy: Service) {
        assert_eq!(proxy.end(&self.world), 0);
        self.world.end().await;
    }
}

/// A provider that takes so long for each answer.
pub(super) async fn slow(time: Duration) -> RawProvider {
    RawProvider::start(move |mut stream| async move {
        tokio::time::sleep(time).await;
        let reply = raw::json("200 OK", r#"{"access_token":"a","refresh_token":"r","expires_in":3600}"#);
        stream.write_all(reply.as_bytes()).await.ok().map(|()| stream)
    })
    .await
}

/// The tokens that a provider was asked to refresh.
pub(super) fn asked(provider: &RawProvider) -> Vec<String> {
    // `grant_type=refresh_token` ends without a sign of equality.
    parameters(provider, "refresh_token=")
}

/// The codes that a provider was asked to redeem.
pub(super) fn redeemed(provider: &RawProvider) -> Vec<String> {
    parameters(provider, "&code=")
}

fn parameters(provider: &RawProvider, begin: &str) -> Vec<String> {
    let value = |request: &String| Some(request.split(begin).nth(1)?.split('&').next()?.to_owned());
    provider.requests().iter().filter_map(value).collect()
}

/// A refresh of `acme`.
pub(super) fn refresh(token: &str) -> Value {
    json!({ "provider": "acme", "grant_type": "refresh_token", "refresh_token": token })
}

/// An exchange of a code of `acme`.
pub(super) fn code(code: &str) -> Value {
    json!({
        "provider": "acme",
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": "http://127.0.0.1:51234/oauth/callback/acme",
        "code_verifier": "a-verifier-of-the-tests-with-enough-characters-0123",
    })
}

/// The address of a service.
pub(super) fn address(proxy: &Service) -> SocketAddr {
    proxy.url.trim_start_matches("http://").parse().unwrap()
}

/// One connection that is kept, whatever comes of new ones.
pub(super) struct Kept(BufReader<TcpStream>);

impl Kept {
    pub(super) async fn to(proxy: &Service) -> Self {
        Self(BufReader::new(TcpStream::connect(address(proxy)).await.unwrap()))
    }

    /// Refreshes a token. Answers the status, and the head.
    pub(super) async fn refresh(&mut self, token: &str) -> (u16, String) {
        let body = refresh(token).to_string();
        let kind = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        let (head, _) = self.ask("POST /oauth/token", &kind, &body).await;
        (head[9..12].parse().unwrap(), head)
    }

    /// The value of a line of `/metrics`; 0 without one.
    pub(super) async fn metric(&mut self, line: &str) -> u64 {
        let (_, text) = self.ask("GET /metrics", "", "").await;
        let found = text.lines().find_map(|known| known.strip_prefix(line)?.strip_prefix(' '));
        found.map_or(0, |value| value.parse().unwrap())
    }

    async fn ask(&mut self, what: &str, headers: &str, body: &str) -> (String, String) {
        let request = format!("{what} HTTP/1.1\r\nhost: x\r\n{headers}\r\n{body}");
        self.0.write_all(request.as_bytes()).await.unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut head).await.unwrap() > 0, "the connection was closed");
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut body).await.unwrap();
        (head, String::from_utf8(body).unwrap())
    }
}

/// A client without what tests do not need.
pub(super) fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(Duration::from_secs(20))
}

/// Waits until something is so.
pub(super) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let holds = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), holds).await.is_ok(), "waited in vain: {what}");
}
