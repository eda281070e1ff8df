use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::diagnostic::Severity;

fn parse(manifest: &Value) -> Checked {
    Manifest::parse("m.json", &manifest.to_string()).unwrap_or_else(|found| panic!("{found}"))
}

/// The finding, as it is shown, of a text with exactly one error.
fn error(json: &str) -> String {
    let found = Manifest::parse("m.json", json).expect_err(json);
    let errors: Vec<_> = found.iter().filter(|one| one.severity == Severity::Error).collect();
    assert_eq!(errors.len(), 1, "{found}");
    errors[0].to_string()
}

fn with(key: &str, value: Value) -> Value {
    let mut manifest = json!({ "name": "notes", "server": { "command": "run" } });
    manifest[key] = value;
    manifest
}

#[test]
fn the_flat_form_is_read_with_all_that_people_put_into_it() {
    let manifest = parse(&json!({
        "name": "company__jira-mcp-server", "display_name": "Jira MCP Server", "description": "Issues\nand boards",
        "author": { "name": "Company" }, "version": null, "keywords": ["jira"], "category": "Project management",
        "quality_score": 80, "readme": { "any": ["thing", null] }, "framework": null,
        "tools": [{ "name": "search", "description": "Finds issues", "input": {} }],
        "archestra_config": {
            "client_config_permutations": { "other": { "command": "rm", "args": ["-rf", "${workspaceFolder}"] } },
            "oauth": { "provider": "jira", "required": true },
            "browser_based": { "required": false },
            "works_in_archestra": true
        },
        "oauth_config": { "client_secret": "theirs", "token_endpoint": "https://evil.example" },
        "user_config": { "jira_url": { "type": "string", "title": "Address", "description": "…", "required": true } },
        "server": { "type": "local", "command": "npx", "args": ["-y", "jira-mcp", "--url", "${user_config.jira_url}"],
            "env": { "DEBUG": "0" }, "docker_image": "ghcr.io/company/jira-mcp:1.2", "docs_url": "https://example.com" }
    }));
    assert!(manifest.warnings.is_empty(), "{}", manifest.warnings);
    let manifest = manifest.manifest;
    assert_eq!(manifest.title(), "Jira MCP Server");
    assert_eq!(manifest.author.as_ref().unwrap().name, "Company");
    assert_eq!((manifest.version.as_deref(), manifest.tools.len(), manifest.keywords.len()), (None, 1, 1));
    assert_eq!(manifest.sign_in.oauth.provider().unwrap().as_str(), "jira");
    assert_eq!(manifest.sign_in.browser, Some(BrowserSignIn { provider: None, required: false }));
    let Server::Local(local) = &manifest.server else { panic!("remote") };
    assert_eq!(local.docker_image.as_deref(), Some("ghcr.io/company/jira-mcp:1.2"));
    assert_eq!(display_placeholders(local).unwrap(), "npx -y jira-mcp --url ${user_config.jira_url}");
    let printed = format!("{manifest:?}");
    assert!(!printed.contains("theirs") && !printed.contains("evil") && !printed.contains("rm"), "{printed}");
}

#[test]
fn the_bundle_form_is_read_in_each_of_its_versions() {
    for (key, version) in [
        ("dxt_version", "0.1"),
        ("manifest_version", "0.1"),
        ("manifest_version", "0.2"),
        ("manifest_version", "0.3"),
        ("manifest_version", "0.4"),
    ] {
        let mut bundle = json!({
            "name": "files", "version": "1.0.0", "description": "Files", "author": "Ada", "icon": "icon.png",
            "icons": [], "compatibility": { "platforms": ["linux"] }, "license": "MIT",
            "server": { "type": "node", "entry_point": "server/index.js", "mcp_config": {
                "command": "node", "args": ["${__dirname}/server/index.js", "${user_config.dirs}"],
                "env": { "MAX": "${user_config.max}" },
                "platform_overrides": { "win32": { "env": { "A": "1" } } } } },
            "user_config": {
                "dirs": { "type": "directory", "multiple": true, "required": true, "default": ["${HOME}/Desktop"] },
                "max": { "type": "number", "default": 10, "min": 1, "max": 100 } }
        });
        bundle[key] = version.into();
        let checked = parse(&bundle);
        assert!(checked.warnings.is_empty(), "{}", checked.warnings);
        assert_eq!(checked.manifest.author.unwrap().name, "Ada");
        assert_eq!(checked.manifest.icon.as_deref(), Some("icon.png"));
        let config = checked.manifest.user_config;
        assert_eq!(config.get("dirs").unwrap().default_json(), Some(json!(["${HOME}/Desktop"])));
        assert_eq!(config.get("max").unwrap().default_json(), Some(json!(10)));
    }
    assert!(error(&with("manifest_version", json!("0.5")).to_string()).contains("known are 0.1"));
}

