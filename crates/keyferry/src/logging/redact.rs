//! The last line of defence: what looks like a secret is masked where the log leaves the program, whoever logged it.
//!
//! Secrets have types that print `[redacted]`, so nothing should ever be found here. A log line that somebody adds later, or one of a
//! library, may not know of them.

use std::{
    io::{self, Write},
    sync::LazyLock,
};

use regex::Regex;
use tracing_subscriber::fmt::MakeWriter;

/// What is named as a secret, and what is known by its form: bearer headers, JSON web tokens, the tokens of well-known services.
static SECRETS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let named = r#"(?i:\b(?:access_token|refresh_token|id_token|client_secret|client_assertion|code_verifier|code|state|token|password|api_key|secret)\\?["']?\s*[=:]\s*\\?["']?)[^\s"'&,;\\}\])]{8,}"#;
    let header = r"(?i:\b(?:bearer|basic)\s+)[A-Za-z0-9+/._~=-]{8,}";
    let known = r"\b(?:eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+|xox[a-z]-[A-Za-z0-9-]{8,}|gh[opusr]_[A-Za-z0-9]{8,}|ya29\.[A-Za-z0-9._-]{8,}|sbx_[a-z]+_[A-Za-z0-9_-]{8,}|kfr1\.[A-Za-z0-9._-]{8,})";
    Regex::new(&format!("{named}|{header}|{known}")).ok()
});

/// Standard error, behind the mask.
#[derive(Debug, Clone, Copy)]
pub(super) struct RedactedStderr;

/// Writes one log line at a time, masked.
pub(super) struct Redacting<W>(W);

impl<'w> MakeWriter<'w> for RedactedStderr {
    type Writer = Redacting<io::Stderr>;

    fn make_writer(&'w self) -> Self::Writer {
        Redacting(io::stderr())
    }
}

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(masked(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn masked(line: &str) -> String {
    // Without the pattern nothing can be vouched for, so nothing is written.
    let Some(secrets) = SECRETS.as_ref() else { return "[a log line was withheld]\n".to_owned() };
    let mask = |found: &regex::Captures<'_>| {
        let text = found.get(0).map_or("", |found| found.as_str());
        let name: String = text.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '_').collect();
        let named = text.len() > name.len() && text.contains(['=', ':', ' ']);
        if named { format!("{name}=[redacted]") } else { "[redacted]".to_owned() }
    };
    secrets.replace_all(line, mask).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_log_line_with_a_secret_is_masked() {
        for line in [
            "access_token=canary-0123456789",
            "got {\"access_token\":\"canary-0123456789\",\"x\":1}",
            "{\"message\":\"body {\\\"refresh_token\\\":\\\"canary-0123456789\\\"}\"}",
            "GET /oauth/callback/jira?code=canary-0123456789&state=canary-9876543210",
            "Authorization: Bearer canary-0123456789",
            "authorization: basic Y2FuYXJ5LTAxMjM0NTY3ODk=canary",
            "client_secret: canary-0123456789",
            "code_verifier='canary-0123456789-0123456789-0123456789-0123'",
            "a jwt eyJhbGciOiJub25lIn0.canary0123456789.sig",
            "slack xoxb-canary-0123456789 github gho_canary0123456789",
            "sandbox sbx_at_canary0123456789 sealed kfr1.k1.canary0123456789",
        ] {
            let shown = masked(line);
            assert!(!shown.contains("canary"), "{line} → {shown}");
            assert!(shown.contains("[redacted]"), "{shown}");
        }
    }

    #[test]
    fn what_is_no_secret_is_left_as_it_is() {
        for line in [
            "request request_id=\"98c7826c4f4809af\" route=\"/oauth/token\" grant=\"authorization_code\" status=200",
            "refreshed connection=ntiquo2azb2h provider=sandbox",
            "{\"level\":\"INFO\",\"message\":\"the app is ready\",\"address\":\"127.0.0.1:41197\"}",
            "the token still lives",
        ] {
            assert_eq!(masked(line), line);
        }
    }
}
