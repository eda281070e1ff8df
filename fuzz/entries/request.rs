//! What holds for any bytes on a connection to the proxy: they get the answer of a proxy that is well, nothing of them stands in an
//! error, and nobody is sent anywhere but to the person's own machine.
//!
//! The providers here have no client, which is noticed last: whatever is refused for that was read, and understood, to its end.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
    time::Duration,
};

use keyferry_core::{
    provider::{ProviderFile, ProviderSet},
    url::Endpoint,
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex, split},
    runtime::{Builder, Runtime},
};
use url::Url;

use crate::{
    ProxyConfig, SealingKey, SealingKeys,
    routes::{Routes, label},
    serve::serve_one,
    state::ProxyState,
};

/// The kinds that make a difference to a request: the redirect, PKCE, questions to the person.
const FILES: [(&str, &str); 2] = [
    (
        "acme",
        "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\nredirect = \"proxy\"\n\
         [callback]\nmetadata = [\"realmId\"]\n[token]\nendpoint = \"https://a.example/t\"\n\
         [revocation]\nendpoint = \"https://a.example/r\"\n",
    ),
    (
        "shop",
        "display_name = \"S\"\n[config.shop]\ntitle = \"Shop\"\npattern = \"[a-z]{1,20}\"\n\
         [authorization]\nendpoint = \"https://{config.shop}.a.example/a\"\npkce = \"none\"\n\
         [token]\nendpoint = \"https://{config.shop}.a.example/t\"\n",
    ),
];
/// The most of the answers that is read, in bytes.
const MOST: u64 = 256 * 1024;
/// Words that errors are made of: those of the descriptions as reviewed, and names of ours that stand in them.
const REVIEWED: &str = include_str!(
    "../../crates/keyferry-proxy/src/snapshots/keyferry_proxy__error__tests__what_people_read_is_as_reviewed.snap"
);
const NAMES: &str = "provider code code_verifier refresh_token token token_type_hint callback config grant_type \
    ACME_CLIENT_ID ACME_CLIENT_SECRET. SHOP_CLIENT_ID SHOP_CLIENT_SECRET. `shop` is not of the form that is asked for";

static WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| REVIEWED.split_whitespace().chain(NAMES.split_whitespace()).collect());

struct Tried {
    runtime: Runtime,
    state: Arc<ProxyState>,
    routes: Routes,
}

thread_local! {
    static TRIED: Tried = Tried::new();
}

#[doc(hidden)]
pub fn check(bytes: &[u8]) {
    let answers = TRIED.with(|tried| tried.answers(bytes));
    let mut rest = &*answers;
    // What follows an interim answer (RFC 9110 §15.2) is the first.
    let answer = loop {
        let Some((answer, behind)) = Answer::read(rest) else { return };
        rest = behind;
        if !(100..200).contains(&answer.status) {
            break answer;
        }
    };
    assert!(answer.status < 500, "{answer:?}");
    // What hyper refuses by itself never came to the proxy.
    if answer.header("x-request-id").is_none() {
        assert!(answer.status >= 400 && rest.is_empty(), "{answer:?}");
        return;
    }
    assert_eq!(answer.header("access-control-allow-origin"), None, "no page is allowed here");
    let line = String::from_utf8_lossy(bytes);
    let mut line = line.trim_start().split([' ', '\r', '\n']);
    let (method, target) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let is_callback = label(path) == "/oauth/callback/{provider}";
    for leads in [answer.header("location"), answer.header("refresh")].into_iter().flatten() {
        assert!(is_callback || target.contains("://"), "{answer:?}");
        to_the_app(leads, &answer);
    }
    if method == "HEAD" {
        return;
    }
    let body = rest.get(..answer.length().min(rest.len())).unwrap_or_default();
    match answer.header("content-type") {
        Some("application/json") if answer.status >= 400 => error(&answer, body),
        Some(kind) if kind.starts_with("text/html") => page(&answer, body),
        _ => assert!(answer.status < 400, "{answer:?}"),
    }
}

/// An error is made of our words, and nobody keeps it.
fn error(answer: &Answer<'_>, body: &[u8]) {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    let Ok(error) = serde_json::from_slice::<Value>(body) else {
        panic!("not JSON, or cut: {answer:?} {}", body.escape_ascii());
    };
    let text = error["error_description"].as_str().expect("a description");
    // The name of a value that is not asked for is the caller's own, and can't be more than a name.
    let text = match text.split_once("the provider asks for no `") {
        Some((before, name)) => {
            assert!(name.len() <= 65 && !name.contains(char::is_whitespace), "{text}");
            before
        }
        None => text,
    };
    for word in text.split_whitespace() {
        assert!(WORDS.contains(word), "{word:?} in {text:?}");
    }
}

