//! The fields of a form.

use std::collections::BTreeMap;

use keyferry_core::manifest::SettingProblem;
use maud::{Markup, html};
use serde_json::Value;

use super::{BOX, PREFIX, read::shown_as};
use crate::{
    api::dto::{SettingField, SettingKind},
    pages::parts::prose,
};

/// What the fields hold already.
#[derive(Debug, Default)]
pub(in crate::pages) struct Given<'g> {
    /// What the person said before, secrets left out.
    pub(in crate::pages) values: Option<&'g BTreeMap<String, Value>>,
    /// Secrets that are kept where none is typed anew.
    pub(in crate::pages) secrets: &'g [String],
    /// What is wrong with what was sent.
    pub(in crate::pages) problems: &'g [SettingProblem],
}

/// All fields.
pub(in crate::pages) fn fields(asked: &[SettingField], given: &Given<'_>) -> Markup {
    html! { @for field in asked { (one(field, given)) } }
}

fn one(field: &SettingField, given: &Given<'_>) -> Markup {
    let id = format!("field-{}", field.key);
    let wrong = given.problems.iter().find(|problem| problem.key == field.key);
    let told = format!("{id}-told");
    let said = given.values.and_then(|values| values.get(&field.key)).or(field.default.as_ref());
    html! {
        div.field .wrong[wrong.is_some()] {
            @if field.kind == SettingKind::Boolean && !field.multiple {
                input type="hidden" name={ (BOX) (field.key) } value="1";
                label.tick {
                    input type="checkbox" id=(id) name={ (PREFIX) (field.key) } aria-describedby=(told)
                        checked[said == Some(&Value::Bool(true)) || said.and_then(Value::as_str) == Some("true")];
                    (label(field))
                }
            } @else {
                label for=(id) { (label(field)) @if !field.required { span.soft { " optional" } } }
                (input(field, &id, &told, said, given, wrong.is_some()))
            }
            div id=(told) {
                @if let Some(wrong) = wrong { p.error { (wrong.what) @if !wrong.hint.contains("--set") { "; " (wrong.hint) } } }
                @if let Some(text) = &field.description { p.soft { (prose(text)) } }
                (limits(field))
            }
        }
    }
}

fn label(field: &SettingField) -> &str {
    field.title.as_deref().filter(|title| !title.is_empty()).unwrap_or(&field.key)
}

fn input(
    field: &SettingField,
    id: &str,
    told: &str,
    said: Option<&Value>,
    given: &Given<'_>,
    wrong: bool,
) -> Markup {
    let name = format!("{PREFIX}{}", field.key);
    let kept = field.sensitive && given.secrets.contains(&field.key);
    let required = field.required && !kept;
    let invalid = wrong.then_some("true");
    let text = said.filter(|_| !field.sensitive).map(shown_as).unwrap_or_default();
    html! {
        @if field.multiple {
            textarea id=(id) name=(name) rows="3" required[required] spellcheck="false" aria-describedby=(told) aria-invalid=[invalid] {
                (lines(said))
            }
        } @else if field.sensitive {
            input type="password" id=(id) name=(name) required[required] autocomplete="off" aria-describedby=(told)
                aria-invalid=[invalid] placeholder=[kept.then_some("Kept as it is")];
        } @else {
            @match field.kind {
                SettingKind::Number => input type="number" step="any" id=(id) name=(name) value=(text) required[required]
                    min=[field.min] max=[field.max] aria-describedby=(told) aria-invalid=[invalid];,
                _ => input type="text" id=(id) name=(name) value=(text) required[required] spellcheck="false"
                    autocomplete="off" aria-describedby=(told) aria-invalid=[invalid];,
            }
        }
    }
}

fn lines(said: Option<&Value>) -> String {
    let several = said.map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice));
    several.unwrap_or_default().iter().map(shown_as).collect::<Vec<_>>().join("\n")
}

/// What a value must be, beside what its description says.
fn limits(field: &SettingField) -> Markup {
    let range = match (field.min, field.max) {
        (Some(min), Some(max)) => Some(format!("From {min} to {max}.")),
        (Some(min), None) => Some(format!("At least {min}.")),
        (None, Some(max)) => Some(format!("At most {max}.")),
        (None, None) => None,
    };
    let path = match field.kind {
        SettingKind::File => Some("The whole path of a file that is there."),
        SettingKind::Directory => Some("The whole path of a folder that is there."),
        _ => None,
    };
    html! {
        @if let Some(range) = range { p.soft { (range) } }
        @if let Some(path) = path { p.soft { (path) } }
        @if field.multiple { p.soft { "One a line." } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: SettingKind) -> SettingField {
        SettingField {
            key: "key".to_owned(),
            kind,
            title: Some("A <title>".to_owned()),
            description: None,
            required: true,
            default: None,
            sensitive: false,
            multiple: false,
            min: Some(1.0),
            max: Some(9.5),
        }
    }

    #[test]
    fn a_field_is_what_its_kind_asks_for_and_nothing_of_a_manifest_is_markup() {
        let shown = |field: SettingField| fields(&[field], &Given::default()).into_string();
        let number = shown(field(SettingKind::Number));
        assert!(number.contains("type=\"number\"") && number.contains("min=\"1\""), "{number}");
        assert!(number.contains("A &lt;title&gt;") && number.contains("From 1 to 9.5."), "{number}");
        assert!(shown(field(SettingKind::Directory)).contains("a folder that is there"));
        assert!(shown(field(SettingKind::Boolean)).contains("type=\"checkbox\""));
        let several = shown(SettingField { multiple: true, ..field(SettingKind::String) });
        assert!(several.contains("<textarea"), "{several}");
    }

    #[test]
    fn a_secret_is_a_password_whose_value_is_never_shown() {
        let secret = SettingField { sensitive: true, ..field(SettingKind::String) };
        let values = [("key".to_owned(), Value::from("hunter2"))].into();
        let secrets = ["key".to_owned()];
        let given = Given { values: Some(&values), secrets: &secrets, problems: &[] };
        let shown = fields(&[secret], &given).into_string();
        assert!(shown.contains("type=\"password\"") && !shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("Kept as it is") && !shown.contains(" required"), "{shown}");
    }
}
