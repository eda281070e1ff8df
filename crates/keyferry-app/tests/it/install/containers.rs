//! Installs into containers, and what is asked where there is no engine.

use std::sync::Arc;

use keyferry_app::settings::ServersRuntime;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    podman::{IMAGE, Podman, podman},
    settings,
};

/// An app that finds its engine where this variable says.
async fn app_with(variables: Vec<(String, String)>) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path());
    settings.servers_runtime = ServersRuntime::Auto;
    TestApp::boot(folder, settings, |parts| {
        parts.environment.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
    })
    .await
}

async fn app_with_engine() -> Option<(TestApp, Arc<Podman>)> {
    let podman = podman().await?;
    Some((app_with(podman.environment()).await, podman))
}

async fn app_without_engine() -> TestApp {
    app_with(vec![("DOCKER_HOST".to_owned(), "unix:///nowhere.sock".to_owned())]).await
}

fn in_image(name: &str) -> Value {
    json!({ "name": name, "server": {
        "type": "local", "docker_image": IMAGE, "command": "/server", "args": ["echo"], "env": { "SITE": "here" },
    } })
}

#[tokio::test]
async fn a_server_with_an_image_runs_in_a_container_and_leaves_nothing() {
    let Some((app, podman)) = app_with_engine().await else { return };
    let install = app.install(&in_image("boxed")).await;
    let names: Vec<_> =
        install["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["delivery", "image", "start", "tools"]);
    assert_eq!(install["command"], format!("SITE=here /server echo, in a container of {IMAGE}"));

    let (_, server) = app.get("/api/v1/servers/boxed").await;
    assert_eq!((&server["runtime"], &server["network"]), (&json!("container"), &json!("internet")));
    assert_eq!((&server["state"], &server["tool_count"]), (&json!("running"), &json!(8)));
    let first = server["container"].as_str().unwrap().to_owned();

    let (_, logs) = app.get("/api/v1/servers/boxed/logs?lines=5").await;
    assert!(logs["lines"].to_string().contains("started"), "{logs}");
    let (_, server) = app.post("/api/v1/servers/boxed/restart", json!({})).await;
    assert_eq!(server["state"], "running");
    let second = server["container"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let cursor = logs["cursor"].as_str().unwrap();
    let (_, news) = app.get(&format!("/api/v1/servers/boxed/logs?after={cursor}&wait=5")).await;
    let lines = news["lines"].to_string();
    assert!(lines.contains("stopped") && lines.contains(&second) && !lines.contains(&first), "{lines}");
    assert_eq!(app.get("/api/v1/servers/boxed/logs?after=x").await.0, StatusCode::BAD_REQUEST);

    assert_eq!(app.delete("/api/v1/servers/boxed").await.0, StatusCode::OK);
    let docker = podman.docker().negotiate_version().await.unwrap();
    for container in [first, second] {
        assert!(docker.inspect_container(&container, None).await.is_err(), "{container} is left");
    }
    assert!(!app.data_folder().join("servers/boxed").exists());
    app.shutdown().await;
}

#[tokio::test]
async fn the_runtime_is_kept_over_a_restart_of_the_app() {
    let Some((app, podman)) = app_with_engine().await else { return };
    app.install(&in_image("boxed")).await;
    let folder = app.shutdown().await;
    let settings = settings(folder.path());
    let app = TestApp::boot(folder, settings, |parts| {
        parts
            .environment
            .extend(podman.environment().into_iter().map(|(name, value)| (name.into(), value.into())));
    })
    .await;
    let (status, _) = app.get("/api/v1/servers/boxed/tools").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(app.get("/api/v1/servers/boxed").await.1["runtime"], "container");
    app.shutdown().await;
}

#[tokio::test]
async fn a_folder_that_the_person_names_is_shown_and_told() {
    let Some((app, _podman)) = app_with_engine().await else { return };
    let shown = tempfile::tempdir().unwrap();
    std::fs::write(shown.path().join("file"), "seen").unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(shown.path(), open).unwrap();
    // The image has no program of its own: the arguments are the command.
    let mut manifest = json!({ "name": "boxed", "server": { "type": "local", "command": "docker",
        "args": ["run", "-i", "--rm", "-v", "${user_config.dir}:/data:ro", IMAGE, "/server", "echo"] } });
    manifest["user_config"] = json!({ "dir": { "type": "directory", "title": "D", "description": "D" } });
    let request = json!({ "manifest": { "inline": manifest }, "settings": { "dir": shown.path() } });
    let (status, install) = app.post("/api/v1/installs", request).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{install}");
    let install = app.over(install).await;
    assert_eq!(install["state"], "done", "{install}");
    let told = install["steps"].to_string();
    assert!(told.contains(&format!("{} (to read)", shown.path().display())), "{told}");
    let (_, found) = app.post("/api/v1/servers/boxed/tools/read", json!({ "path": "/data/file" })).await;
    assert!(found.to_string().contains("seen"), "{found}");
    app.shutdown().await;
}

/// CVE-2026-55887: what a catalog says must not become mounts, users or privileges.
#[tokio::test]
async fn a_hostile_manifest_gets_nothing_of_the_machine() {
    let Some((app, _podman)) = app_with_engine().await else { return };
    for (args, code) in [
        (json!(["run", "-v", "/etc:/host", IMAGE]), "mount_refused"),
        (json!(["run", "--mount", "type=bind,src=/home/x,dst=/h", IMAGE]), "mount_refused"),
        (json!(["run", "--privileged", IMAGE]), "bad_launch"),
        (json!(["run", "-u", "0", IMAGE]), "bad_launch"),
        (json!(["run", "--network=host", IMAGE]), "bad_launch"),
    ] {
        let manifest =
            json!({ "name": "evil", "server": { "type": "local", "command": "docker", "args": args } });
        let (status, answer) = app.begin(&manifest).await;
        assert_eq!(
            (status, &answer["error"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(code)),
            "{args}: {answer}"
        );
    }
    let mut manifest = in_image("evil");
    manifest["user_config"] =
        json!({ "dir": { "type": "directory", "title": "D", "description": "D", "default": "${HOME}" } });
    let (status, answer) = app.begin(&manifest).await;
    assert_eq!(
        (status, &answer["error"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("bad_settings")),
        "{answer}"
    );
    for path in ["/", "/etc", "/proc"] {
        let request = json!({ "manifest": { "inline": manifest }, "settings": { "dir": path } });
        let (_, answer) = app.post("/api/v1/installs", request).await;
        assert_eq!(answer["error"], "mount_refused", "{path}: {answer}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn without_an_engine_a_strangers_command_runs_as_a_process_only_after_a_yes() {
    let app = app_without_engine().await;
    let manifest =
        json!({ "name": "stranger", "server": { "type": "local", "command": "npx", "args": ["-y", "x"] } });
    let (status, answer) = app.begin(&manifest).await;
    assert_eq!((status, &answer["error"]), (StatusCode::CONFLICT, &json!("only_as_process")), "{answer}");
    assert!(answer["hint"].as_str().unwrap().contains("--runtime process"), "{answer}");
    // The yes: this machine's `npx` may be missing, but it is what is tried.
    let request = json!({ "manifest": { "inline": manifest }, "runtime": "process" });
    let (status, install) = app.post("/api/v1/installs", request).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{install}");
    assert_eq!(install["command"], "npx -y x");
    app.delete(&format!("/api/v1/installs/{}", install["id"].as_str().unwrap())).await;

    for manifest in
        [json!({ "name": "image", "server": { "type": "local", "docker_image": "a/b" } }), manifest]
    {
        let request = json!({ "manifest": { "inline": manifest }, "runtime": "container" });
        let (status, answer) = app.post("/api/v1/installs", request).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
        assert_eq!(answer["error"], "no_container_engine");
    }
    app.shutdown().await;
}
