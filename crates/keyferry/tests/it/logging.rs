use crate::support::World;

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
