//! A form made from a tool's schema (JSON Schema), and a form back as its arguments.
//!
//! Texts, numbers, boxes and choices have fields of their own; whatever else a tool takes is written as JSON.

use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::{api::dto::Problem, pages::form::Fields};

/// What the names of the fields begin with.
const PREFIX: &str = "arg.";

/// Arguments with a field of their own; a tool with more gets the rest as JSON.
const MOST: usize = 40;

/// How an argument is asked for.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Text,
    Number,
    Box,
    Choice(Vec<Value>),
    Json,
}

fn kind(schema: &Value) -> Kind {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        return Kind::Choice(choices.clone());
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => Kind::Text,
        Some("number" | "integer") => Kind::Number,
        Some("boolean") => Kind::Box,
        _ => Kind::Json,
    }
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten().take(MOST)
}

fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|required| required == name))
}

/// The fields, with what was sent before. `tool` tells fields of several forms on a page apart.
pub(super) fn fields(schema: &Value, tool: &str, sent: Option<&Fields>) -> Markup {
    html! {
        @for (name, property) in properties(schema) {
            @let id = format!("arg-{tool}-{name}");
            @let field = format!("{PREFIX}{name}");
            @let said = sent.and_then(|sent| sent.one(&field)).unwrap_or_default();
            @let required = is_required(schema, name);
            div.field {
                @if kind(property) == Kind::Box {
                    label.tick { input type="checkbox" id=(id) name=(field) value="true" checked[said == "true"]; (name) }
                } @else {
                    label for=(id) { (name) @if !required { span.soft { " optional" } } }
                    @match kind(property) {
                        Kind::Number => input type="number" step="any" id=(id) name=(field) value=(said) required[required];,
                        Kind::Choice(choices) => select id=(id) name=(field) required[required] {
                            option value="" {}
                            @for choice in &choices { @let text = text(choice); option value=(text) selected[text == said] { (text) } }
                        },
                        Kind::Json => textarea.code id=(id) name=(field) rows="3" required[required] spellcheck="false" placeholder="JSON" { (said) },
                        _ => input type="text" id=(id) name=(field) value=(said) required[required] autocomplete="off";,
                    }
                }
                @if let Some(told) = property.get("description").and_then(Value::as_str) { p.soft { (told) } }
            }
        }
        @if properties(schema).next().is_none() { p.soft { "It takes no arguments." } }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The arguments that a form holds. An optional one that is empty is left out.
pub(super) fn arguments(schema: &Value, sent: &Fields) -> Result<Map<String, Value>, Problem> {
    let mut arguments = Map::new();
    for (name, property) in properties(schema) {
        let said = sent.one(&format!("{PREFIX}{name}"));
        let required = is_required(schema, name);
        let value = match (kind(property), said) {
            (Kind::Box, said) => (said.is_some() || required).then(|| Value::Bool(said.is_some())),
            (Kind::Text, Some(said)) => (!said.is_empty() || required).then(|| Value::from(said)),
            (_, None | Some("")) => None,
            (Kind::Choice(choices), Some(said)) => choices.into_iter().find(|choice| text(choice) == said),
            (Kind::Number | Kind::Json, Some(said)) => Some(json(name, said)?),
        };
        if let Some(value) = value {
            arguments.insert(name.clone(), value);
        }
    }
    Ok(arguments)
}

fn json(name: &str, said: &str) -> Result<Value, Problem> {
    serde_json::from_str(said).map_err(|error| {
        Problem::new("bad_argument", format!("{name}: this is not JSON: {error}"))
            .with_hint("write it as JSON, such as [1, 2] or {\"key\": \"value\"}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "text": { "type": "string", "description": "what <to> say" },
                "count": { "type": "integer" },
                "loud": { "type": "boolean" },
                "tone": { "enum": ["calm", "glad", 3] },
                "more": { "type": "array" },
            },
            "required": ["text"],
        })
    }

    fn read(body: &str) -> Result<Map<String, Value>, Problem> {
        arguments(&schema(), &Fields::parse(body.as_bytes()))
    }

    #[test]
    fn arguments_have_the_types_of_the_schema() {
        let read_ = read("arg.text=hello&arg.count=7&arg.loud=true&arg.tone=3&arg.more=%5B1%5D").unwrap();
        assert_eq!(
            Value::from(read_),
            json!({"text": "hello", "count": 7, "loud": true, "tone": 3, "more": [1]})
        );
        let least = read("arg.text=&arg.count=&arg.tone=&arg.more=").unwrap();
        assert_eq!(Value::from(least), json!({"text": ""}), "what is optional and empty is left out");
        assert!(read("arg.text=a&arg.other=b").unwrap().get("other").is_none());
    }

    #[test]
    fn what_is_no_json_is_said_by_its_name() {
        let wrong = read("arg.text=a&arg.more=%5B1").unwrap_err();
        assert!(wrong.message.starts_with("more: "), "{}", wrong.message);
    }

    #[test]
    fn a_field_of_each_kind_is_shown_and_escaped() {
        let shown = fields(&schema(), "tool", None).into_string();
        for part in [
            "type=\"text\"",
            "type=\"number\"",
            "type=\"checkbox\"",
            "<select",
            "<textarea",
            "what &lt;to&gt; say",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(fields(&json!(true), "tool", None).into_string().contains("no arguments"));
    }
}
