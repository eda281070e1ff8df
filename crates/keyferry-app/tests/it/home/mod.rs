//! The data folder and its one owner.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
};

use keyferry_app::home::find_running;

use crate::support::{TestApp, boot_in, refused, settings};

#[tokio::test]
async fn a_running_app_is_found_and_answers_its_token_alone() {
    let app = TestApp::start().await;
    let running = find_running(&app.data_folder()).unwrap().unwrap();
    assert_eq!(running.address, app.app.address());
    assert_eq!(running.pid, std::process::id());
    assert_eq!(running.token.expose_secret(), app.app.api_token().expose_secret());
    let folder = app.shutdown().await;
    assert!(find_running(&folder.path().join("data")).unwrap().is_none());
}

#[tokio::test]
async fn a_second_app_is_refused_and_told_where_the_first_is() {
    let app = TestApp::start().await;
    let error = refused(settings(app.folder.path())).await;
    assert_eq!(error.code(), "already_running");
    assert!(error.to_string().contains(&app.app.address().to_string()), "{error}");
    assert!(error.hint().contains("KEYFERRY_HOME"), "{}", error.hint());
    let folder = app.shutdown().await;
    let next = boot_in(folder).await;
    next.shutdown().await;
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it_unless_any_will_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path());
    settings.listen = taken.local_addr().unwrap();
    let error = refused(settings.clone()).await;
    assert_eq!(error.code(), "port_taken");
    assert!(error.to_string().contains(&settings.listen.to_string()), "{error}");
    assert!(error.hint().contains("--listen"), "{}", error.hint());
    assert!(find_running(&settings.data_folder).unwrap().is_none());
    let app = TestApp::boot(folder, settings.clone(), |parts| parts.alone = true).await;
    assert_ne!(app.app.address(), settings.listen);
    app.shutdown().await;
}

#[tokio::test]
async fn a_data_folder_that_can_not_be_written_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let mut below_a_file = settings(folder.path());
    below_a_file.data_folder = folder.path().join("file/data");
    let error = refused(below_a_file).await;
    assert_eq!(error.code(), "data_folder_unusable");
    assert!(error.hint().contains("KEYFERRY_HOME"), "{}", error.hint());

    // Root writes where the mode forbids it; there the folder can't be made read-only this way.
    if rustix::process::geteuid().is_root() {
        return;
    }
    let read_only = settings(folder.path());
    fs::create_dir(&read_only.data_folder).unwrap();
    fs::set_permissions(&read_only.data_folder, fs::Permissions::from_mode(0o500)).unwrap();
    assert_eq!(refused(read_only).await.code(), "data_folder_unusable");
}

#[tokio::test]
async fn a_data_folder_open_to_others_is_refused_with_the_command_to_close_it() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    fs::create_dir(&settings.data_folder).unwrap();
    fs::set_permissions(&settings.data_folder, fs::Permissions::from_mode(0o777)).unwrap();
    let error = refused(settings).await;
    assert_eq!(error.code(), "data_folder_unsafe");
    assert!(error.hint().contains("chmod 700"), "{}", error.hint());
}

#[tokio::test]
async fn what_a_killed_app_left_behind_does_not_hinder_the_next() {
    let app = TestApp::start().await;
    let folder = app.shutdown().await;
    let stale = r#"{"pid":1,"address":"127.0.0.1:1","version":"0.0.0"}"#;
    fs::write(folder.path().join("data/app.json"), stale).unwrap();
    let next = boot_in(folder).await;
    let running = find_running(&next.data_folder()).unwrap().unwrap();
    assert_eq!(running.address, next.app.address());
    next.shutdown().await;
}

#[tokio::test]
async fn everything_in_the_data_folder_is_closed_to_others() {
    let app = TestApp::start().await;
    for name in ["app.lock", "app.json", "api-token"] {
        let mode = fs::metadata(app.data_folder().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    assert_eq!(fs::metadata(app.data_folder()).unwrap().permissions().mode() & 0o777, 0o700);
    app.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_does_not_wait_for_a_connection_that_says_nothing() {
    let app = TestApp::start().await;
    let mut idle = open(app.app.address());
    idle.write_all(b"GET /health HTTP/1.1\r\n").unwrap();
    app.shutdown().await;
    let mut rest = Vec::new();
    // Closed, politely or not.
    let _closed = idle.read_to_end(&mut rest);
    assert!(rest.is_empty());
}

fn open(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).unwrap()
}
