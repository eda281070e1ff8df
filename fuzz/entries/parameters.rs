//! What holds for any body of `POST /oauth/token` and `/oauth/revoke`: it means one thing, whatever reads it, and nothing of it is
//! printed.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::Value;
use url::form_urlencoded;

use crate::{
    body::{Body, Format},
    parameters::{Name, ParameterError, Parameters},
};

/// All that any route takes.
const ALL: [Name; 10] = [
    Name::Provider,
    Name::GrantType,
    Name::Code,
    Name::RedirectUri,
    Name::CodeVerifier,
    Name::RefreshToken,
    Name::Token,
    Name::TokenTypeHint,
    Name::Callback,
    Name::Config,
];

/// What was read: texts, and objects of texts as JSON.
type Found = BTreeMap<&'static str, Value>;

#[doc(hidden)]
pub fn check(bytes: &[u8]) {
    let form = read(Format::Form, bytes);
    assert_eq!(form, read(Format::Json, as_json(bytes).as_bytes()), "a form, and JSON of its pairs");
    if let Ok(found) = &form {
        let pairs = form_urlencoded::parse(bytes).filter(|(_, value)| !value.is_empty()).count();
        assert_eq!(found.len(), pairs, "a pair was lost or made up");
    }
    let Ok(found) = read(Format::Json, bytes) else { return };
    // Another reader finds the same in it.
    let value: Value = serde_json::from_slice(bytes).expect("what was read as JSON is JSON");
    let members = value.as_object().expect("what was read as an object is one");
    let given = members.iter().filter(|(_, value)| !value.is_null() && *value != "");
    assert!(given.map(|(name, value)| (name.as_str(), value)).eq(found.iter().map(|(n, v)| (*n, v))));
    assert_eq!(read(Format::Form, as_form(&found).as_bytes()), Ok(found), "JSON, and a form of its members");
}

/// Reads a body, and takes everything out.
fn read(format: Format, bytes: &[u8]) -> Result<Found, ParameterError> {
    let body = Body { format, bytes: bytes.to_vec().into() };
    let mut parameters = Parameters::read(&body, &ALL)?;
    let printed = format!("{parameters:?}");
    let mut found = Found::new();
    for name in ALL {
        if let Some(values) = parameters.take_values(name) {
            let entries = values.iter().map(|(name, value)| (name.to_owned(), value.expose_secret().into()));
            found.insert(name.as_str(), Value::Object(entries.collect()));
        }
        if let Some(text) = parameters.take(name) {
            let text = text.expose_secret();
            assert!(text.len() < 16 || !printed.contains(text), "a value is printed");
            assert!(!text.contains('\0'));
            found.insert(name.as_str(), text.into());
        }
    }
    assert_eq!(parameters.finish(), Ok(()), "something was left");
    Ok(found)
}

/// A form's pairs as members of an object, one that stands twice twice.
fn as_json(form: &[u8]) -> String {
    let members = form_urlencoded::parse(form).map(|(name, value)| {
        let is_object = ALL.iter().any(|known| known.is_object() && known.as_str() == name);
        // `null` is an object that is not there in JSON alone.
        let raw = is_object && value != "null" && serde_json::from_str::<IgnoredAny>(&value).is_ok();
        let value = if raw { value.into_owned() } else { Value::from(value).to_string() };
        format!("{}:{value}", Value::from(name))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn as_form(found: &Found) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in found {
        form.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    form.finish()
}
