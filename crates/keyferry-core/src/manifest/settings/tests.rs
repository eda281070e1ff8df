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
    let given = json!({ "b_port": "70000", "c_on": "x", "b_prt": 1, "zzz\u{202e}": 1 });
    let shown: Vec<_> = validate(&config, &given).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "a_url: \"Jira URL\" is missing; give it with --set a_url=VALUE",
            "b_port: is too large: 70000; at most 65535",
            "c_on: is \"x\"; it must be true or false",
            "b_prt: there is no such setting; did you mean b_port?",
            "zzz\\u{202e}: there is no such setting; known: a_url, b_port, c_on",
        ]
    );
    assert!(validate(&config, &json!({ "a_url": "u", "b_port": 0 })).is_err());
}

#[test]
fn defaults_fill_what_is_missing_and_an_empty_text_says_none() {
    let config = config(&json!({
        "home": { "type": "directory", "default": "${HOME}/a", "required": true },
        "port": { "type": "number", "default": "80" },
        "key": { "type": "string", "default": "" },
    }));
    let settings = validate(&config, &json!({ "home": null })).unwrap();
    assert_eq!(value(&settings, "home").as_deref(), Some("${HOME}/a"));
    assert_eq!(value(&settings, "port").as_deref(), Some("80"));
    assert_eq!(value(&settings, "key"), None);
    assert_eq!(value(&validate(&config, &json!({ "port": "" })).unwrap(), "port"), None);
    assert_eq!(validate(&config, &json!({ "home": "" })).unwrap_err().len(), 1);
}

#[test]
fn a_required_secret_with_an_empty_default_must_be_given() {
    let spec = json!({ "type": "string", "default": "", "required": true, "sensitive": true });
    assert_eq!(validate(&config(&json!({ "token": spec })), &json!({})).unwrap_err()[0].key, "token");
}

#[test]
fn several_values_are_taken_only_where_the_manifest_says_so() {
    let config = config(&json!({ "dirs": { "type": "directory", "multiple": true, "required": true } }));
    let count = |given| {
        let settings = validate(&config, &json!({ "dirs": given }))?;
        Ok::<_, Vec<SettingProblem>>(settings.get(&"dirs".parse().unwrap()).unwrap().values.len())
    };
    assert_eq!(count(json!(["/a", "/b"])).unwrap(), 2);
    assert_eq!(count(json!("/a")).unwrap(), 1);
    assert!(count(json!([])).is_err());
    assert!(count(json!(["/a", 1])).is_err());
    assert!(count(json!(vec!["/a"; 257])).is_err());
}

#[test]
fn a_sensitive_value_is_printed_nowhere() {
    let spec = |kind: &str| json!({ "s": { "type": kind, "sensitive": true, "min": 1 } });
    let settings = validate(&config(&spec("string")), &json!({ "s": "canary" })).unwrap();
    assert!(!format!("{settings:?}").contains("canary"));
    assert_eq!(settings.secrets().map(SecretText::expose_secret).collect::<Vec<_>>(), ["canary"]);
    for (kind, given) in
        [("string", "canary\0"), ("number", "canary"), ("boolean", "canary"), ("file", "canary\n")]
    {
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
