//! `POST /authorize/decision`: one page, one browser, one answer.

use jiff::{SignedDuration, Timestamp};
use keyferry_sandbox::{
    ManualClock, Sandbox,
    consent::{self, ConsentError},
};
use reqwest::RequestBuilder;

use crate::support::*;

/// A consent page as a browser holds it.
struct Page {
    consent: String,
    cookie: String,
}

async fn open(sandbox: &Sandbox) -> Page {
    let page = send(http().get(authorization_url(sandbox, good_request()))).await;
    let html = page.text();
    let consent = html.split_once("name=\"consent\" value=\"").unwrap().1.split('"').next().unwrap();
    let cookie = page.header("set-cookie").split(';').next().unwrap();
    Page { consent: consent.to_owned(), cookie: cookie.to_owned() }
}

fn allow(sandbox: &Sandbox, consent: &str, cookie: &str) -> RequestBuilder {
    let fields = [("consent", consent), ("decision", "allow"), ("account", "ada")];
    post_form(sandbox, "/authorize/decision", &fields).header("cookie", cookie)
}

#[tokio::test]
async fn saying_no_sends_access_denied() {
    let sandbox = sandbox().await;
    let redirect = consent::deny(&authorization_url(&sandbox, good_request())).await.unwrap();
    assert_eq!(redirect.parameter("error").as_deref(), Some("access_denied"));
    assert_eq!(redirect.parameter("state").as_deref(), Some("st ate&é"));
    assert_eq!(redirect.parameter("iss").as_deref(), Some(sandbox.base_url()));
    assert_eq!(redirect.parameter("code"), None);
}

#[tokio::test]
async fn the_answer_is_a_303_that_no_cache_keeps_and_no_referrer_tells() {
    let sandbox = sandbox().await;
    let page = open(&sandbox).await;
    let reply = send(allow(&sandbox, &page.consent, &page.cookie)).await;
    assert_eq!(reply.status, 303);
    assert!(reply.header("location").starts_with(&format!("{REDIRECT_URI}?code=sbx_code_")));
    assert_eq!((reply.header("cache-control"), reply.header("referrer-policy")), ("no-store", "no-referrer"));
}

#[tokio::test]
async fn a_page_is_answered_once() {
    let sandbox = sandbox().await;
    let page = open(&sandbox).await;
    assert_eq!(send(allow(&sandbox, &page.consent, &page.cookie)).await.status, 303);
    assert_eq!(send(allow(&sandbox, &page.consent, &page.cookie)).await.status, 400);
}

#[tokio::test]
async fn of_64_answers_at_once_one_gets_a_code() {
    let sandbox = sandbox().await;
    let page = open(&sandbox).await;
    let answers = (0..64).map(|_| send(allow(&sandbox, &page.consent, &page.cookie)));
    let replies = futures_util::future::join_all(answers).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 303).count(), 1);
}

#[tokio::test]
async fn another_browser_cannot_answer_or_spoil_a_page() {
    let sandbox = sandbox().await;
    let (ours, theirs) = (open(&sandbox).await, open(&sandbox).await);
    for cookie in ["", "sbx_consent_=x", &theirs.cookie] {
        assert_eq!(send(allow(&sandbox, &ours.consent, cookie)).await.status, 400);
    }
    let renamed = format!(
        "{}={}",
        ours.cookie.split('=').next().unwrap(),
        theirs.cookie.split('=').next_back().unwrap()
    );
    assert_eq!(send(allow(&sandbox, &ours.consent, &renamed)).await.status, 400);
    assert_eq!(send(allow(&sandbox, &ours.consent, &ours.cookie)).await.status, 303);
}

#[tokio::test]
async fn two_pages_open_at_once_do_not_disturb_each_other() {
    let sandbox = sandbox().await;
    let (first, second) = (open(&sandbox).await, open(&sandbox).await);
    let jar = format!("{}; {}", first.cookie, second.cookie);
    assert_eq!(send(allow(&sandbox, &first.consent, &jar)).await.status, 303);
    assert_eq!(send(allow(&sandbox, &second.consent, &jar)).await.status, 303);
}

