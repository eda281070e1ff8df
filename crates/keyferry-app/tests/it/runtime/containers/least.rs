//! How little a container gets.

use keyferry_app::runtime::{Mount, Network, Place, RuntimeError};
use keyferry_core::manifest::Image;
use serde_json::{Value, json};

use super::{World, name};
use crate::runtime::harness::CANARY;

#[tokio::test]
async fn a_server_has_no_privileges_and_its_limits_hold() {
    let Some(world) = World::new().await else { return };
    let container = world.start(&["echo"]).await;
    let found = world.surroundings().await;
    let own = rustix::process::geteuid().as_raw();
    let user = if own == 0 { 65_532 } else { own };
    assert_eq!(found["uid"].as_str().unwrap().split_whitespace().next(), Some(user.to_string().as_str()));
    assert_eq!(found["capabilities"], "0000000000000000");
    assert_eq!(found["bounding"], "0000000000000000");
    assert_eq!((&found["no_new_privileges"], &found["seccomp"]), (&json!("1"), &json!("2")));
    assert_eq!(found["root_is_writable"], false);
    assert_eq!(found["memory"], (1024_u64 * 1024 * 1024).to_string());
    assert_eq!(found["pids"], "256");
    let quota = found["cpu_quota"].as_str().unwrap();
    assert!(quota.starts_with("200000"), "{quota}");
    assert_eq!(found["interfaces"], json!(["lo"]));
    let mounts = found["mounts"].as_object().unwrap();
    assert!(mounts["/"].as_str().unwrap().starts_with("ro,"), "{mounts:?}");
    for temporary in ["/tmp", "/home/keyferry"] {
        let options = mounts[temporary].as_str().unwrap();
        assert!(options.contains("size=262144k") && options.contains("nosuid"), "{temporary}: {options}");
    }
    world.end(&container).await;
}

#[tokio::test]
async fn what_is_temporary_has_an_end_and_the_server_lives_on() {
    let Some(world) = World::new().await else { return };
    let container = world.start(&["echo"]).await;
    let full = world.tool("write", json!({ "path": "/tmp/large", "size": 300 * 1024 * 1024 })).await;
    assert!(full["error"].as_str().unwrap().contains("No space left"), "{full}");
    for closed in ["/server", "/etc/passwd", "/home/x"] {
        let refused = world.tool("write", json!({ "path": closed, "size": 1 })).await;
        assert!(refused["error"].is_string(), "{closed}: {refused}");
    }
    let home = world.tool("write", json!({ "path": "/home/keyferry/small", "size": 10 })).await;
    assert_eq!(home["written"], 10);
    world.end(&container).await;
}

#[tokio::test]
async fn a_token_is_in_the_servers_variables_and_nowhere_else() {
    let Some(world) = World::new().await else { return };
    let container = world.start(&["echo"]).await;
    let environment = world.tool("environment", json!({})).await;
    assert_eq!((&environment["TOKEN"], &environment["HOME"]), (&json!(CANARY), &json!("/home/keyferry")));
    let names: Vec<_> = environment.as_object().unwrap().keys().map(String::as_str).collect();
    for foreign in ["AWS_SECRET_ACCESS_KEY", "LC_ALL", "LD_PRELOAD"] {
        assert!(!names.contains(&foreign), "{names:?}");
    }
    let mut inspected = world.inspected(&container).await.unwrap();
    // Where it must be, as for every container.
    let variables = inspected["Config"]["Env"].take();
    assert!(variables.to_string().contains(CANARY));
    for part in ["Config", "Args", "Path", "HostConfig", "Name"] {
        assert!(!inspected[part].to_string().contains(CANARY), "{part}");
    }
    assert!(inspected["Config"]["Labels"]["dev.keyferry.app"].is_string());
    let docker = world.podman.docker().negotiate_version().await.unwrap();
    let image = docker.inspect_image(crate::support::podman::IMAGE).await.unwrap();
    assert!(!json!(image).to_string().contains(CANARY));
    let log = world.harness.log("notes").await;
    assert!(log.contains("started") && !log.contains(CANARY), "{log}");
    world.end(&container).await;
}

#[tokio::test]
async fn only_what_the_person_named_is_shown_and_read_only_unless_said() {
    let Some(world) = World::new().await else { return };
    let shown = tempfile::tempdir().unwrap();
    for folder in ["read", "change"] {
        std::fs::create_dir(shown.path().join(folder)).unwrap();
        std::fs::write(shown.path().join(folder).join("file"), "seen").unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(shown.path().join(folder), open).unwrap();
    }
    let mut launch = world.harness.launch("notes", &["echo"]);
    let Place::Container(inside) = &mut launch.place else { panic!() };
    let mount = |folder: &str, writable| Mount {
        source: shown.path().join(folder),
        target: format!("/data/{folder}"),
        writable,
    };
    inside.mounts = vec![mount("read", false), mount("change", true)];
    let container = world.harness.servers.start(launch).await.unwrap().container.unwrap();
    let text = |found: &Value| found["text"].clone();
    assert_eq!(text(&world.tool("read", json!({ "path": "/data/read/file" })).await), "seen");
    let refused = world.tool("write", json!({ "path": "/data/read/new", "size": 1 })).await;
    assert!(refused["error"].as_str().unwrap().contains("Read-only"), "{refused}");
    assert_eq!(world.tool("write", json!({ "path": "/data/change/new", "size": 1 })).await["written"], 1);
    assert!(shown.path().join("change/new").exists());
    let own = world.harness.folder.path().join("logs/notes.log");
    assert!(world.tool("read", json!({ "path": own })).await["error"].is_string());
    world.end(&container).await;
}