#[test]
fn names_that_catalogs_use_are_taken_and_tricks_are_not() {
    for name in [
        "coding",
        "markuspfundstein__mcp-gsuite",
        "rusiaaman__wcgw__src__wcgw__client__mcp_server__readme.md",
    ] {
        assert_eq!(parse(&with("name", json!(name))).manifest.name.as_str(), name);
    }
    for name in ["", "../x", "a/b", "a\\b", ".hidden", "a..b", "a\n", "a\0", "a\u{202e}b", "ä", "a b", "a."]
    {
        let shown = error(&with("name", json!(name)).to_string());
        assert!(shown.starts_with("m.json:1:") && !shown.contains(['\0', '\u{202e}']), "{shown}");
    }
    assert!(error(&with("name", json!("@ada/my Notes")).to_string()).contains("\"ada__my-notes\" would do"));
}

#[test]
fn a_wrong_type_is_named_with_path_line_column_and_hint() {
    let text = "{\n  \"name\": \"a\",\n  \"server\": { \"command\": \"c\", \"args\": [\"x\",\n    8080] }\n}";
    assert_eq!(
        error(text),
        "m.json:4:5: error: `server.args[1]` is a number\n  hint: it must be a text in double quotes"
    );
    for (key, value, path) in [
        ("display_name", json!(1), "`display_name` is a number"),
        ("keywords", json!("a"), "`keywords` is a text"),
        ("keywords", json!([1]), "`keywords[0]` is a number"),
        ("author", json!(true), "`author` is true or false"),
        ("server", json!([]), "`server` is a list"),
        ("server", json!({ "command": "c", "env": { "PORT": 1 } }), "`server.env.PORT` is a number"),
        ("server", json!({ "command": "c", "env": { "A B": "" } }), "\"A B\" is no name of a variable"),
        ("server", json!({ "command": 1 }), "`server.command` is a number"),
        ("user_config", json!({ "a": "string" }), "`user_config.a` is a text"),
        (
            "user_config",
            json!({ "a": { "type": "string", "required": "yes" } }),
            "`user_config.a.required` is a text",
        ),
        ("user_config", json!({ "a": { "type": "number", "min": "1" } }), "`user_config.a.min` is a text"),
        ("user_config", json!({ "a": { "type": "number", "min": 2, "max": 1 } }), "no number is both"),
        (
            "user_config",
            json!({ "a": { "type": "number", "default": "x" } }),
            "`user_config.a.default` is \"x\"",
        ),
        (
            "user_config",
            json!({ "a": { "type": "number", "default": 9, "max": 8 } }),
            "`user_config.a.default` is too large",
        ),
        (
            "user_config",
            json!({ "a": { "type": "string", "default": ["x"] } }),
            "`user_config.a.default` is a list",
        ),
        ("user_config", json!({ "a": {} }), "`user_config.a.type` is missing"),
        ("user_config", json!({ "a b": { "type": "string" } }), "the setting \"a b\" is not valid"),
        (
            "archestra_config",
            json!({ "oauth": { "required": 1 } }),
            "`archestra_config.oauth.required` is a number",
        ),
        (
            "archestra_config",
            json!({ "oauth": { "provider": "Jira", "required": true } }),
            "the provider name \"Jira\"",
        ),
    ] {
        let shown = error(&with(key, value.clone()).to_string());
        assert!(shown.contains(path), "{key} {value}: {shown}");
    }
}

