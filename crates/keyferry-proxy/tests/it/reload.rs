//! Secrets that change while the proxy serves.

use std::collections::HashMap;

use keyferry_core::provider::{ProviderFile, ProviderSet};
use keyferry_proxy::{Proxy, ProxyConfig};

use crate::support::*;

const ADA: &str = "the-access-key-of-ada-0123456789";
const BOB: &str = "the-access-key-of-bob-0123456789";
const ONE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const TWO: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

type Variables = HashMap<&'static str, String>;

fn variables(set: &[(&'static str, &str)]) -> Variables {
    set.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

fn read(variables: &Variables) -> impl Fn(&str) -> Option<String> {
    |name| variables.get(name).cloned()
}

#[tokio::test]
async fn keys_clients_and_sealing_keys_change_and_no_sign_in_is_lost() {
    let sandbox = sandbox().await;
    let secret = sandbox.client_secret();
    let providers = config_for(&sandbox).providers;
    let mut now = variables(&[
        ("SANDBOX_CLIENT_ID", "keyferry-sandbox"),
        ("SANDBOX_CLIENT_SECRET", "not-the-secret"),
        ("KEYFERRY_PROXY_ACCESS_KEYS", &format!("ada={ADA}")),
        ("KEYFERRY_PROXY_SEALING_KEY", ONE),
        ("KEYFERRY_PROXY_LISTEN", "127.0.0.1:0"),
    ]);
    let config = ProxyConfig::from_environment(providers.clone(), read(&now)).unwrap();
    let bound = Proxy::bind(config).await.unwrap();
    let mut updates = bound.updates();
    let proxy = serve(bound);
    let redeem =
        async |key: &str| proxy.post_as(key, "/oauth/token", &redemption(&code(&sandbox).await)).await;
    assert_eq!(redeem(ADA).await.error(), error(401, "invalid_client"));

    now.insert("SANDBOX_CLIENT_SECRET", secret.expose_secret().to_owned());
    updates.reload(&providers, read(&now)).unwrap();
    let token = redeem(ADA).await.field("refresh_token");
    assert_eq!(redeem(BOB).await.status, 401);

    now.insert("KEYFERRY_PROXY_SEALING_KEY", TWO.to_owned());
    now.insert("KEYFERRY_PROXY_PREVIOUS_SEALING_KEY", ONE.to_owned());
    now.insert("KEYFERRY_PROXY_ACCESS_KEYS", format!("ada={ADA} bob={BOB}"));
    updates.reload(&providers, read(&now)).unwrap();
    let refreshed = proxy.post_as(ADA, "/oauth/token", &refreshment("sandbox", &token)).await;
    let newer = refreshed.field("refresh_token");
    assert_ne!(newer.split('.').nth(1), token.split('.').nth(1), "it is not sealed under the new key");
    assert_eq!(redeem(BOB).await.status, 200);

    now.insert("KEYFERRY_PROXY_ACCESS_KEYS", format!("bob={BOB}"));
    updates.reload(&providers, read(&now)).unwrap();
    assert_eq!(redeem(ADA).await.status, 401, "a key that was revoked still opens");
}

#[tokio::test]
async fn a_slip_in_the_settings_changes_nothing() {
    let sandbox = sandbox().await;
    let providers = config_for(&sandbox).providers;
    let good = variables(&[
        ("SANDBOX_CLIENT_ID", "keyferry-sandbox"),
        ("SANDBOX_CLIENT_SECRET", sandbox.client_secret().expose_secret()),
        ("KEYFERRY_PROXY_ACCESS_KEYS", &format!("ada={ADA}")),
        ("KEYFERRY_PROXY_SEALING_KEY", ONE),
        ("KEYFERRY_PROXY_LISTEN", "127.0.0.1:0"),
    ]);
    let bound =
        Proxy::bind(ProxyConfig::from_environment(providers.clone(), read(&good)).unwrap()).await.unwrap();
    let mut updates = bound.updates();
    let proxy = serve(bound);
    for (variable, value) in
        [("KEYFERRY_PROXY_ACCESS_KEYS", "bob=short"), ("KEYFERRY_PROXY_SEALING_KEY", "short")]
    {
        let mut bad = good.clone();
        bad.insert(variable, value.to_owned());
        bad.insert("SANDBOX_CLIENT_SECRET", "not-the-secret".to_owned());
        let error = updates.reload(&providers, read(&bad)).unwrap_err().to_string();
        assert!(error.starts_with(variable) && !error.contains("short"), "{error}");
    }
    // A file that is put into place before its owner is right.
    let mut unreadable = good.clone();
    unreadable.remove("SANDBOX_CLIENT_SECRET");
    unreadable.insert("SANDBOX_CLIENT_SECRET_FILE", "/nowhere/secret".to_owned());
    let mut unusable = good.clone();
    unusable.insert("SANDBOX_ALLOWED_HOSTS", "https://a path".to_owned());
    for (bad, named) in [(unreadable, "/nowhere/secret"), (unusable, "SANDBOX_ALLOWED_HOSTS")] {
        let error = updates.reload(&providers, read(&bad)).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
        let mut changed = ProviderSet::default();
        let text = format!("# changed\n{}", sandbox.provider_file());
        changed.insert(ProviderFile::parse("sandbox".parse().unwrap(), "sandbox.toml", &text).unwrap().file);
        updates.replace(&changed, read(&bad));
        let reply = proxy.post_as(ADA, "/oauth/token", &redemption(&code(&sandbox).await)).await;
        assert_eq!(reply.status, 200, "the client that it had is gone");
    }
    let mut gone = good.clone();
    gone.remove("KEYFERRY_PROXY_SEALING_KEY");
    updates.reload(&providers, read(&gone)).unwrap();
    let reply = proxy.post_as(ADA, "/oauth/token", &redemption(&code(&sandbox).await)).await;
    assert!(
        reply.field("refresh_token").starts_with("kfr1."),
        "a sealing key that is gone from a file let tokens out bare"
    );
    gone.remove("KEYFERRY_PROXY_ACCESS_KEYS");
    updates.reload(&providers, read(&gone)).unwrap();
    assert_eq!(proxy.post_as(ADA, "/oauth/providers", &refreshment("x", "y")).await.status, 405);
    assert_eq!(
        send(http().get(proxy.url("/oauth/providers"))).await.status,
        401,
        "no key any more let anyone in"
    );
}
