use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use crate::support::{Service, World, after, kill, left_over, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_app_leaves_no_server_and_the_next_start_is_clean() {
    let world = World::new().await;
    let proxy = world.proxy();
    let app = world.app();
    world.install().await;
    let pid = world.json(&["status", "sandbox-notes"])["pid"].as_u64().unwrap();
    let lives = |pid: u64| fs::metadata(format!("/proc/{pid}")).is_ok();
    assert!(lives(pid));
    kill(app.pid());
    app.wait(&world);
    until("the server has ended", || !lives(pid));
    until("only the proxy is left", || left_over(world.home.path()) == [proxy.pid()]);

    let app = world.app();
    until("the server runs again", || world.json(&["status", "sandbox-notes"])["state"] == "running");
    assert_eq!(world.run(&["call", "sandbox-notes", "whoami"]).code, 0);
    assert_eq!(app.end(&world), 0);
    proxy.end(&world);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_app_on_the_same_folder_is_refused_and_told_where_the_first_is() {
    let world = World::new().await;
    let app = world.app();
    let second = world.run(&["app"]);
    assert_eq!(second.code, 1);
    let address = app.url.trim_start_matches("http://");
    assert!(second.stderr.contains(address), "{} in {}", address, second.stderr);
    assert_eq!(app.end(&world), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_taken_is_told_with_what_to_do() {
    let world = World::new().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for command in [["app", "--listen", &address], ["proxy", "--listen", &address]] {
        let ran = world.run(&command);
        assert_eq!(ran.code, 1, "{command:?}");
        assert!(ran.stderr.contains(&address) && ran.stderr.contains("--listen"), "{}", ran.stderr);
    }
    world.end().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_can_not_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new().await;
    // A file where the folder should be stops every user, the superuser too.
    fs::write(world.path("data"), "").unwrap();
    let ran = world.run(&["list"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("KEYFERRY_HOME"), "{}", ran.stderr);
    fs::remove_file(world.path("data")).unwrap();
    fs::create_dir(world.path("data")).unwrap();
    fs::set_permissions(world.path("data"), fs::Permissions::from_mode(0o777)).unwrap();
    let ran = world.run(&["list"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("chmod"), "{}", ran.stderr);
    world.end().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_app_nor_server_can_dump_its_memory() {
    let world = World::new().await;
    let proxy = world.proxy();
    let app = world.app();
    world.install().await;
    let server = world.json(&["status", "sandbox-notes"])["pid"].as_u64().unwrap();
    for pid in [u64::from(app.pid()), u64::from(proxy.pid()), server] {
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    }
    app.end(&world);
    proxy.end(&world);
    world.end().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_no_umask_at_all_the_data_folder_is_still_closed_to_others() {
    let world = World::new().await;
    let proxy = world.proxy();
    let app = Service::start(after("umask 000", &world.command(&["app"])));
    world.install().await;
    let mut open = Vec::new();
    find_open(&world.path("data"), &mut open);
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(app.end(&world), 0);
    proxy.end(&world);
    world.end().await;
}

/// The files and folders from here on that others may read, write or enter.
#[cfg(unix)]
fn find_open(path: &Path, open: &mut Vec<PathBuf>) {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = fs::symlink_metadata(path).unwrap();
    if metadata.permissions().mode() & 0o077 != 0 {
        open.push(path.to_owned());
    }
    for entry in
        if metadata.is_dir() { Some(fs::read_dir(path).unwrap()) } else { None }.into_iter().flatten()
    {
        find_open(&entry.unwrap().path(), open);
    }
}
