use super::*;
use crate::{entropy::Entropy, home::DataFolder};

const HOST: &str = "127.0.0.1:7667";

struct Fixture {
    guard: Guard,
    /// The cookie of a session.
    cookie: String,
    token: String,
    /// The token of a client.
    client: String,
    _folder: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let parent = tempfile::tempdir().unwrap();
    let folder = DataFolder::prepare(&parent.path().join("data")).unwrap();
    let token = ApiToken::open_or_create(&folder, [3; 32]).unwrap();
    let text = token.expose_secret().to_owned();
    let client = ApiToken::create_file(&parent.path().join("data/zed.token"), [4; 32]).unwrap();
    let clients = Arc::new(ClientTokens::read(&parent.path().join("data")));
    let (sessions, entropy) = (Arc::new(Sessions::default()), Entropy::system());
    let cookie = sessions.redeem(&sessions.link(&entropy), &entropy).unwrap();
    let cookie = format!("keyferry-session-7667={cookie}");
    let guard = Guard::new(7667, token, clients, sessions);
    Fixture { guard, cookie, token: text, client: client.expose_secret().to_owned(), _folder: parent }
}

impl Fixture {
    /// The verdict on a request with these headers beside nothing else.
    fn verdict(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let mut request = axum::http::Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.guard.admit(&request.body(()).unwrap().into_parts().0).map(drop)
    }

    /// The verdict on an authorized read with one more header.
    fn read_with(&self, name: &str, value: &str) -> Result<(), Refusal> {
        let bearer = format!("Bearer {}", self.token);
        self.verdict("GET", "/api/v1/status", &[("host", HOST), ("authorization", &bearer), (name, value)])
    }
}

#[test]
fn only_our_own_names_and_port_are_our_host() {
    let fixture = fixture();
    for own in [HOST, "[::1]:7667", "localhost:7667"] {
        assert_eq!(fixture.verdict("GET", "/health", &[("host", own)]), Ok(()), "{own}");
    }
    let foreign = [
        "",
        "evil.test",
        "evil.test:7667",
        "localhost.evil.test:7667",
        "127.0.0.1.nip.io:7667",
        "127.0.0.1",
        "127.0.0.1:7668",
        "127.0.0.1:76670",
        "127.0.0.1:7667.evil.test",
        "user@127.0.0.1:7667",
        "127.1:7667",
        "0.0.0.0:7667",
        "2130706433:7667",
        "127.0.0.1:07667",
        " 127.0.0.1:7667x",
    ];
    for host in foreign {
        for path in ["/", "/health", "/oauth/callback/jira?state=x", "/api/v1/status"] {
            assert_eq!(
                fixture.verdict("GET", path, &[("host", host)]),
                Err(Refusal::ForeignHost),
                "{host} {path}"
            );
        }
    }
    assert_eq!(fixture.verdict("GET", "/health", &[]), Err(Refusal::NoHost));
    let twice = [("host", HOST), ("host", HOST)];
    assert_eq!(fixture.verdict("GET", "/health", &twice), Err(Refusal::NoHost));
}

#[test]
fn an_absolute_form_target_must_agree_with_the_host() {
    let fixture = fixture();
    let host = [("host", HOST)];
    assert_eq!(fixture.verdict("GET", "http://127.0.0.1:7667/health", &host), Ok(()));
    for target in
        ["http://evil.test/health", "http://localhost:7667/health", "http://u@127.0.0.1:7667/health"]
    {
        assert_eq!(fixture.verdict("GET", target, &host), Err(Refusal::ForeignHost), "{target}");
    }
}

#[test]
fn pages_of_other_origins_get_nowhere_even_with_the_token() {
    let fixture = fixture();
    assert_eq!(fixture.read_with("origin", "http://127.0.0.1:7667"), Ok(()));
    let foreign = [
        "null",
        "",
        "https://evil.test",
        "http://localhost:3000",
        "http://localhost:7667",
        "https://127.0.0.1:7667",
        "http://127.0.0.1:7667/",
        "http://127.0.0.1:76670",
        "http://127.0.0.1:7667.evil.test",
        "chrome-extension://abc",
        "file://",
    ];
    for origin in foreign {
        assert_eq!(fixture.read_with("origin", origin), Err(Refusal::ForeignOrigin), "{origin}");
    }
    for (site, allowed) in
        [("none", true), ("same-origin", true), ("same-site", false), ("cross-site", false), ("", false)]
    {
        assert_eq!(fixture.read_with("sec-fetch-site", site).is_ok(), allowed, "{site}");
    }
}

#[test]
fn a_provider_may_lead_the_browser_to_the_callback_and_nowhere_else() {
    let fixture = fixture();
    let cross = [("host", HOST), ("sec-fetch-site", "cross-site")];
    assert_eq!(fixture.verdict("GET", "/oauth/callback/jira?code=a&state=b", &cross), Ok(()));
    for target in
        ["/", "/health", "/api/v1/status", "/oauth/callback", "/oauth/other", "/x/oauth/callback/jira"]
    {
        assert_eq!(fixture.verdict("GET", target, &cross), Err(Refusal::ForeignOrigin), "{target}");
    }
    assert_eq!(fixture.verdict("POST", "/oauth/callback/jira", &cross), Err(Refusal::ForeignOrigin));
    let with_origin = [("host", HOST), ("origin", "https://evil.test")];
    assert_eq!(
        fixture.verdict("GET", "/oauth/callback/jira?code=a", &with_origin),
        Err(Refusal::ForeignOrigin)
    );
}