#[test]
fn slips_are_answered_with_what_was_likely_meant() {
    for (key, value, hint) in [
        ("server", json!({ "type": "lokal", "command": "c" }), "did you mean \"local\"?"),
        ("user_config", json!({ "a": { "type": "strng" } }), "did you mean \"string\"?"),
        ("server", json!({ "command": "c", "args": ["${user_cnfig.a}"] }), "known: ${user_config.KEY}"),
        ("server", json!({ "command": "c", "args": ["${HOEM}"] }), "did you mean ${HOME}?"),
    ] {
        assert!(error(&with(key, value.clone()).to_string()).contains(hint), "{value}");
    }
    let mut manifest = with("server", json!({ "command": "c", "args": ["${user_config.jira_ulr}"] }));
    manifest["user_config"] = json!({ "jira_url": { "type": "string" } });
    let shown = error(&manifest.to_string());
    assert!(
        shown.contains("`user_config` has none") && shown.contains("did you mean ${user_config.jira_url}?"),
        "{shown}"
    );

    let warnings = parse(&json!({
        "name": "a", "user_confg": {}, "icons": [],
        "server": { "command": "c", "arg": [], "service_account": "x" },
        "archestra_config": { "oath": { "provider": "jira", "required": true } }
    }));
    let hints: Vec<_> = warnings.warnings.iter().filter_map(|one| one.hint.clone()).collect();
    assert_eq!(hints.len(), 3, "{}", warnings.warnings);
    for meant in ["user_config", "args", "oauth"] {
        assert!(hints.contains(&format!("did you mean `{meant}`?")), "{hints:?}");
    }
}

#[test]
fn a_key_that_stands_twice_is_refused_where_it_matters() {
    let twice = r#"{ "name": "a", "server": { "command": "good", "command": "evil" } }"#;
    assert!(error(twice).contains("`server.command` is there twice"));
    let beside = r#"{ "name": "a", "server": { "command": "c" }, "readme": { "x": 1, "x": 2 } }"#;
    assert!(Manifest::parse("m.json", beside).is_ok());
}

#[test]
fn text_that_is_no_manifest_is_refused_with_its_place() {
    for (text, place) in [
        ("", "m.json:1:1"),
        ("{ \"name\": \"a\",\n  'b': 1 }", "m.json:2:3"),
        ("{ \"name\": \"a\" }x", "m.json:1:16"),
        ("[]", "m.json:1:1"),
        ("\u{feff}{}", "m.json:1:1"),
    ] {
        let shown = error(text);
        assert!(shown.starts_with(place), "{text:?}: {shown}");
    }
    let long = format!("{}{}", " ".repeat(LONGEST_MANIFEST), with("a", json!(1)));
    assert!(error(&long).contains("longer than 512 KiB"));
    let deep = format!("{{\"name\":{}", "[".repeat(100_000));
    assert!(Manifest::parse("m.json", &deep).is_err());
}

#[test]
fn a_path_that_leads_out_of_the_servers_folder_is_refused() {
    for server in [
        json!({ "command": "${__dirname}/../../bin/sh" }),
        json!({ "command": "../sh" }),
        json!({ "command": "c", "args": ["${__dirname}/a/../.."] }),
        json!({ "command": "c", "args": ["--x=${__dirname}${/}..${/}.."] }),
        json!({ "command": "c", "env": { "A": "${__dirname}\\..\\a" } }),
        json!({ "command": "c", "env": { "PYTHONPATH": "${__dirname}/lib:${__dirname}/.." } }),
        json!({ "type": "node", "entry_point": "../index.js", "mcp_config": { "command": "node" } }),
        json!({ "type": "node", "entry_point": "/etc/passwd", "mcp_config": { "command": "node" } }),
    ] {
        assert!(
            error(&with("server", server.clone()).to_string()).contains("leads out of the server's folder"),
            "{server}"
        );
    }
    let mut manifest =
        with("user_config", json!({ "d": { "type": "file", "default": "${__dirname}/../x" } }));
    manifest["server"]["args"] = json!(["${user_config.d}"]);
    assert!(error(&manifest.to_string()).contains("leads out of the server's folder"));
    let icon = parse(&with("icon", json!("../../secret.png")));
    assert_eq!((icon.manifest.icon, icon.warnings.iter().count()), (None, 1));
}

