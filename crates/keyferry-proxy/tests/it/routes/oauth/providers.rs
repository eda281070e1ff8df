//! `/oauth/providers`

use std::sync::Arc;

use keyferry_core::provider::{HostPattern, ProviderFile};

use crate::support::*;

#[tokio::test]
async fn a_provider_is_shown_with_all_that_a_sign_in_needs_and_no_secret() {
    let (sandbox, proxy) = pair().await;
    let reply = proxy.get("/oauth/providers/sandbox").await;
    let base = sandbox.base_url();
    let file = ProviderFile::parse("sandbox".parse().unwrap(), "x", &sandbox.provider_file()).unwrap().file;
    let env: Vec<_> = file.env.keys().map(ToString::to_string).collect();
    let expected = serde_json::json!({
        "name": "sandbox",
        "display_name": "Sandbox",
        "categories": [],
        "configured": true,
        "client_id": "keyferry-sandbox",
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "revocation_endpoint": format!("{base}/revoke"),
        "issuer": base,
        "scopes": ["notes:read", "notes:write", "offline_access"],
        "pkce": "S256",
        "env": env,
        "file": sandbox.provider_file(),
    });
    assert_eq!(reply.json(), expected);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let list = proxy.get("/oauth/providers").await;
    assert_eq!(list.json()["providers"], serde_json::json!([expected]));
    let secret = sandbox.client_secret().expose_secret();
    assert!(!list.text().contains(secret) && !reply.text().contains(secret));
}

#[tokio::test]
async fn a_provider_without_credentials_is_listed_as_not_configured_and_refused() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    let file = "display_name = \"B\"\nclient_id = \"public\"\n[authorization]\nendpoint = \"https://b.example/a\"\n[token]\nendpoint = \"https://b.example/t\"\n";
    let mut set = (*config.providers).clone();
    set.insert(ProviderFile::parse("b-b".parse().unwrap(), "b", file).unwrap().file);
    config.providers = Arc::new(set);
    let proxy = start(config).await;
    let list = proxy.get("/oauth/providers").await.json();
    let shown: Vec<_> =
        list["providers"].as_array().unwrap().iter().map(|p| (&p["name"], &p["configured"])).collect();
    assert_eq!(serde_json::json!(shown), serde_json::json!([["b-b", false], ["sandbox", true]]));
    assert_eq!(proxy.get("/oauth/providers/b-b").await.json()["client_id"], "public");
    let reply = proxy.token(&refreshment("b-b", "t")).await;
    assert_eq!(reply.error(), error(400, "unauthorized_client"));
    assert!(reply.text().contains("B_B_CLIENT_ID and B_B_CLIENT_SECRET"));
}

#[tokio::test]
async fn where_a_person_names_the_host_it_is_told_which_ones_get_the_secret_and_why_another_does_not() {
    let file = "display_name = \"B\"\n[authorization]\nendpoint = \"https://{config.host}/a\"\n[token]\nendpoint = \"https://{config.host}/t\"\n[config.host]\npattern = \"[a-z.]+\"\n";
    let mut config = config(&[("acme", file)], "s3cret");
    for host in ["git.local", "*.team.example"] {
        config.credentials.allow_host("acme".parse().unwrap(), HostPattern::listed(host).unwrap());
    }
    let proxy = start(config).await;
    let shown = proxy.get("/oauth/providers/acme").await.json();
    assert_eq!(shown["allowed_hosts"], serde_json::json!(["git.local", "*.team.example"]));
    for (host, told) in [("evil.test", "that host"), ("printer.local", "one of the own network")] {
        let mut body = refreshment("acme", "t");
        body["config"] = serde_json::json!({ "host": host });
        let reply = proxy.token(&body).await;
        assert_eq!((reply.status, &reply.json()["reason"]), (400, &"host".into()), "{}", reply.text());
        assert!(reply.text().contains(told), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_name_that_is_not_known_is_404_whatever_it_is() {
    let (_sandbox, proxy) = pair().await;
    let long = "a".repeat(5_000);
    let first = proxy.get("/oauth/providers/nobody").await;
    assert_eq!(first.error(), error(404, "invalid_request"));
    for name in ["PATH", "..%2Fx", "AWS", "%00", "%ff", "Sandbox", "sandbox%20", &long] {
        let reply = proxy.get(&format!("/oauth/providers/{name}")).await;
        assert_eq!((reply.status, reply.body), (404, first.body.clone()), "{name}");
    }
}
