//! `keyferry sandbox serve` in the place of a service, as `docs/adding-providers.md` says at its end.

use std::fs;

use crate::support::{Service, World};

const PROVIDER: &str = r#"display_name = "Acme Tracker"
[authorization]
endpoint = "BASE/authorize"
scopes = ["notes:read", "notes:write", "offline_access"]
[token]
endpoint = "BASE/token"
[env]
SANDBOX_ACCESS_TOKEN = "{access_token}"
"#;

const MANIFEST: &str = r#"{
  "name": "acme-tracker",
  "archestra_config": { "oauth": { "provider": "acme", "required": true } },
  "server": {
    "type": "local", "command": "keyferry", "args": ["sandbox", "notes"], "env": { "SANDBOX_API_URL": "BASE/api" }
  }
}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sandbox_stands_in_for_a_service_that_is_added() {
    let world = World::new().await;
    let mut sandbox =
        Service::start(world.command(&["sandbox", "serve", "--provider", "acme", "--listen", "127.0.0.1:0"]));
    assert_eq!(sandbox.line(), "For the proxy's .env:\n");
    let credentials = [sandbox.line(), sandbox.line()].concat();
    let secret = credentials.trim_end().rsplit('=').next().unwrap().to_owned();
    fs::write(world.path(".env"), &credentials).unwrap();
    fs::write(world.path("providers/acme.toml"), PROVIDER.replace("BASE", &sandbox.url)).unwrap();
    fs::write(world.path("acme.json"), MANIFEST.replace("BASE", &sandbox.url)).unwrap();
    let proxy = world.proxy_as_it_is();
    let installed = world.install_as(&["install", "./acme.json"], true).await;
    assert_eq!(installed.code, 0, "{}", installed.stderr);
    let called = world.run(&["call", "acme-tracker", "whoami"]);
    assert!(called.stdout.contains("Ada Lovelace"), "{}{}", called.stdout, called.stderr);
    for printed in [&installed.stdout, &installed.stderr, &called.stdout, &called.stderr] {
        assert!(!printed.contains(&secret), "{printed}");
    }

    proxy.end(&world);
    assert_eq!(sandbox.end(&world), 0);
    world.end().await;
}