#[test]
fn a_manifest_made_to_cost_time_is_answered_at_once() {
    let keys = |count: usize, value: Value| -> Value {
        (0..count).map(|index| (format!("k{index}"), value.clone())).collect::<serde_json::Map<_, _>>().into()
    };
    let references: Vec<_> = (0..1000).map(|index| format!("${{user_config.x{index}}}")).collect();
    let mut undefined = with("server", json!({ "command": "c", "args": references }));
    undefined["user_config"] = keys(1000, json!({ "type": "string" }));
    for (manifest, most) in [
        (with("user_config", keys(20_000, json!(1))), 1),
        (with("keywords", json!(vec![1; 100_000])), 1),
        (with("server", json!({ "command": "c", "env": keys(20_000, json!(1)) })), 1),
        (with("server", keys(30_000, json!(1))), 1),
        (undefined, 21),
    ] {
        let found = Manifest::parse("m.json", &manifest.to_string()).unwrap_err();
        assert!(found.iter().filter(|one| one.severity == Severity::Error).count() <= most);
    }
    let doubles = format!("{{{}\"name\":\"a\"}}", "\"a\":1,".repeat(50_000));
    assert!(Manifest::parse("m.json", &doubles).unwrap_err().iter().count() < 10);
}

#[test]
fn the_account_a_server_needs_is_read_in_every_form() {
    let remote = json!({ "type": "remote", "url": "https://mcp.example.com/mcp" });
    let local = json!({ "command": "c" });
    let oauth = |server: &Value, oauth: Value| {
        let manifest = json!({ "name": "a", "server": server, "archestra_config": { "oauth": oauth } });
        parse(&manifest).manifest.sign_in.oauth
    };
    let jira = |required| OauthSignIn::Provider { provider: "jira".parse().unwrap(), required };
    assert_eq!(oauth(&local, json!({ "provider": "jira", "required": true })), jira(true));
    assert_eq!(oauth(&remote, json!({ "provider": "jira", "required": false })), jira(false));
    assert_eq!(oauth(&local, json!({ "provider": null, "required": false })), OauthSignIn::None);
    assert_eq!(oauth(&remote, json!({ "provider": null, "required": true })), OauthSignIn::Discovery);
    assert_eq!(oauth(&local, json!(null)), OauthSignIn::None);
    assert!(OauthSignIn::Discovery.is_required() && jira(true).is_required() && !jira(false).is_required());
    let nobody = with("archestra_config", json!({ "oauth": { "provider": null, "required": true } }));
    assert!(error(&nobody.to_string()).contains("names no provider"));
}

#[test]
fn a_server_is_one_thing_and_says_what() {
    for (server, message) in [
        (json!({}), "the server has no command"),
        (json!({ "type": "node", "entry_point": "a.js" }), "the server has no command"),
        (json!({ "command": " " }), "`server.command` is empty"),
        (json!({ "command": "a", "mcp_config": { "command": "b" } }), "two commands"),
        (json!({ "type": "remote" }), "`server.url` is missing"),
        (json!({ "type": "remote", "url": "file:///x" }), "https://"),
        (json!({ "type": "remote", "url": "https://a@b/" }), "user name"),
        (json!({ "type": "remote", "url": "https://a/${HOME}" }), "a place of this machine"),
        (json!({ "docker_image": "--privileged" }), "is no image"),
        (json!({ "docker_image": "a b" }), "is no image"),
        (json!({ "command": "a\0" }), "NUL"),
    ] {
        assert!(error(&with("server", server.clone()).to_string()).contains(message), "{server}");
    }
    let insecure = parse(&with("server", json!({ "url": "http://mcp.example.com/mcp" })));
    assert!(matches!(insecure.manifest.server, Server::Remote(_)));
    assert_eq!(insecure.warnings.iter().count(), 1);
}