/// A page has one way on at most, which is that of the redirect, and nothing that runs.
fn page(answer: &Answer<'_>, body: &[u8]) {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    let page = std::str::from_utf8(body).expect("a page is text");
    for part in ["<script", "<img", "<iframe", "<form", "style="] {
        assert!(!page.contains(part), "{page}");
    }
    let mut links = page.split("<a href=\"").skip(1);
    let link = links.next().and_then(|link| link.split_once('"')).map(|(link, _)| {
        link.replace("&#39;", "'")
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&")
    });
    assert_eq!(links.next(), None, "{page}");
    let leads = answer.header("location").or(answer.header("refresh"));
    assert_eq!(link.as_deref(), leads.map(|leads| leads.trim_start_matches("0;url=")), "{page}");
}

/// Where an answer may lead.
fn to_the_app(leads: &str, answer: &Answer<'_>) {
    let url = Url::parse(leads.trim_start_matches("0;url=")).expect("an address");
    let place = (url.scheme(), url.host_str().unwrap_or_default(), url.path());
    let known = [
        ("http", "127.0.0.1", "/oauth/callback/acme"),
        ("http", "[::1]", "/oauth/callback/acme"),
        ("keyferry", "oauth-callback", "/acme"),
    ];
    assert!(known.contains(&place) && url.port().is_none_or(|port| port >= 1_024), "{leads}");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
}

/// The head of an answer.
#[derive(Debug)]
struct Answer<'a> {
    status: u16,
    headers: Vec<(&'a str, &'a str)>,
}

// === impl Answer ===

impl<'a> Answer<'a> {
    /// Reads a head, and tells what is behind it. None at the end.
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        if bytes.is_empty() {
            return None;
        }
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head has an end");
        let mut lines = std::str::from_utf8(&bytes[..end]).expect("a head is ASCII").split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.")).expect("a status line");
        let status = status.get(2..5).and_then(|status| status.parse().ok()).expect("a status");
        let headers = lines.map(|line| line.split_once(": ").expect("a header"));
        Some((Self { status, headers: headers.collect() }, &bytes[end + 4..]))
    }

    /// The value of a header that stands once.
    fn header(&self, name: &str) -> Option<&'a str> {
        let mut found = self.headers.iter().filter(|(known, _)| *known == name).map(|(_, value)| *value);
        let value = found.next();
        assert_eq!(found.next(), None, "{name} stands twice: {self:?}");
        value
    }

    fn length(&self) -> usize {
        self.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default()
    }
}

// === impl Tried ===

impl Tried {
    fn new() -> Self {
        let mut providers = ProviderSet::default();
        for (name, text) in FILES {
            let name = name.parse().expect("a name");
            providers.insert(ProviderFile::parse(name, "x.toml", text).expect("a provider file").file);
        }
        let mut config = ProxyConfig::new(Arc::new(providers));
        config.listen.public_url = Some(Endpoint::parse("https://proxy.a.example").expect("an address"));
        let current = SealingKey::new([1; 32]);
        config.sealing = Some(SealingKeys { current, previous: None, bare_until: None });
        // The bytes end, so that nothing is ever waited for.
        config.limits.body_wait = Duration::from_secs(60);
        let state = Arc::new(ProxyState::new(&config).expect("a proxy"));
        let routes = Routes::api(Arc::clone(&state), true);
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        Self { runtime, state, routes }
    }

    /// What comes back on a connection with these bytes, and then no more.
    fn answers(&self, bytes: &[u8]) -> Vec<u8> {
        let (ours, theirs) = duplex(1024 * 1024);
        let ask = async {
            let (read, mut write) = split(ours);
            write.write_all(bytes).await.expect("the connection takes all");
            write.shutdown().await.expect("the connection takes an end");
            let mut answers = Vec::new();
            read.take(MOST).read_to_end(&mut answers).await.expect("an answer");
            answers
        };
        let serve = serve_one(Arc::clone(&self.state), self.routes.clone(), theirs);
        let (answers, ()) = self.runtime.block_on(async { tokio::join!(ask, serve) });
        assert_eq!(self.state.metrics.panics(), 0, "a request ended in a panic");
        answers
    }
}