#[test]
fn whatever_is_not_public_needs_the_whole_token() {
    let fixture = fixture();
    let bearer =
        |value: &str| fixture.verdict("GET", "/api/v1/status", &[("host", HOST), ("authorization", value)]);
    assert_eq!(bearer(&format!("Bearer {}", fixture.token)), Ok(()));
    assert_eq!(bearer(&format!("bearer {}", fixture.token)), Ok(()));
    let bad = [
        "",
        "Bearer",
        "Bearer ",
        &format!("Bearer {}x", fixture.token),
        &format!("Bearer  {}", fixture.token),
        &format!("Basic {}", fixture.token),
        &fixture.token,
    ];
    for value in bad {
        assert_eq!(bearer(value), Err(Refusal::NoToken), "{value}");
    }
    let good = format!("Bearer {}", fixture.token);
    let twice = [("host", HOST), ("authorization", &*good), ("authorization", &*good)];
    assert_eq!(fixture.verdict("GET", "/api/v1/status", &twice), Err(Refusal::NoToken));
    for target in ["/api", "/api/v1/none", "/mcp", "/mcp/notes"] {
        assert_eq!(fixture.verdict("GET", target, &[("host", HOST)]), Err(Refusal::NoToken), "{target}");
    }
    for target in ["/API/v1/status", "//health", "/health/", "/%2e", "/oauth/callback", "/servers", "/open"] {
        assert_eq!(fixture.verdict("GET", target, &[("host", HOST)]), Err(Refusal::NoSession), "{target}");
    }
}

#[test]
fn a_write_declares_its_body_as_json() {
    let fixture = fixture();
    let good = format!("Bearer {}", fixture.token);
    let write = |content_type: Option<&str>| {
        let mut headers = vec![("host", HOST), ("authorization", &*good)];
        headers.extend(content_type.map(|value| ("content-type", value)));
        fixture.verdict("POST", "/api/v1/installs", &headers)
    };
    for json in ["application/json", "Application/JSON", "application/json; charset=utf-8"] {
        assert_eq!(write(Some(json)), Ok(()), "{json}");
    }
    for other in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/json",
        "application/jsonp",
    ] {
        assert_eq!(write(Some(other)), Err(Refusal::NotJson), "{other}");
    }
    assert_eq!(write(None), Err(Refusal::NotJson));
}

#[test]
fn a_clients_token_opens_the_gateway_and_nothing_else() {
    let fixture = fixture();
    let bearer = format!("Bearer {}", fixture.client);
    let read = |path: &str| {
        let request = axum::http::Request::get(path).header("host", HOST).header("authorization", &bearer);
        fixture.guard.admit(&request.body(()).unwrap().into_parts().0)
    };
    for path in ["/mcp", "/mcp/", "/mcp/notes", "/mcp?x=y"] {
        assert_eq!(read(path), Ok(Caller::Client(ClientName::Zed)), "{path}");
    }
    for path in ["/api/v1/status", "/api/mcp"] {
        assert_eq!(read(path), Err(Refusal::NoToken), "{path}");
    }
    for path in ["/mcpx", "/MCP", "//mcp", "/%6dcp", "/servers"] {
        assert_eq!(read(path), Err(Refusal::NoSession), "{path}");
    }
}

#[test]
fn a_session_opens_pages_alone_and_sends_forms_of_our_own_origin_alone() {
    let fixture = fixture();
    let origin = format!("http://{HOST}");
    let asked = |method: &str, path: &str, more: &[(&str, &str)]| {
        let mut headers = vec![("host", HOST), ("cookie", fixture.cookie.as_str())];
        headers.extend(more);
        fixture.verdict(method, path, &headers)
    };
    let form = ("content-type", "application/x-www-form-urlencoded");
    assert_eq!(asked("GET", "/servers", &[]), Ok(()));
    assert_eq!(asked("GET", "/apiary", &[]), Ok(()), "a page, if there were one");
    for path in ["/api", "/api/v1/status", "/mcp", "/mcp/notes"] {
        assert_eq!(asked("GET", path, &[]), Err(Refusal::NoToken), "{path}");
    }
    assert_eq!(asked("POST", "/servers/x/stop", &[form, ("origin", &origin)]), Ok(()));
    assert_eq!(asked("POST", "/servers/x/stop", &[form]), Err(Refusal::ForeignForm));
    assert_eq!(asked("POST", "/servers/x/stop", &[("origin", &origin)]), Err(Refusal::ForeignForm));
    assert_eq!(asked("DELETE", "/servers/x", &[]), Err(Refusal::ForeignForm));
    for origin in ["null", "http://127.0.0.1:7668", "https://127.0.0.1:7667"] {
        let sent = asked("POST", "/servers/x/stop", &[form, ("origin", origin)]);
        assert_eq!(sent, Err(Refusal::ForeignOrigin), "{origin}");
    }
    assert_eq!(asked("GET", "/servers", &[("sec-fetch-site", "same-site")]), Err(Refusal::ForeignOrigin));
    let twice = [("host", HOST), ("cookie", fixture.cookie.as_str()), ("cookie", fixture.cookie.as_str())];
    assert_eq!(fixture.verdict("GET", "/servers", &twice), Err(Refusal::NoSession));
}

#[test]
fn other_sites_may_lead_to_a_link_and_send_nothing_there() {
    let fixture = fixture();
    let cross = [("host", HOST), ("sec-fetch-site", "cross-site")];
    assert_eq!(fixture.verdict("GET", "/open/code", &cross), Ok(()));
    assert_eq!(fixture.verdict("POST", "/open/code", &cross), Err(Refusal::ForeignOrigin));
    assert_eq!(fixture.verdict("GET", "/assets/app.css", &cross), Err(Refusal::ForeignOrigin));
}