#[tokio::test]
async fn a_post_from_another_site_is_refused() {
    let sandbox = sandbox().await;
    let page = open(&sandbox).await;
    for (name, value) in [
        ("origin", "https://evil.test"),
        ("origin", "http://127.0.0.1:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
    ] {
        let reply = send(allow(&sandbox, &page.consent, &page.cookie).header(name, value)).await;
        assert_eq!(reply.status, 400, "{name}: {value}");
    }
    let host = sandbox.base_url().replace("127.0.0.1", "localhost");
    let named = allow(&sandbox, &page.consent, "").header("origin", &host);
    assert!(send(named).await.text().contains("did not come from this page"));
    let fine = allow(&sandbox, &page.consent, &page.cookie)
        .header("origin", "null")
        .header("sec-fetch-site", "same-origin");
    assert_eq!(send(fine).await.status, 303);
}

#[tokio::test]
async fn an_answer_that_is_not_our_form_is_refused() {
    let sandbox = sandbox().await;
    let page = open(&sandbox).await;
    let consent = page.consent.as_str();
    for fields in [
        &[("decision", "allow"), ("account", "ada")][..],
        &[("consent", consent), ("account", "ada")],
        &[("consent", consent), ("decision", "maybe"), ("account", "ada")],
        &[("consent", consent), ("decision", "allow")],
        &[("consent", consent), ("decision", "allow"), ("account", "eve")],
        &[("consent", consent), ("decision", "deny"), ("decision", "allow"), ("account", "ada")],
        &[("consent", "é"), ("decision", "deny")],
    ] {
        let post = post_form(&sandbox, "/authorize/decision", fields).header("cookie", &page.cookie);
        assert_eq!(send(post).await.status, 400, "{fields:?}");
    }
    let url = format!("{}/authorize/decision", sandbox.base_url());
    let body = format!("consent={consent}&decision=allow&account=ada");
    let text =
        http().post(&url).header("cookie", &page.cookie).header("content-type", "text/plain").body(body);
    assert_eq!(send(text).await.status, 400);
    assert_eq!(send(http().get(&url)).await.status, 405);
    assert_eq!(
        send(post_form(&sandbox, "/authorize/decision", &[("consent", &"x".repeat(20_000))])).await.status,
        413
    );
}

#[tokio::test]
async fn a_stale_page_is_refused() {
    let clock = ManualClock::starting_at(Timestamp::UNIX_EPOCH);
    let sandbox = sandbox_with(|config| config.clock = clock.clone().into()).await;
    let page = open(&sandbox).await;
    clock.advance(SignedDuration::from_secs(600));
    assert_eq!(send(allow(&sandbox, &page.consent, &page.cookie)).await.status, 400);
}

#[tokio::test]
async fn a_full_store_of_codes_is_told_to_the_client() {
    let sandbox = sandbox_with(|config| config.limits.codes = 1).await;
    let url = authorization_url(&sandbox, good_request());
    consent::approve(&url).await.unwrap();
    let redirect = consent::approve(&url).await.unwrap();
    assert_eq!(redirect.parameter("error").as_deref(), Some("temporarily_unavailable"));
}

#[tokio::test]
async fn the_played_person_answers_only_the_sandbox() {
    for url in ["https://127.0.0.1/authorize", "http://example.com/authorize", "javascript:alert(1)", ""] {
        assert!(matches!(consent::approve(url).await, Err(ConsentError::NotLoopback)), "{url}");
    }
    let sandbox = sandbox().await;
    let no_form = consent::approve(&format!("{}/authorize", sandbox.base_url())).await.unwrap_err();
    assert!(matches!(no_form, ConsentError::NoForm(status) if status == 400));
    let mut request = good_request();
    request.insert("scope", "unknown".to_owned());
    let refused = consent::approve(&authorization_url(&sandbox, request)).await.unwrap();
    assert_eq!(refused.parameter("error").as_deref(), Some("invalid_scope"));
    assert_eq!(format!("{refused:?}"), "[redacted]");
    let url = authorization_url(&sandbox, good_request());
    sandbox.shutdown().await;
    let unreachable = consent::approve(&url).await.unwrap_err();
    assert!(!unreachable.to_string().contains("state="));
}
