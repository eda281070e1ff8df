//! Providers that leave the host to the person: where the proxy sends its secret is known before the person is asked for anything.

use serde_json::{Value, json};

use super::plain;
use crate::support::World;

fn at_gitlab() -> Value {
    let mut manifest = plain("notes", &["echo"]);
    manifest["archestra_config"] = json!({ "oauth": { "provider": "gitlab", "required": true } });
    manifest
}

#[tokio::test]
async fn a_host_that_the_proxy_sends_no_secret_to_is_refused_before_the_person_is_asked() {
    let world = World::start().await;
    let begin = |host: &str| json!({ "manifest": { "inline": at_gitlab() }, "config": { "host": host } });
    for (host, why) in
        [("git.other.example", "did not list that host"), ("router.local", "of the own network")]
    {
        let (_, install) = world.app.post("/api/v1/installs", begin(host)).await;
        let mut over = install;
        while over["state"] == "working" {
            over = world.app.newer(&over).await;
        }
        assert_eq!(over["error"]["error"], "host_not_allowed", "{over}");
        assert!(over["error"]["message"].as_str().unwrap().contains(why), "{over}");
        let hint = over["error"]["hint"].as_str().unwrap();
        assert!(hint.contains(&format!("GITLAB_ALLOWED_HOSTS={host}")), "{hint}");
        assert!(over["authorization_url"].is_null(), "{over}");
    }
    for host in ["gitlab.com", "git.corp.example", "git.local"] {
        let (_, install) = world.app.post("/api/v1/installs", begin(host)).await;
        let waiting = world.app.waiting_for_person(install).await;
        let url = waiting["authorization_url"].as_str().unwrap();
        assert!(url.starts_with(&format!("https://{host}/oauth/authorize?")), "{url}");
        world.app.delete(&format!("/api/v1/installs/{}", waiting["id"].as_str().unwrap())).await;
    }
    let (_, shown) = world.app.get("/api/v1/providers/gitlab").await;
    assert_eq!(shown["allowed_hosts"], json!(["git.corp.example", "git.local"]));
    let (_, list) = world.app.get("/api/v1/providers").await;
    let hosts = |name: &str| {
        let all = list["providers"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap()["allowed_hosts"].clone()
    };
    assert_eq!((hosts("gitlab"), hosts("sandbox")), (shown["allowed_hosts"].clone(), Value::Null));
    world.end().await;
}

#[tokio::test]
async fn what_the_provider_asks_for_and_is_given_as_a_setting_is_led_to_its_place() {
    let world = World::start().await;
    let request =
        json!({ "manifest": { "inline": at_gitlab() }, "settings": { "host": "git.corp.example" } });
    let (_, refused) = world.app.post("/api/v1/installs", request).await;
    assert_eq!(refused["error"], "bad_settings", "{refused}");
    assert!(refused["hint"].as_str().unwrap().contains("--config host=VALUE"), "{refused}");
    world.end().await;
}
