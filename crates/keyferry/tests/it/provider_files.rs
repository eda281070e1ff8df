//! A proxy that runs, and provider files that come, break and go.

use std::fs;

use crate::support::{World, until};

const FILE: &str = r#"display_name = "Acme Tracker"
[authorization]
endpoint = "https://acme.example/authorize"
scopes = ["notes:read"]
[token]
endpoint = "https://acme.example/token"
[env]
ACME_ACCESS_TOKEN = "{access_token}"
"#;

/// What the proxy tells of the provider, in short: its status, whether it is configured, its name for people.
async fn told(url: &str, name: &str) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let reply = client.get(format!("{url}/oauth/providers/{name}")).send().await.unwrap();
    let status = reply.status().as_u16();
    let told: serde_json::Value = reply.json().await.unwrap();
    format!("{status} {} {}", told["configured"], told["display_name"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_proxy_serves_what_is_put_into_its_folder_with_the_credentials_of_its_start() {
    let world = World::new().await;
    fs::write(world.path(".env"), "ACME_CLIENT_ID=acme-client\nACME_CLIENT_SECRET=acme-canary\n").unwrap();
    let proxy = world.proxy_as_it_is();
    let (url, path) = (proxy.url.clone(), world.path("providers/acme.toml"));
    let becomes = |name: &str, expected: &str| {
        let runtime = tokio::runtime::Handle::current();
        let now = || tokio::task::block_in_place(|| runtime.block_on(told(&url, name)));
        until(expected, || now() == expected);
    };
    becomes("acme", "404 null null");
    fs::write(&path, FILE).unwrap();
    becomes("acme", "200 true \"Acme Tracker\"");
    fs::write(&path, FILE.replace("scopes", "scops")).unwrap();
    // Who has seen the later change has seen the earlier one.
    fs::write(world.path("providers/other.toml"), FILE).unwrap();
    becomes("other", "200 false \"Acme Tracker\"");
    becomes("acme", "200 true \"Acme Tracker\"");
    fs::write(&path, FILE.replace("Acme Tracker", "Acme")).unwrap();
    becomes("acme", "200 true \"Acme\"");
    fs::remove_file(&path).unwrap();
    becomes("acme", "404 null null");
    proxy.end(&world);
    world.end().await;
}
