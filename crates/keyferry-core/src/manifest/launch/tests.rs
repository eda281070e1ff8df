use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::manifest::{Checked, Local, Manifest, Server, Settings};

fn surroundings() -> Surroundings {
    Surroundings {
        platform: Platform::Linux,
        server_folder: Some("/srv/x".to_owned()),
        home: Some("/home/ada".to_owned()),
        ..Surroundings::default()
    }
}

fn parse(server: &Value, user_config: &Value) -> Checked {
    let manifest = json!({ "name": "a", "server": server, "user_config": user_config });
    Manifest::parse("a.json", &manifest.to_string()).unwrap_or_else(|found| panic!("{found}"))
}

fn settings(manifest: &Manifest, given: &Value) -> Settings {
    let given: &Map<String, Value> = given.as_object().unwrap();
    Settings::validate(&manifest.user_config, given).unwrap()
}

fn local(manifest: &Manifest) -> &Local {
    match &manifest.server {
        Server::Local(local) => local,
        Server::Remote(_) => panic!("remote"),
    }
}

fn launch(server: &Value, user_config: &Value, given: &Value) -> Result<LaunchSpec, LaunchError> {
    let manifest = parse(server, user_config).manifest;
    local(&manifest).launch(&settings(&manifest, given), &surroundings())
}

fn args(spec: &LaunchSpec) -> Vec<&str> {
    spec.args.iter().map(LaunchText::expose_text).collect()
}

fn env(spec: &LaunchSpec) -> Vec<(&str, &str)> {
    spec.env.iter().map(|(name, value)| (name.as_str(), value.expose_text())).collect()
}

#[test]
fn the_headers_of_a_remote_server_are_filled_and_one_without_a_value_is_left_out() {
    let text = r#"{
        "name": "far",
        "user_config": { "token": { "type": "string", "title": "T", "sensitive": true },
                         "team": { "type": "string", "title": "T" } },
        "server": { "type": "remote", "url": "https://mcp.example.com/mcp",
                    "headers": { "Authorization": "Bearer ${user_config.token}", "X-Team": "${user_config.team}" } }
    }"#;
    let manifest = Manifest::parse("far.json", text).unwrap().manifest;
    let Server::Remote(remote) = &manifest.server else { panic!("local") };
    let settings = settings(&manifest, &json!({ "token": "canary" }));
    let headers = remote.headers(&settings, &Surroundings::default()).unwrap();
    let [(name, value)] = headers.as_slice() else { panic!("{headers:?}") };
    assert_eq!(
        (name.as_str(), value.expose_text(), value.is_secret()),
        ("authorization", "Bearer canary", true)
    );
    assert!(!format!("{headers:?}").contains("canary"));
}

#[test]
fn a_manifest_sets_no_header_that_is_not_its_own_to_set() {
    for name in ["Host", "content-length", "Mcp-Session-Id", "Cookie", "a b", "", "x:y"] {
        let text = json!({ "name": "far", "server": {
            "type": "remote", "url": "https://mcp.example.com/mcp", "headers": { name: "x" } } });
        assert!(Manifest::parse("far.json", &text.to_string()).is_err(), "{name:?}");
    }
}

#[test]
fn placeholders_are_filled_in_command_arguments_and_variables() {
    let server = json!({
        "command": "${__dirname}/.venv/bin/python",
        "args": ["${HOME}${/}x", "--port=${user_config.port}", "${user_config.on}", "$HOME"],
        "env": { "A": "a ${user_config.port}${pathSeparator}", "B": "${user_config.dir}" }
    });
    let config = json!({
        "port": { "type": "number", "default": 80 },
        "on": { "type": "boolean", "default": false },
        "dir": { "type": "directory", "default": "${__dirname}/data" }
    });
    let spec = launch(&server, &config, &json!({ "port": "8080" })).unwrap();
    assert_eq!(spec.command, "/srv/x/.venv/bin/python");
    assert_eq!(args(&spec), ["/home/ada/x", "--port=8080", "false", "$HOME"]);
    assert_eq!(env(&spec), [("A", "a 8080/"), ("B", "/srv/x/data")]);
}

