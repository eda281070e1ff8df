//! Traces: what the operator's collector gets, and what becomes of it where it is away.

mod away;

use std::{collections::HashMap, time::Duration};

use http::HeaderValue;
use keyferry_proxy::{AccessKeys, Proxy, ProxyConfig, Sampling, SealingKey, SealingKeys};
use keyferry_sandbox::{Fault, Target};
use opentelemetry_proto::tonic::trace::v1::{
    Span,
    span::SpanKind,
    status::StatusCode::{Error, Unset},
};
use serde_json::json;
use tokio::{net::TcpListener, time::timeout};

use crate::support::{
    collector::{Collector, text},
    log::Captured,
    raw::{self, RawProvider},
    *,
};

const KEY: &str = "an-access-key-canary-of-the-tests";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A span's attributes, as a test expects them.
fn attributes(span: &Span, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| text(&span.attributes, name).unwrap_or_default()).collect()
}

fn status(span: &Span) -> i32 {
    span.status.as_ref().unwrap().code
}

/// A provider whose answer is always the same, and a proxy that sends its spans to the collector.
async fn with_provider(reply: String, collector: &Collector) -> (RawProvider, TestProxy) {
    let provider = RawProvider::answering(reply).await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    collector.of(&mut config);
    (provider, start(config).await)
}

