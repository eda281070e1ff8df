//! Files made to deceive, to break out or to cost time.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

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
fn a_manifest_brings_no_script_and_no_rules_for_a_window() {
    let offers = |more: Value| {
        let mut browser = json!({ "provider": "acme-browser", "required": true });
        browser.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        with("archestra_config", json!({ "browser_based": browser }))
    };
    assert!(parse(&offers(json!({}))).manifest.sign_in.requires_browser());
    for key in ["script", "tokens", "login_url", "allow_hosts", "extract_on", "extractTokens"] {
        let shown = error(&offers(json!({ key: "document.cookie" })).to_string());
        let expected = format!("`archestra_config.browser_based.{key}` has no place in a manifest");
        assert!(shown.contains(&expected), "{shown}");
    }
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