#[test]
fn an_optional_setting_without_a_value_takes_its_place_with_it() {
    let config = json!({ "a": { "type": "string" }, "m": { "type": "string", "multiple": true } });
    for (given, expected) in [
        (json!(["run", "--a", "${user_config.a}", "x"]), vec!["run", "x"]),
        (json!(["-a", "${user_config.a}"]), vec![]),
        (json!(["--a=${user_config.a}", "x"]), vec!["x"]),
        (json!(["--b=1", "${user_config.a}"]), vec!["--b=1"]),
        (json!(["--", "${user_config.m}"]), vec!["--"]),
        (json!(["-", "${user_config.a}"]), vec!["-"]),
        (json!(["pkg", "${user_config.a}"]), vec!["pkg"]),
        (json!(["--a", "x${user_config.a}"]), vec!["--a"]),
        (json!(["--a", "${user_config.a}", "${user_config.m}"]), vec![]),
        (json!(["--m", "${user_config.m}", "x"]), vec!["x"]),
    ] {
        let server = json!({ "command": "c", "args": given, "env": { "A": "x${user_config.a}", "B": "b" } });
        let spec = launch(&server, &config, &json!({})).unwrap();
        assert_eq!(args(&spec), expected, "{given}");
        assert_eq!(env(&spec), [("B", "b")]);
    }
}

#[test]
fn several_values_are_several_arguments_and_one_variable() {
    let server = json!({ "command": "c", "args": ["${user_config.m}", "--m=${user_config.m}"], "env": { "M": "${user_config.m}" } });
    let config = json!({ "m": { "type": "directory", "multiple": true } });
    let spec = launch(&server, &config, &json!({ "m": ["/a", "/b c"] })).unwrap();
    assert_eq!(args(&spec), ["/a", "/b c", "--m=/a,/b c"]);
    assert_eq!(env(&spec), [("M", "/a,/b c")]);
}

#[test]
fn what_a_sensitive_setting_fills_is_a_secret() {
    let server = json!({ "command": "c", "args": ["--key=${user_config.key}", "x"], "env": { "KEY": "Bearer ${user_config.key}" } });
    let config = json!({ "key": { "type": "string", "sensitive": true } });
    let spec = launch(&server, &config, &json!({ "key": "canary" })).unwrap();
    assert_eq!(spec.args.iter().map(LaunchText::is_secret).collect::<Vec<_>>(), [true, false]);
    assert_eq!(spec.args[0].shown(), "--key=[redacted]");
    assert_eq!(env(&spec), [("KEY", "Bearer canary")]);
    assert!(!format!("{spec:?}").contains("canary"));
}

#[test]
fn a_setting_can_not_lead_out_of_the_servers_folder() {
    let server = json!({ "command": "c", "args": ["${__dirname}/data/${user_config.f}"] });
    let config = json!({ "f": { "type": "string" } });
    assert!(launch(&server, &config, &json!({ "f": "a/../b" })).is_ok());
    let error = launch(&server, &config, &json!({ "f": "../../etc" })).unwrap_err();
    assert_eq!(error, LaunchError::LeavesFolder { place: "argument 1".to_owned() });
    let through_default = json!({ "f": { "type": "directory", "default": "${__dirname}" } });
    let server = json!({ "command": "c", "args": ["${user_config.f}/../.."] });
    assert!(launch(&server, &through_default, &json!({})).is_err());
    let command = json!({ "command": "${user_config.f}/run" });
    assert!(launch(&command, &config, &json!({ "f": ".." })).is_err());
}

#[test]
fn what_the_machine_does_not_have_is_named() {
    let with =
        |command: &str| parse(&json!({ "command": command }), &json!({ "a": { "type": "string" } })).manifest;
    let error = |command: &str, around: &Surroundings| {
        let manifest = with(command);
        local(&manifest).launch(&Settings::default(), around).unwrap_err()
    };
    let none = Surroundings::default();
    let place = "the command".to_owned();
    assert_eq!(error("${__dirname}/a", &none), LaunchError::NoFolder { place: place.clone() });
    assert_eq!(error("${DESKTOP}/a", &none), LaunchError::NoPlace { place, word: "${DESKTOP}" });
    assert_eq!(
        error("${user_config.a}", &none),
        LaunchError::Unset { place: "command", key: "a".parse().unwrap() }
    );
    let image = parse(&json!({ "docker_image": "a/b:1" }), &json!({})).manifest;
    assert_eq!(local(&image).launch(&Settings::default(), &none).unwrap_err(), LaunchError::OnlyImage);
}

