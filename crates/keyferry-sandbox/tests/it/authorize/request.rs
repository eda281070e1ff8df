//! `GET /authorize`: what is shown, what is sent back, and what is neither.

use keyferry_sandbox::consent;
use url::Url;

use crate::support::*;

async fn get(url: &str) -> Reply {
    send(http().get(url)).await
}

fn location(reply: &Reply) -> Url {
    assert_eq!(reply.status, 303, "{}", reply.text());
    Url::parse(reply.header("location")).unwrap()
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(field, _)| field == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn the_consent_page_says_who_wants_what_and_where_it_leads() {
    let sandbox = sandbox().await;
    let page = get(&authorization_url(&sandbox, good_request())).await;
    let html = page.text();
    for words in [
        "Keyferry",
        "Read your notes",
        "Add notes for you",
        "Stay connected",
        "http://127.0.0.1:51234<",
        "Ada",
        "Grace",
    ] {
        assert!(html.contains(words), "{words}");
    }
    let policy = page.header("content-security-policy");
    for directive in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self' http://127.0.0.1:51234;",
        "style-src 'sha256-",
    ] {
        assert!(policy.contains(directive), "{directive}");
    }
    assert!(!policy.contains("unsafe") && !html.contains("<script") && !html.contains("src="));
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("cache-control"), "no-store");
    let cookie = page.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    assert!(page.headers.get("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn the_page_of_an_ipv6_redirect_lets_its_form_lead_there() {
    let sandbox = sandbox().await;
    let mut request = good_request();
    request.insert("redirect_uri", "http://[::1]:51234/oauth/callback/sandbox".to_owned());
    let page = get(&authorization_url(&sandbox, request)).await;
    assert!(page.header("content-security-policy").contains("form-action 'self' http:;"));
}

#[tokio::test]
async fn without_a_known_client_and_redirect_nobody_is_redirected() {
    let sandbox = sandbox().await;
    let callback = |port_and_path: &str| format!("http://127.0.0.1{port_and_path}");
    let mut cases = vec![
        ("client_id", "someone-else".to_owned()),
        ("client_id", String::new()),
        ("client_id", "KEYFERRY-SANDBOX".to_owned()),
        ("redirect_uri", String::new()),
    ];
    for redirect in [
        ":51234/oauth/callback/sandbox/",
        ":51234/oauth/callback/sandbox/../sandbox",
        ":51234/oauth/callback/x/..%2Fsandbox",
        ":51234/oauth/callback/%2573andbox",
        ":51234/..;/oauth/callback/sandbox",
        ":51234/oauth/callback/SANDBOX",
        ":51234/oauth/callback/sandbox?x=1",
        ":51234/oauth/callback/sandbox#x",
        ":51234\\oauth/callback/sandbox",
        "\t:51234/oauth/callback/sandbox",
        "@evil.test/oauth/callback/sandbox",
        ":51234@evil.test/oauth/callback/sandbox",
        ".evil.test/oauth/callback/sandbox",
        ":51234/oauth/callback/jira",
        ":51234/oauth/callback/<script>",
    ] {
        cases.push(("redirect_uri", callback(redirect)));
    }
    for (name, value) in cases {
        let mut request = good_request();
        request.insert(name, value.clone());
        let reply = get(&authorization_url(&sandbox, request)).await;
        assert_eq!(reply.status, 400, "{name}={value}");
        assert!(reply.headers.get("location").is_none() && !reply.text().contains("<script"));
        assert!(value.is_empty() || !reply.text().contains(&value), "{value}");
        assert!(reply.header("content-security-policy").contains("form-action 'none'"));
    }
}

#[tokio::test]
async fn a_damaged_query_is_shown_as_a_page() {
    let sandbox = sandbox().await;
    for query in ["client_id=%ff", "client_id=%zz", &"a&".repeat(100)] {
        let reply = get(&format!("{}/authorize?{query}", sandbox.base_url())).await;
        assert_eq!(reply.status, 400, "{query}");
    }
}

#[tokio::test]
async fn other_errors_go_to_the_client_with_state_and_issuer() {
    let sandbox = sandbox().await;
    let plain = "a-plain-challenge-that-is-long-enough-for-it-01";
    for (name, value, error) in [
        ("response_type", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "code token", "unsupported_response_type"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", plain, "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "s256", "invalid_request"),
        ("scope", "", "invalid_scope"),
        ("scope", "notes:read notes:admin", "invalid_scope"),
    ] {
        let mut request = good_request();
        request.insert(name, value.to_owned());
        let reply = get(&authorization_url(&sandbox, request)).await;
        let target = location(&reply);
        assert!(target.as_str().starts_with(REDIRECT_URI));
        assert_eq!(parameter(&target, "error").as_deref(), Some(error), "{name}={value}");
        assert_eq!(parameter(&target, "state").as_deref(), Some("st ate&é"));
        assert_eq!(parameter(&target, "iss").as_deref(), Some(sandbox.base_url()));
        assert_eq!(parameter(&target, "code"), None);
    }
}

#[tokio::test]
async fn a_repeated_parameter_is_refused() {
    let sandbox = sandbox().await;
    for name in ["state", "scope", "code_challenge", "response_type", "unknown"] {
        let mut pairs: Vec<(&str, String)> = good_request().into_iter().collect();
        pairs.extend([(name, "again".to_owned()), (name, "again".to_owned())]);
        let target = location(&get(&authorization_url(&sandbox, pairs)).await);
        assert_eq!(parameter(&target, "error").as_deref(), Some("invalid_request"), "{name}");
    }
    for name in ["client_id", "redirect_uri"] {
        let mut pairs: Vec<(&str, String)> = good_request().into_iter().collect();
        let same = good_request()[name].clone();
        pairs.push((name, same));
        assert_eq!(get(&authorization_url(&sandbox, pairs)).await.status, 400, "{name}");
    }
}

#[tokio::test]
async fn an_overlong_state_is_refused_and_not_sent_back() {
    let sandbox = sandbox().await;
    let mut request = good_request();
    request.insert("state", "s".repeat(2049));
    let target = location(&get(&authorization_url(&sandbox, request)).await);
    assert_eq!(parameter(&target, "error").as_deref(), Some("invalid_request"));
    assert_eq!(parameter(&target, "state"), None);
}

#[tokio::test]
async fn a_request_without_state_is_answered_without_state() {
    let sandbox = sandbox().await;
    let mut request = good_request();
    request.remove("state");
    let redirect = consent::approve(&authorization_url(&sandbox, request)).await.unwrap();
    assert_eq!(redirect.parameter("state"), None);
    assert!(redirect.parameter("code").is_some());
}

#[tokio::test]
async fn pages_answer_only_to_loopback_names() {
    let sandbox = sandbox().await;
    let url = authorization_url(&sandbox, good_request());
    for host in ["evil.test", "127.0.0.1:1", "localhost"] {
        assert_eq!(send(http().get(&url).header("host", host)).await.status, 421, "{host}");
    }
    let port = sandbox.address().port();
    assert_eq!(send(http().get(&url).header("host", format!("localhost:{port}"))).await.status, 200);
}

#[tokio::test]
async fn a_preflight_gets_no_permission() {
    let sandbox = sandbox().await;
    for path in ["/authorize", "/authorize/decision", "/token", "/revoke", "/control/faults", "/api/notes"] {
        let request = http()
            .request(reqwest::Method::OPTIONS, format!("{}{path}", sandbox.base_url()))
            .header("origin", "https://evil.test")
            .header("access-control-request-method", "POST");
        let reply = send(request).await;
        assert_eq!(reply.status, 405, "{path}");
        assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("access-control")));
    }
}

#[tokio::test]
async fn consent_pages_in_wait_are_bounded() {
    let sandbox = sandbox_with(|config| config.limits.pending_consents = 1).await;
    let url = authorization_url(&sandbox, good_request());
    assert_eq!(get(&url).await.status, 200);
    assert_eq!(get(&url).await.status, 503);
}
