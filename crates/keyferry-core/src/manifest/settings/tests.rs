use serde_json::{Map, Value, json};

use super::*;
use crate::manifest::Manifest;

fn config(user_config: &Value) -> UserConfig {
    let manifest = json!({ "name": "a", "server": { "command": "run" }, "user_config": user_config });
    Manifest::parse("a.json", &manifest.to_string())
        .unwrap_or_else(|found| panic!("{found}"))
        .manifest
        .user_config
}

fn validate(config: &UserConfig, given: &Value) -> Result<Settings, Vec<SettingProblem>> {
    let given: &Map<String, Value> = given.as_object().unwrap();
    Settings::validate(config, given)
}

/// The first value of a setting as text.
fn value(settings: &Settings, key: &str) -> Option<String> {
    settings.get(&key.parse().unwrap()).map(|chosen| match &chosen.values[0] {
        SettingValue::Plain(text) => text.clone(),
        SettingValue::Secret(secret) => secret.expose_secret().to_owned(),
        SettingValue::Default(template) => template.as_str().to_owned(),
    })
}

#[test]
fn a_value_is_read_as_its_type_asks_from_json_and_from_a_command_line() {
    let text = "text";
    for (kind, given, read) in [
        ("number", json!(80), Some("80")),
        ("number", json!("80"), Some("80")),
        ("number", json!(" -1.5 "), Some("-1.5")),
        ("number", json!("18446744073709551615"), Some("18446744073709551615")),
        ("number", json!("NaN"), None),
        ("number", json!("inf"), None),
        ("number", json!("1e999"), None),
        ("number", json!("0x50"), None),
        ("number", json!(true), None),
        ("boolean", json!(true), Some("true")),
        ("boolean", json!("No"), Some("false")),
        ("boolean", json!("maybe"), None),
        ("boolean", json!(1), None),
        ("string", json!(text), Some(text)),
        ("string", json!("two\nlines"), Some("two\nlines")),
        ("string", json!("nul\0"), None),
        ("string", json!("esc\u{1b}[2J"), None),
        ("string", json!(80), None),
        ("string", json!({}), None),
        ("string", json!(["a"]), None),
        ("file", json!("/a/b c"), Some("/a/b c")),
        ("file", json!("/a\n/b"), None),
        ("directory", json!("a\r"), None),
        ("directory", json!(false), None),
    ] {
        let config = config(&json!({ "a": { "type": kind } }));
        let settings = validate(&config, &json!({ "a": given })).ok();
        assert_eq!(settings.and_then(|settings| value(&settings, "a")).as_deref(), read, "{kind} {given}");
    }
}

#[test]
fn all_problems_come_at_once_each_with_its_key_and_a_hint() {
    let config = config(&json!({
        "a_url": { "type": "string", "title": "Jira URL", "required": true },
        "b_port": { "type": "number", "min": 1, "max": 65535 },
        "c_on": { "type": "boolean" },
    }));
    let problems = validate(&config(&spec(kind)), &json!({ "s": given })).unwrap_err();
        assert!(!format!("{problems:?}{}", problems[0]).contains("canary"), "{kind}");
    }
    let number = validate(&config(&spec("number")), &json!({ "s": "-424242" })).unwrap_err();
    assert!(!format!("{number:?}").contains("424242"));
}

#[test]
fn a_value_longer_than_an_argument_can_be_is_refused() {
    let config = config(&json!({ "a": { "type": "string" } }));
    assert!(validate(&config, &json!({ "a": "x".repeat(64 * 1024) })).is_ok());
    assert!(validate(&config, &json!({ "a": "x".repeat(64 * 1024 + 1) })).is_err());
}