#[test]
fn a_platform_replaces_command_and_arguments_and_adds_variables() {
    let server = json!({ "type": "binary", "entry_point": "server/run", "mcp_config": {
        "command": "${__dirname}/run", "args": ["a"], "env": { "A": "1", "B": "2" },
        "platform_overrides": { "win32": { "command": "${__dirname}${/}run.exe", "env": { "B": "3" } }, "darwin": { "args": [] } }
    }});
    let manifest = parse(&server, &json!({})).manifest;
    let on = |platform| {
        local(&manifest).launch(&Settings::default(), &Surroundings { platform, ..surroundings() }).unwrap()
    };
    let (linux, mac, windows) = (on(Platform::Linux), on(Platform::Darwin), on(Platform::Win32));
    assert_eq!(
        (linux.command.as_str(), args(&linux), env(&linux)),
        ("/srv/x/run", vec!["a"], vec![("A", "1"), ("B", "2")])
    );
    assert_eq!((mac.command.as_str(), args(&mac)), ("/srv/x/run", vec![]));
    assert_eq!(
        (windows.command.as_str(), args(&windows), env(&windows)),
        ("/srv/x\\run.exe", vec!["a"], vec![("A", "1"), ("B", "3")])
    );
}

#[test]
fn a_uv_server_without_a_command_is_run_by_uv() {
    let spec =
        launch(&json!({ "type": "uv", "entry_point": "src/server.py" }), &json!({}), &json!({})).unwrap();
    assert_eq!(
        (spec.command.as_str(), args(&spec)),
        ("uv", vec!["run", "--directory", "/srv/x", "src/server.py"])
    );
}

#[test]
fn a_text_that_repeats_a_long_value_is_stopped() {
    let config = json!({ "a": { "type": "string" } });
    let given = json!({ "a": "x".repeat(64 * 1024) });
    let one = json!({ "command": "c", "args": ["${user_config.a}${user_config.a}x${user_config.a}"] });
    assert!(matches!(launch(&one, &config, &given).unwrap_err(), LaunchError::TooLong { .. }));
    let many = json!({ "command": "c", "args": vec!["${user_config.a}"; 17] });
    assert!(matches!(launch(&many, &config, &given).unwrap_err(), LaunchError::TooLong { .. }));
}

#[test]
fn a_remote_url_takes_values_only_where_they_can_do_no_harm() {
    let filled = |url: &str, value: &str| {
        let manifest =
            parse(&json!({ "type": "remote", "url": url }), &json!({ "v": { "type": "string" } })).manifest;
        let Server::Remote(remote) = &manifest.server else { panic!("local") };
        remote
            .endpoint(&settings(&manifest, &json!({ "v": value })), &surroundings())
            .map(|url| url.as_str().to_owned())
    };
    let host = "https://${user_config.v}.example.com/mcp";
    assert_eq!(filled(host, "acme").unwrap(), "https://acme.example.com/mcp");
    for bad in ["evil.test/#", "a@b", "evil.test\\", "evil.test:443/", "a b", "é"] {
        assert!(matches!(filled(host, bad), Err(LaunchError::UrlValue { .. })), "{bad}");
    }
    let path = "https://example.com/${user_config.v}/mcp?x=${user_config.v}";
    assert_eq!(
        filled(path, "a/b?&é").unwrap(),
        "https://example.com/a%2Fb%3F%26%C3%A9/mcp?x=a%2Fb%3F%26%C3%A9"
    );
    assert!(matches!(filled(path, ".."), Err(LaunchError::UrlValue { .. })));
    let own = "${user_config.v}/mcp";
    assert_eq!(filled(own, "https://me.example.com").unwrap(), "https://me.example.com/mcp");
    for bad in ["http://example.com", "file:///x", "javascript:alert(1)", "https://a@b"] {
        assert!(matches!(filled(own, bad), Err(LaunchError::Url(_))), "{bad}");
    }
    assert!(matches!(filled(host, ""), Err(LaunchError::Unset { .. })));
}

proptest! {
    #[test]
    fn a_value_is_never_read_as_a_template(value in "(\\$\\{(HOME|user_config\\.b|__dirname|x)\\}|[ -~]){1,20}") {
        let server = json!({ "command": "c", "args": ["${user_config.a}"], "env": { "A": "<${user_config.a}>" } });
        let config = json!({ "a": { "type": "string" }, "b": { "type": "string", "default": "canary" } });
        let spec = launch(&server, &config, &json!({ "a": value })).unwrap();
        prop_assert_eq!(args(&spec), vec![value.as_str()]);
        let variable = format!("<{value}>");
        prop_assert_eq!(env(&spec), vec![("A", variable.as_str())]);
    }

    #[test]
    fn a_text_without_placeholders_is_unchanged(text in "[^$\0]{1,40}") {
        let server = json!({ "command": "c", "args": [text] });
        let spec = launch(&server, &json!({}), &json!({})).unwrap();
        prop_assert_eq!(args(&spec), vec![text.as_str()]);
    }
}
