//! The keys that the schema names, and files without one of them.

use serde_json::Value as Json;
use toml::Value;

/// What stands for a name of the author's, as in `config.*.title`.
const ANY: &str = "*";

/// Each key of the schema with the tables that it stands in: `token.response.error.at`.
pub(super) fn keys(schema: &Json) -> Vec<String> {
    let mut found = Vec::new();
    for (name, key) in schema["properties"].as_object().into_iter().flatten() {
        // The names that `rename` knows stand in the schema as keys do, but are values of the key `rename`.
        if key.get("description").is_none() {
            continue;
        }
        found.push(name.clone());
        found.extend(keys(key).into_iter().map(|below| format!("{name}.{below}")));
        found.extend(keys(&key["items"]).into_iter().map(|below| format!("{name}.{below}")));
        found.extend(keys(&key["additionalProperties"]).iter().map(|below| format!("{name}.{ANY}.{below}")));
    }
    found
}

/// The file without a key: as many forms as there are places where it is set.
pub(super) fn without(file: &Value, key: &str) -> Vec<Value> {
    cut(file, &key.split('.').collect::<Vec<_>>())
}

fn cut(value: &Value, way: &[&str]) -> Vec<Value> {
    let Some((step, rest)) = way.split_first() else { return Vec::new() };
    let mut forms = Vec::new();
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                forms.extend(cut(item, way).into_iter().map(|item| {
                    let mut items = items.clone();
                    items[at] = item;
                    Value::Array(items)
                }));
            }
        }
        Value::Table(table) => {
            for (name, inner) in table.iter().filter(|(name, _)| *step == ANY || name == step) {
                let mut other = table.clone();
                if rest.is_empty() {
                    other.remove(name);
                    forms.push(other.into());
                    continue;
                }
                for inner in cut(inner, rest) {
                    other.insert(name.clone(), inner);
                    forms.push(other.clone().into());
                }
            }
        }
        _ => {}
    }
    forms
}

#[test]
fn a_key_is_taken_out_where_it_is_set_one_place_at_a_time() {
    let file: Value = toml::from_str(
        "[token]\nrefresh = false\n[config.a]\ntitle = 'A'\n[config.b]\ntitle = 'B'\n[[file]]\nmode = '1'\n[[file]]\nmode = '2'\n",
    )
    .unwrap();
    let forms = |key: &str| without(&file, key).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(forms("token.rotates"), [""; 0]);
    for (key, gone) in [
        ("token.refresh", &["refresh"][..]),
        ("token", &["token"]),
        ("config.*.title", &["\"A\"", "\"B\""]),
        ("file.mode", &["\"1\"", "\"2\""]),
    ] {
        let forms = forms(key);
        assert_eq!(forms.len(), gone.len(), "{key}");
        for (form, gone) in forms.iter().zip(gone) {
            for word in ["token", "refresh", "\"A\"", "\"B\"", "\"1\"", "\"2\""] {
                let below = key == "token" && word == "refresh";
                assert_eq!(form.contains(word), word != *gone && !below, "{key}: {word} in {form}");
            }
        }
    }
}
