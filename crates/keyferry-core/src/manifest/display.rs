//! What a person sees before a stranger's program starts.

use super::{
    launch::{LaunchSpec, LaunchText},
    model::Local,
    show::escaped,
};

/// The exact command in one line, variables first: `JIRA_URL="https://…" uvx mcp-atlassian`.
///
/// Whatever could deceive is escaped (`\n`, `\u{202e}`), what a sensitive setting filled is `[redacted]`, and nothing is cut. To be
/// read, not to be run: the quotes are no shell's.
#[must_use]
pub fn display_command(spec: &LaunchSpec) -> String {
    variables_and_words(&spec.env, Some(&spec.command), &spec.args)
}

/// Variables, the program where there is one, arguments.
pub(super) fn variables_and_words(
    env: &[(String, LaunchText)],
    command: Option<&str>,
    args: &[LaunchText],
) -> String {
    let variables = env.iter().map(|(name, value)| format!("{}={}", quoted(name), quoted(value.shown())));
    let args = args.iter().map(|arg| quoted(arg.shown()));
    let words: Vec<_> = variables.chain(command.map(program)).chain(args).collect();
    words.join(" ")
}

/// The command as the manifest has it, placeholders unfilled, for a catalog. Absent where there is only an image.
#[must_use]
pub fn display_placeholders(server: &Local) -> Option<String> {
    let command = server.command.as_ref()?;
    let args = server.args.iter().map(|arg| quoted(arg.as_str()));
    let words: Vec<_> = [program(command.as_str())].into_iter().chain(args).collect();
    Some(words.join(" "))
}

/// A program with a `=` in its name must not be taken for one of the variables before it.
fn program(text: &str) -> String {
    if text.contains('=') { format!("\"{}\"", escaped(text)) } else { quoted(text) }
}

/// The text as it is, where no one could misread it; else escaped and in quotes.
pub(super) fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@%+=:,./_-[]${}".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("\"{}\"", escaped(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretText;

    fn plain(text: &str) -> LaunchText {
        LaunchText::Plain(text.to_owned())
    }

    #[test]
    fn the_command_is_shown_whole_escaped_and_without_secrets() {
        let secret = LaunchText::Secret {
            text: SecretText::new("--key=canary").unwrap(),
            shown: "--key=[redacted]".to_owned(),
        };
        let long = "x".repeat(10_000);
        let spec = LaunchSpec {
            command: "npx".to_owned(),
            args: vec![
                plain("-y"),
                plain("a b"),
                plain(""),
                plain("\u{202e}\u{1b}[2K\n\"; rm"),
                secret,
                plain(&long),
            ],
            env: vec![("URL".to_owned(), plain("https://example.com"))],
        };
        let shown = display_command(&spec);
        let expected = "URL=https://example.com npx -y \"a b\" \"\" \"\\u{202e}\\u{1b}[2K\\n\\\"; rm\" --key=[redacted] ";
        assert_eq!(shown, format!("{expected}{long}"));
        assert!(!format!("{spec:?}").contains("canary"));
        let disguised = LaunchSpec { command: "A=1".to_owned(), args: vec![plain("npx")], env: Vec::new() };
        assert_eq!(display_command(&disguised), "\"A=1\" npx");
    }
}
