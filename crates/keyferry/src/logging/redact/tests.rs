//! Lines with secrets and without.

use proptest::prelude::*;

use super::*;

/// A line of the proxy, as it writes one for each request.
const REQUEST: &str = r#"{"timestamp":"2026-11-25T23:23:52.714033Z","level":"INFO","message":"request","request_id":"e514b01e4878c14b","method":"POST","route":"/oauth/token","provider":"sandbox","grant":"authorization_code","outcome":"ok","status":200,"elapsed_ms":12,"target":"keyferry_proxy::request_log"}"#;

fn shown(line: &str) -> String {
    String::from_utf8(masked(line.as_bytes()).into_owned()).unwrap()
}

#[test]
fn a_new_log_line_with_a_secret_is_masked() {
    for line in [
        "access_token=canary-0123456789",
        "got {\"access_token\":\"canary-0123456789\",\"x\":1}",
        "{\"message\":\"body {\\\"refresh_token\\\":\\\"canary-0123456789\\\"}\"}",
        "{\"message\":\"body {\\\\\\\"refresh_token\\\\\\\": \\\\\\\"canary-0123456789\\\\\\\"}\"}",
        "GET /oauth/callback/jira?code=canary-0123456789&state=canary-9876543210",
        "Location: https://a.example/?to=%2Fcallback%3Fcode%3Dcanary-0123456789%26state%3Dcanary-9876543210",
        "Authorization: Bearer canary-0123456789",
        "AUTHORIZATION: BEARER canary-0123456789",
        "authorization: basic Y2FuYXJ5LTAxMjM0NTY3ODk=canary",
        "client_secret: canary-0123456789",
        "client_secret=\"ca,n;a&r'y canary-0123456789\"",
        "password: 'two canary words'",
        "code_verifier='canary-0123456789-0123456789-0123456789-0123'",
        "started with SANDBOX_ACCESS_TOKEN=canary-0123456789 JIRA_CLIENT_SECRET=canary-0123456789",
        "{\"accessToken\" : \"canary-0123456789\", \"apiKey\": \"canary-0123456789\"}",
        "Tokens { access_token: AccessToken(\"canary-0123456789\"), refresh_token: Some(\"canary-0123456789\") }",
        "{\"tokens\":{\"id_token\":[\"canary-0123456789\"]}}",
        "code => \"canary-0123456789\"",
        "Cookie: a=canary-0123456789; b=canary-9876543210",
        "{\"set-cookie\": \"keyferry_session=canary-0123456789; HttpOnly\"}",
        "a jwt eyJhbGciOiJub25lIn0.canary0123456789.sig",
        "slack xoxb-canary-0123456789 github gho_canary0123456789 github_pat_canary0123456789",
        "sandbox sbx_at_canary0123456789 sealed kfr1.k1.canary0123456789 google ya29.canary-0123456789",
        "\u{1b}[3mcode\u{1b}[0m\u{1b}[2m=\u{1b}[0mcanary-0123456789 \u{1b}[3mtoken\u{1b}[0m\u{1b}[2m=\u{1b}[0m\"canary-0123456789\"",
        "\u{1b}[32mBearer canary-0123456789\u{1b}[0m \u{1b}[2msbx_at_canary0123456789\u{1b}[0m",
    ] {
        let shown = shown(line);
        assert!(!shown.contains("canary"), "{line} → {shown}");
        assert!(shown.contains("[redacted]"), "{shown}");
        assert_eq!(super::tests::shown(&shown), shown, "a second mask changes it");
    }
}

#[test]
fn a_masked_line_is_still_json() {
    let line = r#"{"message":"got {\"token\":\"canary-0123456789\"}","access_token":"canary-0123456789","code":"canary-0123456789","x":1}"#;
    let shown = shown(line);
    let value: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(value["message"], r#"got {"token":"[redacted]"}"#);
    assert_eq!((&value["access_token"], &value["code"]), (&"[redacted]".into(), &"[redacted]".into()));
}

#[test]
fn what_is_no_secret_is_left_as_it_is() {
    for line in [
        REQUEST,
        "request request_id=\"98c7826c4f4809af\" route=\"/oauth/token\" grant=\"authorization_code\" status=200",
        "refreshed connection=ntiquo2azb2h provider=sandbox",
        "{\"level\":\"INFO\",\"message\":\"the app is ready\",\"address\":\"127.0.0.1:41197\"}",
        "the token still lives",
        "state=ready error_code=temporarily_unavailable access_keys=true key: something",
        "Tokens { access_token: AccessToken([redacted]), code: [redacted] }",
        "",
    ] {
        assert_eq!(shown(line), line);
    }
}

#[test]
fn an_ordinary_line_does_not_cost_a_search() {
    assert!(!gate::may_hold_a_secret(REQUEST.as_bytes()));
    assert!(matches!(masked(REQUEST.as_bytes()), Cow::Borrowed(line) if line == REQUEST.as_bytes()));
}

#[test]
fn what_is_no_text_passes_too() {
    assert_eq!(&*masked(b"\xff\xfe token=\xffcanary-0123456789 \xff"), b"\xff\xfe token=[redacted] \xff");
}

/// What is kept of a log in a test.
#[derive(Clone, Default)]
struct Kept(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_line_that_can_not_be_written_is_lost_and_no_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }
    let mut log = Redacting(Full);
    assert_eq!(log.write(b"a line\n").unwrap(), 7);
    log.flush().unwrap();
}

#[test]
fn a_terminal_with_colours_shows_one_line_and_no_secret() {
    let kept = Kept::default();
    let writer = kept.clone();
    let log = tracing_subscriber::fmt().compact().with_ansi(true);
    let log = log.with_writer(move || Redacting(writer.clone())).finish();
    tracing::subscriber::with_default(log, || {
        let code = "canary-0123456789";
        tracing::warn!(code, refresh_token = %code, state = ?Some(code), "Bearer {code}");
        tracing::warn!(text = %"a\nINFO forged\r\u{1b}[2J", "b\nINFO forged");
    });
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("\u{1b}["), "no colours: {text}");
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(!text.contains("canary") && !text.contains("\u{1b}[2J"), "{text}");
    assert_eq!(text.matches("[redacted]").count(), 4, "{text}");
}

const PARTS: &[&str] = &[
    "access_token",
    "TOKEN",
    "Secret",
    "client_assertion",
    "code_verifier",
    "password",
    "api_key",
    "sealing-KEY",
    "set-cookie",
    "code",
    "State",
    "_",
    "=",
    ":",
    ".",
    "=>",
    "%3D",
    "%3a",
    "\"",
    "'",
    "\\",
    " ",
    "\t",
    "\n",
    "\r",
    "\x0b",
    "\x0c",
    "\u{1b}[0m",
    "\u{1b}",
    "(",
    "Some(",
    "AccessToken(",
    "[",
    "{",
    ",",
    "&",
    ";",
    "}",
    "Bearer",
    "bAsIc",
    "eyJ",
    "xoxb-",
    "gho_",
    "github_pat_",
    "ya29.",
    "sbx_",
    "at_",
    "kfr1.",
    "a1b2c3d4e5f6",
    "é",
    "redacted",
];

fn part() -> impl Strategy<Value = String> {
    prop_oneof![9 => proptest::sample::select(PARTS).prop_map(str::to_owned), 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn the_gate_lets_nothing_pass_that_the_pattern_would_mask(parts in proptest::collection::vec(part(), 1..12)) {
        let line = parts.concat();
        if !gate::may_hold_a_secret(line.as_bytes()) {
            prop_assert_eq!(secret_pattern::mask(line.as_bytes()), line.as_bytes());
        }
    }
}
