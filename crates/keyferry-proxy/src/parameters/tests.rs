use super::*;

const ALLOWED: &[Name] = &[Name::Provider, Name::Code, Name::Callback];

fn read(format: Format, text: &str) -> Result<Parameters, ParameterError> {
    Parameters::read(&Body { format, bytes: text.as_bytes().to_vec().into() }, ALLOWED)
}

#[test]
fn both_formats_say_the_same() {
    let table = [
        (Format::Form, "provider=acme&code=a%2Bb+c%C3%A9&callback=%7B%22realmId%22%3A%221%22%7D"),
        (Format::Json, r#"{"provider":"acme","code":"a+b cé","callback":{"realmId":"1"}}"#),
    ];
    for (format, text) in table {
        let mut parameters = read(format, text).unwrap();
        assert_eq!(parameters.require(Name::Provider).unwrap().expose_secret(), "acme");
        assert_eq!(parameters.require(Name::Code).unwrap().expose_secret(), "a+b cé");
        assert!(!parameters.take_values(Name::Callback).unwrap().is_empty());
        parameters.finish().unwrap();
    }
}

#[test]
fn what_is_unknown_repeated_or_of_the_wrong_kind_is_refused() {
    use Format::{Form, Json};
    let many = format!(
        r#"{{"callback":{{{}}}}}"#,
        (0..33).map(|n| format!("\"n{n}\":\"\"")).collect::<Vec<_>>().join(",")
    );
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let deep = format!(r#"{{"callback":{deep}}}"#);
    let table = [
        (Form, "resource=a&resource=b", ParameterError::Unknown),
        (Form, "token_endpoint=https://evil.test", ParameterError::Unknown),
        (Form, "Code=a", ParameterError::Unknown),
        (Form, "client_secret=x", ParameterError::Client),
        (Form, "client_assertion=x", ParameterError::Client),
        (Form, "client_id=x", ParameterError::Client),
        (Form, "scope=x", ParameterError::Scope),
        (Form, "code=a&code=a", ParameterError::Repeated(Name::Code)),
        (Form, "code=&code=a", ParameterError::Repeated(Name::Code)),
        (Form, "code=a%00", ParameterError::NotText(Name::Code)),
        (Form, "callback=x", ParameterError::NotValues(Name::Callback)),
        (Form, "callback=%7B%7D&callback=%7B%7D", ParameterError::Repeated(Name::Callback)),
        (Json, r#"{"client_secret":"x"}"#, ParameterError::Client),
        (Json, r#"{"token_endpoint":"x"}"#, ParameterError::Unknown),
        (Json, r#"{"code":"a","code":"b"}"#, ParameterError::Repeated(Name::Code)),
        (Json, r#"{"code":null,"code":"b"}"#, ParameterError::Repeated(Name::Code)),
        (Json, r#"{"code":5}"#, ParameterError::NotText(Name::Code)),
        (Json, r#"{"code":["a"]}"#, ParameterError::NotText(Name::Code)),
        (Json, r#"{"code":"a\u0000"}"#, ParameterError::NotText(Name::Code)),
        (Json, r#"{"callback":"x"}"#, ParameterError::NotValues(Name::Callback)),
        (Json, r#"{"callback":{"a":1}}"#, ParameterError::NotValues(Name::Callback)),
        (Json, r#"{"callback":{"a":"1","a":"2"}}"#, ParameterError::NotValues(Name::Callback)),
        (Json, &many, ParameterError::NotValues(Name::Callback)),
        (Json, &deep, ParameterError::NotValues(Name::Callback)),
        (Json, "", ParameterError::Body),
        (Json, "[]", ParameterError::Body),
        (Json, "code=a", ParameterError::Body),
        (Json, r#"{"code":"a"} x"#, ParameterError::Body),
        (Json, r#"{"code":"a""#, ParameterError::Body),
    ];
    for (format, text, expected) in table {
        assert_eq!(read(format, text).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn an_empty_text_is_absent_and_a_left_over_one_is_named() {
    let mut parameters = read(Format::Form, "provider=&code=x").unwrap();
    assert_eq!(parameters.require(Name::Provider).unwrap_err(), ParameterError::Missing(Name::Provider));
    assert_eq!(parameters.finish().unwrap_err(), ParameterError::Misplaced(Name::Code));
    read(Format::Json, r#"{"code":"","callback":null}"#).unwrap().finish().unwrap();
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, text: String) {
        for bytes in [bytes, text.into_bytes()] {
            for format in [Format::Form, Format::Json] {
                let _ = Parameters::read(&Body { format, bytes: bytes.clone().into() }, ALLOWED);
            }
        }
    }

    #[test]
    fn any_text_passes_both_formats_unchanged(text in "\\PC{1,40}") {
        let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("code", &text).finish();
        let json = serde_json::json!({ "code": text }).to_string();
        for (format, body) in [(Format::Form, form), (Format::Json, json)] {
            let read = read(format, &body).unwrap().require(Name::Code).unwrap();
            proptest::prop_assert_eq!(read.expose_secret(), &text);
        }
    }
}

#[test]
fn nothing_of_a_value_is_printed() {
    let parameters = read(Format::Json, r#"{"code":"canary","callback":{"x":"canary"}}"#).unwrap();
    assert!(!format!("{parameters:?}").contains("canary"));
}
