use serde_json::{Value, json};

use super::*;
use crate::manifest::{Manifest, Server};

fn contained_with(server: &Value, user_config: &Value, given: &Value) -> Result<Contained, LaunchError> {
    let manifest = json!({ "name": "a", "server": server, "user_config": user_config }).to_string();
    let manifest = Manifest::parse("a.json", &manifest).unwrap_or_else(|found| panic!("{found}")).manifest;
    let settings = Settings::validate(&manifest.user_config, given.as_object().unwrap()).unwrap();
    let Server::Local(local) = &manifest.server else { panic!("remote") };
    let contained = local.contained(&settings, &Surroundings::default());
    assert!(local.is_containable() || contained.is_err(), "{server}");
    contained
}

fn contained(server: &Value) -> Result<Contained, LaunchError> {
    contained_with(server, &json!({}), &json!({}))
}

fn args(contained: &Contained) -> Vec<&str> {
    contained.args.iter().map(LaunchText::expose_text).collect()
}

#[test]
fn the_image_is_the_manifests_or_the_base() {
    let base = Some("npx".to_owned());
    for (server, image, command) in [
        (json!({ "docker_image": "a/b:1" }), Image::Named("a/b:1".into()), None),
        (json!({ "docker_image": "a/b:1", "command": "npx" }), Image::Named("a/b:1".into()), base.clone()),
        (json!({ "command": "npx", "args": ["-y", "x"] }), Image::Base, base),
        (json!({ "command": "keyferry" }), Image::ThisProgram, Some("keyferry".to_owned())),
        (json!({ "command": "docker", "args": ["run", "a/b"] }), Image::Named("a/b".into()), None),
    ] {
        let found = contained(&server).unwrap();
        assert_eq!((found.image, found.command), (image, command), "{server}");
    }
    for command in ["/usr/bin/npx", "my-server", "./run"] {
        let error = contained(&json!({ "command": command })).unwrap_err();
        assert!(matches!(error, LaunchError::NotContainable { .. }), "{error}");
    }
}

#[test]
fn of_a_docker_run_the_image_the_arguments_and_the_variables_are_taken() {
    let server = json!({
        "command": "docker",
        "args": ["run", "-i", "--rm", "-it", "-e", "TOKEN", "--env=SITE=a=b", "-e", "KEY=${user_config.key}", "-e", "NONE",
                 "--name", "x", "-v", "/data/x:/x:ro", "--mount", "type=bind,src=/data/y,dst=/y", "mcp/a:1", "--flag", "-v"],
        "env": { "TOKEN": "t", "OTHER": "not passed on" }
    });
    let config = json!({ "key": { "type": "string", "sensitive": true } });
    let found = contained_with(&server, &config, &json!({ "key": "canary=1" })).unwrap();
    assert_eq!(found.image, Image::Named("mcp/a:1".into()));
    assert_eq!(args(&found), ["--flag", "-v"]);
    let env: Vec<_> = found.env.iter().map(|(name, text)| (name.as_str(), text.expose_text())).collect();
    assert_eq!(env, [("TOKEN", "t"), ("SITE", "a=b"), ("KEY", "canary=1")]);
    assert!(!display_contained(&found).contains("canary") && !format!("{found:?}").contains("canary"));
    let mount = |source: &str, target: &str, writable| AskedMount {
        source: source.into(),
        target: target.into(),
        writable,
    };
    assert_eq!(found.shown, [mount("/data/x", "/x", false), mount("/data/y", "/y", true)]);
}

/// CVE-2026-55887: what a catalog says must not become user, privileges or mounts.
#[test]
fn what_would_widen_the_container_is_refused() {
    for option in [
        vec!["--privileged"],
        vec!["-u", "0"],
        vec!["--user=0"],
        vec!["--entrypoint", "sh"],
        vec!["--cap-add", "ALL"],
        vec!["--device", "/dev/kvm"],
        vec!["--network", "host"],
        vec!["--net=container:x"],
        vec!["--pid", "host"],
        vec!["--security-opt", "seccomp=unconfined"],
        vec!["--volumes-from", "x"],
        vec!["--env-file", "/etc/passwd"],
        vec!["-p", "1:1"],
        vec!["-v", "named:/x"],
        vec!["-v", "/:/host"],
        vec!["-v", "/a:/b:z"],
        vec!["-v", "/a:/b/../c"],
        vec!["-v", "a"],
        vec!["--mount", "type=tmpfs,dst=/x"],
        vec!["--mount", "type=bind,src=/a,dst=/b,bind-propagation=shared"],
        vec!["-iv"],
        vec!["-e"],
    ] {
        let args: Vec<_> = ["run", "-i"].into_iter().chain(option.clone()).chain(["image"]).collect();
        let error = contained(&json!({ "command": "docker", "args": args })).unwrap_err();
        assert!(matches!(error, LaunchError::DockerOption { .. }), "{option:?}: {error}");
    }
    for args in [vec![], vec!["exec", "x"], vec!["run"], vec!["run", "-i"], vec!["run", "A B"]] {
        let error = contained(&json!({ "command": "docker", "args": args })).unwrap_err();
        assert!(matches!(error, LaunchError::DockerOption { .. }), "{args:?}: {error}");
    }
}

#[test]
fn what_runs_is_shown_with_its_image() {
    for (server, shown) in [
        (
            json!({ "command": "npx", "args": ["-y", "x"], "env": { "A": "1" } }),
            "A=1 npx -y x, in a container of Keyferry's base image",
        ),
        (json!({ "docker_image": "a/b" }), "the image's own program, in a container of a/b"),
        (
            json!({ "command": "docker", "args": ["run", "a/b", "--x"] }),
            "the image's own program with --x, in a container of a/b",
        ),
        (json!({ "command": "keyferry" }), "keyferry, in a container that holds nothing else"),
    ] {
        assert_eq!(display_contained(&contained(&server).unwrap()), shown);
    }
}
