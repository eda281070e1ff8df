//! What a person sent, as values of settings.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{BOX, PREFIX};
use crate::{
    api::dto::{SettingField, SettingKind},
    pages::form::Fields,
};

/// The values. A secret that is left empty is left out, and so is what says the same as the default.
pub(in crate::pages) fn values(asked: &[SettingField], sent: &Fields) -> BTreeMap<String, Value> {
    let value = |field: &SettingField| Some((field.key.clone(), value(field, sent)?));
    asked.iter().filter_map(value).collect()
}

fn value(field: &SettingField, sent: &Fields) -> Option<Value> {
    let name = format!("{PREFIX}{}", field.key);
    if field.kind == SettingKind::Boolean && !field.multiple {
        sent.one(&format!("{BOX}{}", field.key))?;
        let ticked = Value::Bool(sent.one(&name).is_some());
        let unsaid = field.default.clone().unwrap_or(Value::Bool(false));
        return (ticked != unsaid).then_some(ticked);
    }
    let text = sent.one(&name)?;
    let text = if field.sensitive { text.to_owned() } else { text.trim().replace("\r\n", "\n") };
    if field.multiple {
        let lines: Vec<Value> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(Value::from).collect();
        let default = field.default.clone().unwrap_or(Value::Array(Vec::new()));
        return (Value::Array(lines.clone()) != default).then_some(Value::Array(lines));
    }
    let default = field.default.as_ref().map(shown_as);
    match (text.is_empty(), default) {
        (true, None) => None,
        (_, Some(default)) if default == text && !is_named(field, &text) => None,
        _ if text.is_empty() && field.sensitive => None,
        _ => Some(Value::String(text)),
    }
}

/// Whether a default is the person's own word once they send it: a container is shown no other path. One with a placeholder is not, for
/// a person's words are taken as they stand.
fn is_named(field: &SettingField, text: &str) -> bool {
    matches!(field.kind, SettingKind::File | SettingKind::Directory) && !text.contains("${")
}

/// A default as its field shows it.
pub(super) fn shown_as(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: SettingKind, default: Option<Value>) -> SettingField {
        SettingField {
            key: "key".to_owned(),
            kind,
            title: None,
            description: None,
            required: false,
            default,
            sensitive: false,
            multiple: false,
            min: None,
            max: None,
        }
    }

    fn read(field: SettingField, body: &str) -> Option<Value> {
        values(&[field], &Fields::parse(body.as_bytes())).remove("key")
    }

    #[test]
    fn a_text_is_taken_and_one_that_is_the_default_is_left_to_it() {
        let text = |default: Option<&str>| field(SettingKind::String, default.map(Value::from));
        assert_eq!(read(text(None), "set.key=+a+"), Some("a".into()));
        assert_eq!(read(text(None), "set.key="), None);
        assert_eq!(read(text(Some("${HOME}/x")), "set.key=%24%7BHOME%7D%2Fx"), None);
        assert_eq!(read(text(Some("b")), "set.key="), Some("".into()), "emptied against a default");
        assert_eq!(read(text(None), "key=a"), None, "another field");
        assert_eq!(read(field(SettingKind::Number, Some(8.into())), "set.key=8"), None);
        assert_eq!(read(field(SettingKind::Number, Some(8.into())), "set.key=9"), Some("9".into()));
    }

    #[test]
    fn a_box_counts_where_it_was_on_the_form() {
        let ticked = |default: Option<bool>| field(SettingKind::Boolean, default.map(Value::from));
        assert_eq!(read(ticked(None), "box.key=1&set.key=on"), Some(true.into()));
        assert_eq!(read(ticked(None), "box.key=1"), None);
        assert_eq!(read(ticked(Some(true)), "box.key=1"), Some(false.into()));
        assert_eq!(read(ticked(Some(true)), ""), None);
    }

    #[test]
    fn a_secret_keeps_its_spaces_and_an_empty_one_is_left_out() {
        let secret = || SettingField { sensitive: true, ..field(SettingKind::String, None) };
        assert_eq!(read(secret(), "set.key=+a+"), Some(" a ".into()));
        assert_eq!(read(secret(), "set.key="), None);
    }

    #[test]
    fn several_values_come_one_a_line() {
        let several = SettingField { multiple: true, ..field(SettingKind::Directory, None) };
        let read = read(several, "set.key=%2Fa%0D%0A%0D%0A+%2Fb");
        assert_eq!(read, Some(serde_json::json!(["/a", "/b"])));
    }
}