#[test]
fn authors_are_warned_of_what_works_but_not_well() {
    let mut manifest = with(
        "server",
        json!({ "command": "c", "args": ["--key", "${user_config.key}", "x${user_config.list}"], "env": { "PATH": "/x" },
            "mcp_config": null }),
    );
    manifest["user_config"] = json!({
        "key": { "type": "string", "sensitive": true }, "list": { "type": "string", "multiple": true },
        "unused": { "type": "boolean" }
    });
    manifest["archestra_config"] = json!({ "oauth": { "provider": "jirra", "required": true } });
    let found = check("m.json", &manifest.to_string(), ["jira", "github"]);
    assert!(!found.has_errors(), "{found}");
    let shown = found.to_string();
    for text in [
        "the sensitive setting `key` lands on the command line",
        "the values of `list` are joined with commas",
        "nothing uses the setting `unused`",
        "`server.env.PATH`",
        "there is no provider named \"jirra\"\n  hint: did you mean \"jira\"?",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    assert_eq!(found.iter().count(), 5, "{shown}");
    let mut command = manifest.clone();
    command["server"]["command"] = json!("${user_config.key}");
    assert!(error(&command.to_string()).contains("lands in `server.command`"));
}

#[test]
fn text_for_people_can_not_hide_or_turn_what_they_read() {
    for (key, text) in [
        ("display_name", "a\u{202e}b"),
        ("display_name", "a\nb"),
        ("description", "\u{1b}[2J"),
        ("category", "a\u{2066}"),
        ("version", "1\0"),
    ] {
        let shown = error(&with(key, json!(text)).to_string());
        assert!(
            shown.contains("hides or turns text")
                && !shown.contains(['\u{202e}', '\u{2066}', '\u{1b}', '\0']),
            "{shown}"
        );
    }
}

#[test]
fn every_built_in_manifest_is_without_findings() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog");
    let providers = crate::provider::ProviderSet::builtin().unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let known = providers.iter().map(|provider| provider.name.as_str());
        let found = check(&path.display().to_string(), &text, known);
        assert!(found.is_empty(), "{found}");
        names.push(Manifest::parse("m.json", &text).unwrap().manifest.name.to_string());
    }
    names.sort();
    assert!(names.contains(&"sandbox-notes".to_owned()) && names.len() >= 2, "{names:?}");
}

/// JSON of any shape, with the keys that matter among its keys.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "\\$\\{(HOME|user_config\\.a|__dirname|x)\\}(/\\.\\.)?".prop_map(Value::from),
        prop::sample::select(vec!["local", "remote", "string", "number", "https://example.com"])
            .prop_map(Value::from),
    ];
    let keys = vec![
        "name",
        "server",
        "user_config",
        "archestra_config",
        "oauth",
        "browser_based",
        "provider",
        "required",
        "type",
        "command",
        "args",
        "env",
        "url",
        "mcp_config",
        "platform_overrides",
        "linux",
        "default",
        "min",
        "multiple",
        "a",
        "author",
        "tools",
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        let key = prop::sample::select(keys.clone()).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..6).prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn parse_never_panics_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Manifest::parse("m.json", &String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn parse_never_panics_on_any_json(value in any_json(), cut in any::<prop::sample::Index>()) {
        let mut text = value.to_string();
        let _ = check("m.json", &text, ["jira"]);
        let mut end = cut.index(text.len() + 1);
        while !text.is_char_boundary(end) { end -= 1; }
        text.truncate(end);
        let _ = Manifest::parse("m.json", &text);
    }

    #[test]
    fn findings_never_carry_a_character_that_deceives(value in any_json(), hostile in "[\u{1b}\u{202e}\n\0a]{1,8}") {
        let mut manifest = json!({ "name": hostile, "server": { "type": hostile, hostile.clone(): 1 } });
        manifest["user_config"] = json!({ hostile.clone(): value });
        if let Err(found) = Manifest::parse("m.json", &manifest.to_string()) {
            for one in found.iter() {
                let shown = format!("{} {}", one.message, one.hint.clone().unwrap_or_default());
                prop_assert!(!shown.contains(['\u{1b}', '\u{202e}', '\n', '\0']), "{shown:?}");
            }
        }
    }
}