/// CVE-2026-55887: an image's own words must not become user, mounts, privileges or a command.
#[tokio::test]
async fn what_an_image_says_of_itself_changes_nothing() {
    let Some(world) = World::new().await else { return };
    let image = "localhost/keyferry-hostile:1";
    let changes = [
        // What each of these asks for must come to nothing.
        "USER 0:0",
        "VOLUME /var/lib/grow",
        "VOLUME /tmp",
        "ENTRYPOINT [\"/server\", \"die\", \"9\", \"the image's own\"]",
        "CMD [\"x\"]",
        "EXPOSE 80",
        "STOPSIGNAL SIGUSR1",
        "LABEL dev.keyferry.app=all io.podman.annotations.privileged=TRUE run=\"--privileged -v /:/host\" dev.keyferry.server=other",
    ];
    world.podman.build(image, &changes).await;
    let docker = world.podman.docker().negotiate_version().await.unwrap();
    let said = docker.inspect_image(image).await.unwrap().config.unwrap();
    assert!(
        said.volumes.is_some_and(|volumes| volumes.len() == 2)
            && said.labels.is_some_and(|all| all.len() >= 4)
    );
    let mut launch = world.harness.launch("notes", &["echo"]);
    let Place::Container(inside) = &mut launch.place else { panic!() };
    inside.image = Image::Named(image.to_owned());
    let container = world.harness.servers.start(launch).await.unwrap().container.unwrap();
    let found = world.surroundings().await;
    assert_eq!(found["capabilities"], "0000000000000000");
    assert!(!found["uid"].as_str().unwrap().starts_with('0'), "{found}");
    assert_eq!(found["arguments"], json!(["/server", "echo"]));
    assert!(found["mounts"]["/var/lib/grow"].to_string().contains("size="), "{found}");
    assert!(found["mounts"].get("/host").is_none());
    let inspected = world.inspected(&container).await.unwrap();
    let host = &inspected["HostConfig"];
    assert_eq!((&host["Privileged"], &host["PortBindings"]), (&json!(false), &json!({})));
    assert_eq!(inspected["Config"]["Labels"]["dev.keyferry.server"], "notes");
    world.end(&container).await;
}

#[tokio::test]
async fn an_image_that_wants_volumes_at_odd_places_is_refused() {
    let Some(world) = World::new().await else { return };
    let image = "localhost/keyferry-odd:1";
    world.podman.build(image, &["VOLUME /"]).await;
    let mut launch = world.harness.launch("notes", &["echo"]);
    let Place::Container(inside) = &mut launch.place else { panic!() };
    inside.image = Image::Named(image.to_owned());
    let error = world.harness.servers.start(launch).await.unwrap_err();
    assert_eq!(error.code(), "image_unavailable", "{error}");
}

#[tokio::test]
async fn the_network_is_the_one_that_was_chosen() {
    let Some(world) = World::new().await else { return };
    for (network, has_more) in [(Network::None, false), (Network::Internet, true), (Network::Host, true)] {
        let mut launch = world.harness.launch("notes", &["echo"]);
        let Place::Container(inside) = &mut launch.place else { panic!() };
        inside.network = network;
        world.harness.servers.start(launch).await.unwrap();
        let interfaces = world.surroundings().await["interfaces"].as_array().unwrap().len();
        assert_eq!(interfaces > 1, has_more, "{network}");
        world.harness.servers.stop(&name("notes")).await.unwrap();
    }
}

#[tokio::test]
async fn a_variable_or_an_argument_that_is_refused_to_a_process_is_refused_here_too() {
    let Some(world) = World::new().await else { return };
    let mut launch = world.harness.launch("notes", &["echo"]);
    let value = keyferry_core::secret::SecretText::new(CANARY).unwrap();
    launch.environment.push(("LD_PRELOAD".to_owned(), value));
    let error = world.harness.servers.start(launch).await.unwrap_err();
    assert!(matches!(error, RuntimeError::Variable { .. }), "{error}");
    let error = world.harness.servers.start(world.harness.launch("notes", &["a\0b"])).await.unwrap_err();
    assert!(matches!(error, RuntimeError::Argument { .. }), "{error}");
}
