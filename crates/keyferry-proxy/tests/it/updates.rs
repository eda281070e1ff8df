//! Providers that come, change and go while the proxy serves.

use keyferry_core::provider::{ProviderFile, ProviderSet};
use keyferry_proxy::{ProviderUpdates, Proxy, ProxyConfig};
use tokio_util::sync::CancellationToken;

use crate::support::{raw::RawProvider, *};

fn set(files: &[(&str, &str)]) -> ProviderSet {
    let mut set = ProviderSet::default();
    for (name, text) in files {
        set.insert(ProviderFile::parse(name.parse().unwrap(), name, text).unwrap().file);
    }
    set
}

#[tokio::test]
async fn a_provider_that_comes_later_finds_its_credentials_and_one_that_goes_is_unknown() {
    let sandbox = sandbox().await;
    let (proxy, mut updates) = start_updated(config_for(&sandbox)).await;
    let text = sandbox.provider_file();
    let lookup = |name: &str| match name {
        "LATER_CLIENT_ID" => Some("later".to_owned()),
        "LATER_CLIENT_SECRET" => Some("a secret of the tests".to_owned()),
        _ => None,
    };
    updates.replace(&set(&[("sandbox", &text), ("later", &text)]), lookup);
    assert_eq!(proxy.get("/oauth/providers/later").await.json()["client_id"], "later");
    // Its file is as before: so is its client, of which `lookup` knows nothing.
    assert_eq!(proxy.get("/oauth/providers/sandbox").await.json()["configured"], true);
    let reply = proxy.token(&redemption(&code(&sandbox).await)).await;
    let refresh_token = reply.field("refresh_token");

    updates.replace(&set(&[("later", &text.replace("\"Sandbox\"", "\"Changed\""))]), lookup);
    assert_eq!(proxy.get("/oauth/providers/later").await.json()["display_name"], "Changed");
    assert_eq!(proxy.get("/oauth/providers/sandbox").await.status, 404);
    assert_eq!(proxy.token(&refreshment("sandbox", &refresh_token)).await.status, 404);
}

#[tokio::test]
async fn an_exchange_under_way_ends_with_the_file_that_it_began_with() {
    let (provider, gate) = RawProvider::gated().await;
    let (proxy, mut updates) = start_updated(config(&[("acme", &provider.file(""))], "s")).await;
    let request = tokio::spawn(http().post(proxy.url("/oauth/token")).json(&refreshment("acme", "r")).send());
    gate.asked().await;
    updates.replace(&ProviderSet::default(), |_| None);
    assert_eq!(proxy.get("/oauth/providers/acme").await.status, 404);
    gate.open.add_permits(1);
    assert_eq!(request.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_changed_file_gives_its_provider_no_second_share_of_exchanges() {
    let (provider, gate) = RawProvider::gated().await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    config.limits.exchanges_per_provider = 1;
    let (proxy, mut updates) = start_updated(config).await;
    let request = tokio::spawn(http().post(proxy.url("/oauth/token")).json(&refreshment("acme", "r")).send());
    gate.asked().await;
    let changed = format!("# changed\n{}", provider.file(""));
    let lookup = |name: &str| Some(if name.ends_with("_CLIENT_ID") { "id" } else { "s" }.to_owned());
    updates.replace(&set(&[("acme", &changed)]), |name| {
        lookup(name).filter(|_| name.starts_with("ACME_CLIENT") && !name.ends_with("_FILE"))
    });
    assert_eq!(proxy.get("/oauth/providers/acme").await.json()["file"], changed);
    assert_eq!(proxy.token(&refreshment("acme", "other")).await.status, 503);
    gate.open.add_permits(2);
    assert_eq!(request.await.unwrap().unwrap().status(), 200);
}

async fn start_updated(config: ProxyConfig) -> (TestProxy, ProviderUpdates) {
    let proxy = Proxy::bind(config).await.unwrap();
    let updates = proxy.updates();
    let (address, metrics_address) = (proxy.address(), proxy.metrics_address());
    let stop = CancellationToken::new();
    let server = tokio::spawn(proxy.serve(stop.clone().cancelled_owned()));
    (TestProxy { address, metrics_address, stop, server }, updates)
}
