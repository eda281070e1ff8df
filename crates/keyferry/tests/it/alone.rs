use crate::support::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_works_without_a_running_app() {
    let world = World::new().await;
    let proxy = world.proxy();
    assert!(world.run(&["list"]).stdout.contains("No server is installed yet"));
    let installed = world.install().await;
    assert_eq!(installed.code, 0, "{}", installed.stderr);
    let called = world.run(&["call", "sandbox-notes", "add_note", r#"{"text": "alone"}"#]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    assert!(world.run(&["call", "sandbox-notes", "list_notes"]).stdout.contains("alone"));
    assert!(world.run(&["status"]).stdout.contains("not running"));
    let removed = world.run(&["uninstall", "sandbox-notes"]);
    assert_eq!(removed.code, 0, "{}", removed.stderr);
    proxy.end(&world);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_commands_at_once_share_the_data_folder() {
    let world = World::new().await;
    let children: Vec<_> = (0..6)
        .map(|_| {
            let mut command = world.command(&["list"]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in children {
        let ran = world.ran(child.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_is_not_there_is_told_with_what_to_do() {
    let world = World::new().await;
    let mut command = world.command(&["install", "sandbox-notes"]);
    let ran = world.ran(command.env("KEYFERRY_PROXY_URL", "http://127.0.0.1:9").output().unwrap());
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("keyferry proxy"), "{}", ran.stderr);
    world.end().await;
}
