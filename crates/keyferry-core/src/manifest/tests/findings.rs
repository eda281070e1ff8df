//! What an author is told.

use serde_json::json;

use super::*;

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
        (
            "archestra_config",
            json!({ "oauth": { "provider": "jira", "required": true, "scopes": ["read", "a b"] } }),
            "`archestra_config.oauth.scopes[1]`: a scope is 1 to 512 visible",
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
