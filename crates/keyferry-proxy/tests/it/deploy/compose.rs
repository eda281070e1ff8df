//! `deploy/compose.yaml`: podman-compose takes it, its secrets are where its variables say, and a proxy starts with them.

use std::{collections::BTreeMap, time::Duration};

use keyferry_proxy::Limits;
use serde_json::Value;

use super::{
    started::Environment,
    yaml::{documents, program, run},
};

const FILE: &str = "deploy/compose.yaml";
fn compose() -> Option<Value> {
    documents(FILE).map(|documents| documents.into_iter().next().unwrap())
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn podman_compose_takes_the_file_as_it_is() {
    let Some(podman_compose) = program("podman-compose") else { return };
    let told = run(&podman_compose, &["-f", FILE, "config"]);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let text = String::from_utf8(told.stdout).unwrap();
    for part in ["read_only: true", "no-new-privileges:true", "127.0.0.1:7666:7666"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn every_service_that_is_named_is_there_and_closed() {
    let Some(compose) = compose() else { return };
    let services = compose["services"].as_object().unwrap();
    let proxy = &services["proxy"];
    assert!(names(&proxy["depends_on"]).iter().all(|name| services.contains_key(name)));
    let store = proxy["environment"]["KEYFERRY_PROXY_STORE_URL"].as_str().unwrap();
    let host = store.strip_prefix("redis://").unwrap().split(':').next().unwrap();
    assert!(services.contains_key(host), "{host}");
    for (name, service) in services {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(names(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(names(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        // Without a capability nothing that begins as root becomes somebody else.
        let user = service["user"].as_str().unwrap_or_default().split(':').next().unwrap();
        assert!(user.parse::<u32>().is_ok_and(|user| user > 0), "{name}: {user}");
    }
    // The gateway, which all callers come from, is in the network and trusted.
    let network = &compose["networks"]["default"]["ipam"]["config"][0]["subnet"];
    assert!(network.is_string());
    assert_eq!(proxy["environment"]["KEYFERRY_PROXY_TRUSTED_PROXIES"], *network);
    let given: u64 = proxy["stop_grace_period"].as_str().unwrap().strip_suffix('s').unwrap().parse().unwrap();
    assert!(Duration::from_secs(given) > Limits::default().shutdown * 2);
}

#[tokio::test]
async fn a_proxy_starts_with_what_the_file_gives_it() {
    let Some(compose) = compose() else { return };
    let proxy = &compose["services"]["proxy"];
    let variables = proxy["environment"].as_object().unwrap().iter().map(|(name, value)| {
        let value = value.as_str().unwrap();
        // What the person sets is anything.
        let value = if value.starts_with("${") { "something" } else { value };
        (name.clone(), value.to_owned())
    });
    let variables: BTreeMap<_, _> = variables.collect();
    // The folder, never a file: one whose place another takes would be seen on, with the keys that were revoked.
    let [volume] = &names(&proxy["volumes"])[..] else { panic!("{proxy}") };
    let mount = volume.strip_prefix("../secrets:").unwrap().strip_suffix(":ro").unwrap();
    let files = variables.iter().filter(|(variable, _)| variable.ends_with("_FILE"));
    let secrets = files.map(|(_, path)| path.strip_prefix(mount).unwrap().trim_start_matches('/').to_owned());
    let mounted = (mount.to_owned(), secrets.collect());
    let environment = Environment { variables, mounted };
    assert_eq!(environment.start().await.get("/ready").await.status, 200);
}
