use crate::support::{Service, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_looks_like_a_secret_is_masked_where_the_log_leaves_the_program() {
    let world = World::new().await;
    let folder = world.path("token=canary-0123456789");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("acme.toml"), "no provider file").unwrap();
    let mut command = world.command(&["provider", "list"]);
    command.env("KEYFERRY_PROVIDERS", &folder);
    let ran = world.ran(command.output().unwrap());
    let log: Vec<_> = ran.stderr.lines().filter(|line| line.starts_with('{')).collect();
    let left_out = log.iter().find(|line| line.contains("a provider file is left out"));
    let left_out = left_out.unwrap_or_else(|| panic!("{}", ran.stderr));
    assert!(left_out.contains("token=[redacted]"), "{left_out}");
    assert!(log.iter().all(|line| !line.contains("canary")), "{log:?}");
    world.end().await;
}

/// Every write to `/dev/full` fails as on a full disk.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_can_not_be_written_stops_neither_proxy_nor_app() {
    let world = World::new().await;
    for part in ["proxy", "app"] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = world.command(&[part]);
        command.env("KEYFERRY_PROXY_LISTEN", "127.0.0.1:0");
        let service = Service::start_with_log(command, full.into());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for _ in 0..2 {
            let reply = client.get(format!("{}/nowhere", service.url)).send().await;
            assert!(reply.unwrap().status().is_client_error(), "{part}");
        }
        assert_eq!(service.end(&world), 0, "{part}");
    }
    world.end().await;
}