fn tokens() -> String {
    raw::json("200 OK", r#"{"access_token":"a"}"#)
}

#[tokio::test]
async fn a_redeemed_code_is_a_span_of_the_request_with_one_of_the_provider_under_it() {
    let (collector, sandbox) = (Collector::start().await, sandbox().await);
    let mut config = config_for(&sandbox);
    collector.of(&mut config);
    let proxy = start(config).await;
    let reply = proxy.token(&redemption(&code(&sandbox).await)).await;
    assert_eq!(reply.status, 200);

    let spans = collector.spans_once(2).await;
    let [provider, request] = &spans[..] else { panic!() };
    assert_eq!((request.kind(), request.name.as_str()), (SpanKind::Server, "POST /oauth/token"));
    assert_eq!((provider.kind(), provider.name.as_str()), (SpanKind::Client, "POST"));
    assert_eq!(provider.trace_id, request.trace_id);
    assert_eq!(provider.parent_span_id, request.span_id);
    assert_eq!((request.parent_span_id.len(), request.trace_id.len(), request.span_id.len()), (0, 16, 8));
    assert!(request.start_time_unix_nano <= provider.start_time_unix_nano);
    assert!(provider.start_time_unix_nano < provider.end_time_unix_nano);
    assert!(provider.end_time_unix_nano <= request.end_time_unix_nano);
    assert_eq!((status(request), status(provider)), (Unset as i32, Unset as i32));

    let names = ["http.request.method", "http.route", "url.path", "url.scheme", "http.response.status_code"];
    assert_eq!(attributes(request, &names), ["POST", "/oauth/token", "/oauth/token", "http", "200"]);
    let names = ["keyferry.provider", "keyferry.grant", "keyferry.outcome", "client.address", "error.type"];
    assert_eq!(attributes(request, &names), ["sandbox", "authorization_code", "ok", "127.0.0.1", ""]);
    assert_eq!(attributes(request, &["network.protocol.version"]), ["1.1"]);
    assert_eq!(attributes(request, &["keyferry.request_id"]), [reply.header("x-request-id").unwrap()]);
    let names = ["server.address", "server.port", "http.response.status_code", "keyferry.provider"];
    let port = sandbox.base_url().rsplit_once(':').unwrap().1.trim_end_matches('/').to_owned();
    assert_eq!(attributes(provider, &names), ["127.0.0.1", &port, "200", "sandbox"]);
    assert_eq!(provider.attributes.len(), 6, "{:?}", provider.attributes);

    let export = &collector.exports()[0];
    assert_eq!(export.path, "/v1/traces");
    assert_eq!(export.headers["content-type"], "application/x-protobuf");
    let resource = export.resources()[0].resource.clone().unwrap().attributes;
    assert_eq!(text(&resource, "service.name").unwrap(), "keyferry-proxy");
    assert_eq!(text(&resource, "telemetry.sdk.language").unwrap(), "rust");
    assert_eq!(text(&resource, "service.instance.id").unwrap().len(), 32);
    until(async || proxy.metric("keyferry_proxy_spans_exported_total").await >= 2).await;
    assert_eq!(proxy.metric("keyferry_proxy_spans_dropped_total").await, 0);
}

#[tokio::test]
async fn a_refused_code_and_a_request_that_is_refused_here_are_told_apart() {
    let (collector, sandbox) = (Collector::start().await, sandbox().await);
    let mut config = config_for(&sandbox);
    collector.of(&mut config);
    let proxy = start(config).await;
    proxy.token(&redemption("unknown")).await;
    proxy.token(&redemption("unknown").as_object().map(|_| json!({ "provider": "nobody" })).unwrap()).await;
    proxy.get("/oauth/providers/canary").await;
    proxy.get("/canary").await;

    let spans = collector.spans_once(5).await;
    let names = ["http.response.status_code", "keyferry.outcome", "error.type"];
    assert_eq!(attributes(&spans[0], &names), ["400", "", "400"]);
    assert_eq!(status(&spans[0]), Error as i32);
    assert_eq!(attributes(&spans[1], &names), ["400", "provider_refused", ""]);
    assert_eq!(attributes(&spans[2], &names), ["404", "unknown_provider", ""]);
    assert!(spans[1..].iter().all(|span| status(span) == Unset as i32), "a caller's mistake is an error");
    assert_eq!(spans[3].name, "GET /oauth/providers/{name}");
    assert_eq!(attributes(&spans[3], &["url.path"]), [""]);
    assert_eq!(spans[4].name, "GET");
    assert_eq!(attributes(&spans[4], &["http.route", "url.path"]), ["", ""]);
}

#[tokio::test]
async fn a_failure_of_the_provider_is_an_error_of_both_spans() {
    let collector = Collector::start().await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (silent, _gate) = RawProvider::gated().await;
    let broken = RawProvider::answering_once("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{").await;
    let failing = RawProvider::answering(raw::json("500 Oh", "{}")).await;
    let away = silent.file("").replace(&silent.address.to_string(), &nobody.to_string());
    let files = [&away, &silent.file(""), &broken.file(""), &failing.file("")];
    let names = ["away", "silent", "broken", "failing"];
    let files: Vec<_> = names.iter().zip(&files).map(|(name, file)| (*name, file.as_str())).collect();
    let mut config = config(&files, "s");
    config.limits = short_limits();
    collector.of(&mut config);
    let proxy = start(config).await;
    for name in names {
        proxy.token(&refreshment(name, "r")).await;
    }

    let spans = collector.spans_once(8).await;
    let expected = [
        ("", "provider_unreachable", "502", "provider_unreachable"),
        ("", "provider_timeout", "504", "provider_timeout"),
        ("", "provider_broken", "502", "provider_broken"),
        ("500", "500", "502", "provider_status"),
    ];
    for (spans, (provider_status, provider_error, answered, error)) in spans.chunks(2).zip(expected) {
        let names = ["http.response.status_code", "error.type"];
        assert_eq!(attributes(&spans[0], &names), [provider_status, provider_error]);
        assert_eq!(attributes(&spans[1], &names), [answered, error]);
        assert_eq!((status(&spans[0]), status(&spans[1])), (Error as i32, Error as i32));
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_ends_its_span_and_the_exchange_its_own() {
    let collector = Collector::start().await;
    let (provider, gate) = RawProvider::gated().await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    collector.of(&mut config);
    let proxy = start(config).await;
    let url = proxy.url("/oauth/token");
    let request = tokio::spawn(http().post(url).json(&refreshment("acme", "r")).send());
    gate.asked().await;
    request.abort();
    let gone = collector.spans_once(1).await;
    let names = ["keyferry.outcome", "http.response.status_code", "error.type"];
    assert_eq!(attributes(&gone[0], &names), ["caller_gone", "", "caller_gone"]);
    gate.open.add_permits(1);
    let spans = collector.spans_once(2).await;
    assert_eq!(spans[1].parent_span_id, spans[0].span_id);
    assert_eq!(attributes(&spans[1], &names), ["", "200", ""]);
}

#[tokio::test]
async fn nothing_is_sent_where_no_trace_is_sampled() {
    let collector = Collector::start().await;
    let provider = RawProvider::answering(tokens()).await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    for (ratio, spans) in [(0.0, 0), (1.0, 2)] {
        collector.of(&mut config);
        let sampling = Sampling { ratio, parent_decides: true };
        config.traces = config.traces.map(|traces| keyferry_proxy::TraceExport { sampling, ..traces });
        let mut proxy = start(config.clone()).await;
        // Nor for one who asks for it.
        let traceparent = format!("00-{TRACE}-{SPAN}-01");
        let request = http().post(proxy.url("/oauth/token")).header("traceparent", traceparent);
        assert_eq!(send(request.json(&refreshment("acme", "r"))).await.status, 200);
        proxy.stop.cancel();
        timeout(SOON, &mut proxy.server).await.unwrap().unwrap();
        assert_eq!(collector.spans().len(), spans, "at {ratio}");
    }
}

#[tokio::test]
async fn the_trace_of_a_keys_holder_goes_on_here_and_a_strangers_is_only_linked() {
    let collector = Collector::start().await;
    let provider = RawProvider::answering(tokens()).await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    config.access = AccessKeys::parse(&format!("ada={KEY}")).unwrap();
    collector.of(&mut config);
    let proxy = start(config).await;
    let ask = async |key: Option<&str>, sampled: &str| {
        let request = http().post(proxy.url("/oauth/token"));
        let request = request.header("traceparent", format!("00-{TRACE}-{SPAN}-{sampled}"));
        let request = request.header("tracestate", "canary=1");
        let request = if let Some(key) = key { request.bearer_auth(key) } else { request };
        send(request.json(&refreshment("acme", "r"))).await.status
    };
    // One whose trace is not sampled is not recorded.
    assert_eq!(ask(Some(KEY), "00").await, 200);
    assert_eq!(ask(Some(KEY), "01").await, 200);
    let known = collector.spans_once(2).await;
    assert!(known.iter().all(|span| hex(&span.trace_id) == TRACE));
    assert_eq!(hex(&known[1].parent_span_id), SPAN);
    assert_eq!(attributes(&known[1], &["keyferry.caller"]), ["ada"]);
    assert!(known.iter().all(|span| span.links.is_empty()));

    for (key, sampled) in [(None, "01"), (Some("not-the-key-of-anyone-at-all"), "00")] {
        let before = collector.spans().len();
        assert_eq!(ask(key, sampled).await, 401);
        let spans = collector.spans_once(before + 1).await;
        let stranger = &spans[before];
        assert_ne!(hex(&stranger.trace_id), TRACE);
        assert!(stranger.parent_span_id.is_empty());
        let [link] = &stranger.links[..] else { panic!("{stranger:?}") };
        assert_eq!((hex(&link.trace_id), hex(&link.span_id)), (TRACE.to_owned(), SPAN.to_owned()));
    }
    assert!(collector.exports().iter().all(|export| !holds(&export.body, "canary")));
    let told = provider.requests();
    assert!(told.len() == 2 && told.iter().all(|request| !request.contains("traceparent")), "{told:?}");
}

fn holds(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

#[tokio::test]
async fn no_secret_reaches_the_collector_whether_things_work_or_fail() {
    let (collector, sandbox) = (Collector::start().await, sandbox().await);
    let echo = RawProvider::answering(raw::json(
        "400 Bad",
        r#"{"error":"invalid_grant","error_description":"canary-echo-1","access_token":"canary-echo-2"}"#,
    ))
    .await;
    let file = sandbox.provider_file();
    let secret = sandbox.client_secret().expose_secret();
    let mut config = config(&[("sandbox", &file), ("acme", &echo.file(""))], secret);
    config.access = AccessKeys::parse(&format!("ada={KEY}")).unwrap();
    config.sealing =
        Some(SealingKeys { current: SealingKey::new([7; 32]), previous: None, bare_until: None });
    config.limits.exchange = Duration::from_millis(1_500);
    collector.of(&mut config);
    let mut proxy = start(config).await;
    let post = async |path: &str, body: serde_json::Value| proxy.post_as(KEY, path, &body).await;

    let tokens = post("/oauth/token", redemption(&code(&sandbox).await)).await;
    let sealed = tokens.field("refresh_token");
    let renewed = post("/oauth/token", refreshment("sandbox", &sealed)).await.field("refresh_token");
    post("/oauth/token", refreshment("sandbox", &sealed)).await;
    for fault in [
        Fault::Html,
        Fault::DropAfter,
        Fault::Slow { milliseconds: 20_000 },
        Fault::Status { status: 503, retry_after: None },
        Fault::Redirect { location: "https://evil.test/?canary-location".to_owned() },
    ] {
        sandbox.faults().once(Target::Token, fault);
        post("/oauth/token", redemption(&code(&sandbox).await)).await;
    }
    post("/oauth/token", redemption("canary-unknown-code")).await;
    post("/oauth/revoke", json!({ "provider": "sandbox", "token": renewed })).await;
    post("/oauth/revoke", json!({ "provider": "acme", "token": "canary-access-token" })).await;
    post("/oauth/token", json!({ "provider": "canary-provider", "canary-name": "canary-value" })).await;
    post("/oauth/token?code=canary-query", redemption("canary-in-query")).await;
    proxy.post_as("canary-wrong-key", "/oauth/token", &redemption("canary-wrong")).await;
    proxy.get("/oauth/providers/canary-name?canary-query").await;
    proxy.get("/oauth/callback/sandbox?code=canary-code&state=canary-state").await;
    proxy.get("/canary-path").await;
    let odd = http().request("CANARY".parse().unwrap(), proxy.url("/oauth/token"));
    send(odd.header("user-agent", "canary-agent").header("host", "canary.example")).await;
    proxy.stop.cancel();
    timeout(SOON, &mut proxy.server).await.unwrap().unwrap();

    let sent: Vec<u8> = collector.exports().iter().flat_map(|export| export.body.to_vec()).collect();
    // The positive control: requests can be found by their ids.
    assert!(holds(&sent, tokens.header("x-request-id").unwrap()), "nothing was exported");
    assert!(collector.spans().len() > 25);
    assert!(!holds(&sent, KEY) && !holds(&sent, VERIFIER));
    let secrets = [sandbox.ledger(), vec![sealed, renewed]].concat();
    assert!(secrets.len() > 15);
    for secret in &secrets {
        let random = secret.strip_prefix("sbx_").and_then(|rest| rest.split_once('_')).map(|(_, rest)| rest);
        let random = random.or_else(|| Some(secret.rsplit_once('.')?.1)).unwrap_or(secret);
        let part = random.as_bytes().chunks(8).find(|part| holds(&sent, std::str::from_utf8(part).unwrap()));
        assert!(part.is_none_or(|part| part.len() < 8), "a part of a secret was exported");
    }
    assert!(!sent.to_ascii_lowercase().windows(6).any(|part| part == b"canary"));
}

#[tokio::test]
async fn the_environment_says_where_spans_go_and_a_file_what_is_sent_with_them() {
    let (log, _guard) = Captured::start();
    let collector = Collector::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("headers");
    std::fs::write(&path, "authorization=Bearer%20canary-1,x-team=a\n").unwrap();
    let variables = HashMap::from([
        ("KEYFERRY_PROXY_LISTEN", "127.0.0.1:0".to_owned()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}/otlp/", collector.address)),
        ("OTEL_EXPORTER_OTLP_HEADERS_FILE", path.to_str().unwrap().to_owned()),
        ("OTEL_SERVICE_NAME", "proxy of the tests".to_owned()),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test".to_owned()),
    ]);
    let lookup = |name: &str| variables.get(name).cloned();
    let mut config = ProxyConfig::from_environment(std::sync::Arc::default(), lookup).unwrap();
    config.traces.as_mut().unwrap().pause = Duration::from_millis(20);
    let bound = Proxy::bind(config).await.unwrap();
    let mut updates = bound.updates();
    let proxy = serve(bound);
    proxy.get("/health").await;
    collector.spans_once(1).await;
    let export = &collector.exports()[0];
    assert_eq!(export.path, "/otlp/v1/traces");
    assert_eq!(export.headers["authorization"], HeaderValue::from_static("Bearer canary-1"));
    assert_eq!(export.headers["x-team"], "a");
    let resource = export.resources()[0].resource.clone().unwrap().attributes;
    assert_eq!(text(&resource, "service.name").unwrap(), "proxy of the tests");
    assert_eq!(text(&resource, "deployment.environment.name").unwrap(), "test");

    std::fs::write(&path, "authorization=Bearer%20canary-2").unwrap();
    updates.reload(&keyferry_core::provider::ProviderSet::default(), lookup).unwrap();
    proxy.get("/health").await;
    collector.spans_once(2).await;
    assert_eq!(collector.exports()[1].headers["authorization"], "Bearer canary-2");
    assert!(log.text().contains("\"TRACE\"") && !log.text().contains("canary"));
}
