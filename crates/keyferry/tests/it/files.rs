use std::fs;

use keyferry_core::provider::ProviderSet;

use crate::support::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_file_is_checked_with_line_column_and_hint() {
    let world = World::new().await;
    fs::write(world.path("acme.toml"), "display_name = \"A\"\n[authorization]\nendpoint = \"http://a.example/\"\n[token]\nendpoint = \"https://a.example/t\"\nclient_aut = \"none\"\n").unwrap();
    let ran = world.run(&["provider", "check", "acme.toml"]);
    assert_eq!(ran.code, 1);
    let expected = "acme.toml:3:12: error: the URL can't be used: it must begin with https:// (plain http is accepted for loopback hosts alone)\n  hint: write https://a.example/\nacme.toml:6:1: error: unknown key `client_aut` in [token]\n  hint: did you mean `client_auth`?\n";
    assert_eq!(ran.stdout, expected);
    let ran = world.run(&["provider", "check", "acme.toml", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&shown["errors"], &shown["diagnostics"][1]["line"]), (&2.into(), &6.into()));
    let good = fs::read_to_string(world.path("providers/sandbox.toml")).unwrap();
    fs::write(world.path("good.toml"), &good).unwrap();
    let ran = world.run(&["provider", "check", "good.toml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "1 file without findings\n"));
    let ran = world.run(&["provider", "check", "providers/sandbox.toml"]);
    assert!(
        ran.code == 0 && ran.stdout.contains("warning: a provider `sandbox` is built in"),
        "{}",
        ran.stdout
    );
    let built_in =
        ProviderSet::builtin().unwrap().get(&"github".parse().unwrap()).unwrap().source.to_string();
    fs::write(world.path("github.toml"), built_in).unwrap();
    let ran = world.run(&["provider", "check", "github.toml"]);
    assert_eq!(ran.stdout, "1 file without findings\n", "the built-in one itself");
    fs::write(world.path("wrike.yaml"), &good).unwrap();
    let ran = world.run(&["provider", "check", "wrike.yaml"]);
    assert!(ran.code == 1 && ran.stdout.contains("a provider file's name ends in .toml"), "{}", ran.stdout);
    assert_eq!(world.run(&["provider", "check", "missing.toml"]).code, 1);
    fs::write(world.path("Bad Name.toml"), "").unwrap();
    fs::write(world.path("warned.toml"), "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/\"\n[token]\nendpoint = \"https://a.example/t\"\n").unwrap();
    let all = ["provider", "check", "missing.toml", "Bad Name.toml", "warned.toml", "acme.toml"];
    let ran = world.run(&all);
    assert_eq!(ran.code, 1, "what can't be read is a finding, and the others are still checked");
    let begins = [
        "missing.toml:1:1: error: the file can't be read",
        "Bad Name.toml:1:1: error: the provider name",
        "warned.toml:1:1: warning: a server gets nothing",
        "acme.toml:6:1: error",
    ];
    assert!(begins.iter().all(|begin| ran.stdout.contains(begin)), "{}", ran.stdout);
    let ran = world.run(&[&all[..], &["--json"]].concat());
    let shown: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&shown["files"], &shown["errors"], &shown["warnings"]), (&4.into(), &4.into(), &1.into()));
    let fields: Vec<_> = shown["diagnostics"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["column", "file", "hint", "line", "message", "severity"]);
    assert_eq!(world.run(&["provider", "check", "warned.toml"]).code, 0, "a warning alone is fine");
    assert_eq!(world.run(&["provider", "check"]).code, 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_is_checked_and_an_unknown_provider_gets_the_closest_name() {
    let world = World::new().await;
    let manifest = |provider: &str| {
        format!(
            "{{\"name\":\"x\",\"server\":{{\"type\":\"local\",\"command\":\"x\"}},\"archestra_config\":{{\"oauth\":{{\"provider\":\"{provider}\",\"required\":true}}}}}}"
        )
    };
    fs::write(world.path("x.json"), manifest("jirra")).unwrap();
    let ran = world.run(&["catalog", "check", "x.json"]);
    assert!(ran.stdout.contains("jirra") && ran.stdout.contains("jira"), "{}", ran.stdout);
    fs::write(world.path("x.json"), manifest("jira")).unwrap();
    assert_eq!(world.run(&["catalog", "check", "x.json"]).stdout, "1 file without findings\n");
    let env = "\"command\":\"x\",\"env\":{\"JIRA_ACCESS_TOKEN\":\"none\"}";
    fs::write(world.path("x.json"), manifest("jira").replace("\"command\":\"x\"", env)).unwrap();
    let ran = world.run(&["catalog", "check", "x.json"]);
    let told =
        "warning: the provider gives the server JIRA_ACCESS_TOKEN, too\n  hint: the account's value counts";
    assert!(ran.code == 0 && ran.stdout.contains(told), "{}", ran.stdout);
    let app = world.app();
    assert!(world.run(&["catalog", "check", "x.json"]).stdout.contains(told), "by the app's own providers");
    app.end(&world);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_install_of_a_bad_manifest_says_what_is_wrong_and_leaves_nothing() {
    let world = World::new().await;
    let server = |command: &str| {
        format!(
            "{{\"name\":\"x\",\"server\":{{\"type\":\"local\",\"command\":\"{command}\",\"args\":[\"${{user_config.port}}\"]}},\"user_config\":{{\"port\":{{\"type\":\"number\",\"title\":\"Port\",\"required\":true,\"max\":10}}}}}}"
        )
    };
    fs::write(world.path("x.json"), server("no-such-program-anywhere")).unwrap();
    for (settings, expected) in [
        (&[][..], "Port"),
        (&["--set", "port=many"], "number"),
        (&["--set", "port=11"], "10"),
        (&["--set", "prt=1", "--set", "port=1"], "port"),
        (&["--set", "port=1"], "no-such-program-anywhere"),
    ] {
        let ran = world.run(&[&["install", "./x.json"], settings].concat());
        assert_eq!(ran.code, 1, "{settings:?}");
        assert!(ran.stderr.contains(expected), "{settings:?}: {}", ran.stderr);
    }
    fs::write(world.path("y.json"), "{\n  \"name\": \"y\",\n  \"server\": {\"type\": \"local\",\n    \"command\": \"${__dirname}/../y\", \"args\": [\"${user_config.no}\"]}\n}").unwrap();
    let ran = world.run(&["install", "./y.json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("./y.json:4:16: `server.command` leads out"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`keyferry catalog check ./y.json` shows 1 more"), "{}", ran.stderr);
    assert!(world.json(&["list"])["servers"].as_array().unwrap().is_empty());
    world.end().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_at_its_install_is_quoted_and_nobody_is_sent_to_a_log_that_is_gone() {
    let world = World::new().await;
    let manifest = r#"{"name":"x","server":{"type":"local","command":"sh","args":["-c","echo I am broken >&2; exit 3"]}}"#;
    fs::write(world.path("x.json"), manifest).unwrap();
    let ran = world.run(&["install", "./x.json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("I am broken") && ran.stderr.contains("hint: check"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("keyferry logs"), "{}", ran.stderr);
    world.end().await;
}
