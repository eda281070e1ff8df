//! From JSON, or the text of a command line, to the one text that a setting's value is.

use serde_json::{Number, Value};

use crate::manifest::{
    show::named,
    user_config::{SettingKind, SettingSpec},
};

/// The longest value in bytes. Linux takes arguments and variables of up to 128 KiB, and a value may stand among other text.
const LONGEST: usize = 64 * 1024;

/// The most values of one setting.
const MOST: usize = 256;

/// What is wrong with a value: continues a sentence that begins with the setting.
pub(in crate::manifest) struct Fault {
    pub(in crate::manifest) what: String,
    pub(in crate::manifest) hint: String,
}

/// The values as text: none for `null`, an empty text or an empty list.
pub(in crate::manifest) fn texts(spec: &SettingSpec, value: &Value) -> Result<Vec<String>, Fault> {
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(_) if !spec.multiple => return fault("is a list", "it takes one value"),
        Value::Array(items) => items.as_slice(),
        other => std::slice::from_ref(other),
    };
    if items.len() > MOST {
        return fault("has too many values", &format!("at most {MOST} are taken"));
    }
    let texts: Vec<_> = items.iter().map(|item| text(spec, item)).collect::<Result<_, _>>()?;
    Ok(texts.into_iter().filter(|text| !text.is_empty()).collect())
}

fn text(spec: &SettingSpec, value: &Value) -> Result<String, Fault> {
    match (spec.kind, value) {
        (_, Value::String(text)) if text.len() > LONGEST => {
            fault("is too long", &format!("at most {} KiB are taken", LONGEST / 1024))
        }
        (_, Value::String(text)) if text.is_empty() => Ok(String::new()),
        (SettingKind::String, Value::String(text)) => {
            checked(text, |c| c.is_control() && !"\n\r\t".contains(c))
        }
        (SettingKind::File | SettingKind::Directory, Value::String(text)) => checked(text, char::is_control),
        (SettingKind::Number, Value::Number(number)) => bounded(spec, number.clone()),
        (SettingKind::Number, Value::String(text)) => match number(text.trim()) {
            Some(number) => bounded(spec, number),
            None => wrong(spec, value),
        },
        (SettingKind::Boolean, Value::Bool(yes)) => Ok(yes.to_string()),
        (SettingKind::Boolean, Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok("true".to_owned()),
            "false" | "no" | "off" | "0" => Ok("false".to_owned()),
            _ => wrong(spec, value),
        },
        _ => wrong(spec, value),
    }
}

fn checked(text: &str, refused: fn(char) -> bool) -> Result<String, Fault> {
    if text.chars().any(refused) {
        return fault(
            "has a control character",
            "remove it; it may have come along when the value was copied",
        );
    }
    Ok(text.to_owned())
}

/// The number that a text writes; `inf` and `NaN` write none.
fn number(text: &str) -> Option<Number> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    text.parse::<u64>().ok().map(Number::from).or_else(|| Number::from_f64(text.parse().ok()?))
}

fn bounded(spec: &SettingSpec, number: Number) -> Result<String, Fault> {
    let Some(value) = number.as_f64().filter(|value| value.is_finite()) else {
        return fault("is no finite number", "give an ordinary number");
    };
    let shown = if spec.sensitive { "the number".to_owned() } else { number.to_string() };
    match (spec.min, spec.max) {
        (Some(min), _) if value < min => fault(&format!("is too small: {shown}"), &format!("at least {min}")),
        (_, Some(max)) if value > max => fault(&format!("is too large: {shown}"), &format!("at most {max}")),
        _ => Ok(number.to_string()),
    }
}

fn wrong(spec: &SettingSpec, value: &Value) -> Result<String, Fault> {
    let found = match value {
        Value::String(text) if !spec.sensitive => named(text),
        Value::String(_) => "a text".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Null => "null".to_owned(),
    };
    let wanted = match spec.kind {
        SettingKind::String => "a text, in quotes",
        SettingKind::Number => "a number, such as 8080",
        SettingKind::Boolean => "true or false",
        SettingKind::Directory => "the path of a directory, in quotes",
        SettingKind::File => "the path of a file, in quotes",
    };
    fault(&format!("is {found}"), &format!("it must be {wanted}"))
}

fn fault<T>(what: &str, hint: &str) -> Result<T, Fault> {
    Err(Fault { what: what.to_owned(), hint: hint.to_owned() })
}
