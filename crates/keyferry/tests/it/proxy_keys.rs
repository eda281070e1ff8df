//! Access keys from end to end: made, used, taken away, beside a proxy that runs.

#![cfg(unix)]

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::support::{Service, World, hangup};

/// Asks the proxy as the holder of a key.
async fn status(proxy: &Service, key: &str) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let reply = client.get(format!("{}/oauth/providers", proxy.url)).bearer_auth(key).send().await.unwrap();
    reply.status().as_u16()
}

/// Waits until the proxy answers so.
async fn until(proxy: &Service, key: &str, expected: u16) {
    let begun = Instant::now();
    while status(proxy, key).await != expected {
        assert!(begun.elapsed() < Duration::from_secs(30), "the proxy did not notice");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn add(world: &World, name: &str) -> String {
    let made = world.json(&["proxy", "keys", "add", name, "--file", "access_keys"]);
    let key = made["key"].as_str().unwrap().to_owned();
    assert!(!fs::read_to_string(world.path("access_keys")).unwrap().contains(&key));
    key
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_made_opens_and_one_that_is_revoked_does_not() {
    let world = World::new().await;
    let ada = add(&world, "ada");
    let secret = world.sandbox.client_secret().expose_secret();
    let settings = format!(
        "SANDBOX_CLIENT_ID={}\nSANDBOX_CLIENT_SECRET={secret}\nKEYFERRY_PROXY_ACCESS_KEYS_FILE=access_keys\n",
        world.sandbox.client_id()
    );
    fs::write(world.path(".env"), settings).unwrap();
    let proxy = world.proxy_as_it_is();
    assert_eq!((status(&proxy, &ada).await, status(&proxy, "nobody").await), (200, 401));

    let bob = add(&world, "bob");
    hangup(proxy.pid());
    until(&proxy, &bob, 200).await;
    let listed = world.json(&["proxy", "keys", "list", "--file", "access_keys"]);
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ada", "bob"]);
    assert!(!listed.to_string().contains(&ada));

    // By itself, within seconds.
    assert_eq!(world.json(&["proxy", "keys", "revoke", "ada", "--file", "access_keys"])["revoked"], 1);
    until(&proxy, &ada, 401).await;
    assert_eq!(status(&proxy, &bob).await, 200);
    let id = listed[1]["id"].as_str().unwrap();
    world.json(&["proxy", "keys", "revoke", id, "--file", "access_keys"]);
    until(&proxy, &bob, 401).await;
    assert_eq!(status(&proxy, "").await, 401, "without keys the proxy lets anyone in");
    assert_eq!(proxy.end(&world), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slip_about_keys_says_what_to_do() {
    let world = World::new().await;
    let table: [(&[&str], i32, &str); 4] = [
        (&["proxy", "keys", "list"], 2, "KEYFERRY_PROXY_ACCESS_KEYS_FILE"),
        (&["proxy", "keys", "add", "Ada", "--file", "k"], 2, "1 to 64 of a-z"),
        (&["proxy", "keys", "add", "ada", "--rate", "many", "--file", "k"], 2, "600/m"),
        (&["proxy", "keys", "revoke", "ada", "--file", "k"], 1, "no key has this name"),
    ];
    for (arguments, code, told) in table {
        let ran = world.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?} {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{arguments:?} {}", ran.stderr);
    }
    assert!(!world.path("k").exists());
}
