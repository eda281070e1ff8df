//! The few questions, and the answers that flags and discovery give before anyone is asked.

use std::io::{BufRead, Read as _, Write};

use clap::ValueEnum;
use keyferry_core::{
    delivery::EnvName,
    flow::server_metadata::ServerMetadata,
    id::ProviderName,
    provider::{Asks, EndpointTemplate},
    scope::Scope,
    url::Endpoint,
};

use super::{Args, ClientAuth, draft::Draft, variable};
use crate::error::{CliError, CliResult};

/// The longest answer, in bytes.
const LONGEST: u64 = 4096;

/// A person at a terminal.
pub(super) struct Dialogue<'a> {
    input: &'a mut dyn BufRead,
    out: &'a mut dyn Write,
}

impl<'a> Dialogue<'a> {
    pub(super) fn new(input: &'a mut dyn BufRead, out: &'a mut dyn Write) -> Self {
        Self { input, out }
    }

    /// Asks until the answer can be read. Enter takes the default.
    fn ask<T>(
        &mut self,
        question: &str,
        default: Option<&str>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> CliResult<T> {
        let shown = default.map(|text| format!(" [{text}]")).unwrap_or_default();
        loop {
            let _ = write!(self.out, "{question}{shown}: ");
            let _ = self.out.flush();
            let mut line = String::new();
            let got = (&mut *self.input).take(LONGEST).read_line(&mut line);
            if !matches!(got, Ok(1..)) {
                return Err(CliError::failed("cancelled", "there was no answer, and no file was written"));
            }
            let answer = line.trim();
            let answer = if answer.is_empty() { default.unwrap_or_default() } else { answer };
            match read(answer) {
                Ok(value) => return Ok(value),
                Err(why) => drop(writeln!(self.out, "  {why}")),
            }
        }
    }
}

/// One question: its flag, its words, and what Enter takes.
struct Question<'q> {
    flag: &'q str,
    words: &'q str,
    default: Option<String>,
}

/// A flag's value, else the person's answer, else the default.
fn answer<T>(
    given: Option<T>,
    question: Question<'_>,
    dialogue: &mut Option<Dialogue<'_>>,
    read: impl Fn(&str) -> Result<T, String>,
) -> CliResult<T> {
    match (given, dialogue, question.default) {
        (Some(given), ..) => Ok(given),
        (None, Some(dialogue), default) => dialogue.ask(question.words, default.as_deref(), read),
        (None, None, Some(default)) => read(&default).map_err(CliError::usage),
        (None, None, None) => Err(CliError::usage(format!("{} is missing", question.flag))
            .hint("or let --discover ISSUER find it; on a terminal it is asked for")),
    }
}

/// Puts a draft together.
pub(super) fn draft(
    args: Args,
    found: Option<ServerMetadata>,
    dialogue: Option<Dialogue<'_>>,
) -> CliResult<Draft> {
    let mut dialogue = dialogue;
    let ask = &mut dialogue;
    let found = found.as_ref();
    let question = |flag, words, default| Question { flag, words, default };
    let name = args.name;
    let words = question("--display-name", "What people call the service", Some(title(&name)));
    let display_name = answer(args.display_name, words, ask, |text| Ok(text.to_owned()))?;
    let told = found.map(|found| &found.authorization_endpoint);
    let words = question("--authorization", "Authorization endpoint", None);
    let authorization = answer(args.authorization.or(of(told)), words, ask, endpoint)?;
    let told = found.map(|found| &found.token_endpoint);
    let words = question("--token", "Token endpoint", None);
    let token = answer(args.token.or(of(told)), words, ask, endpoint)?;
    let mut draft = Draft::new(name, display_name, authorization, token);
    draft.revocation = args.revocation.or(of(found.and_then(|found| found.revocation_endpoint.as_ref())));
    if let Some(found) = found {
        draft.learn(found);
    }
    let scopes_given = Some(args.scopes).filter(|scopes| !scopes.is_empty());
    let usual: Vec<_> = offline_scope(&draft).into_iter().collect();
    let words = question("--scope", "Scopes, separated by spaces", Some(usual.join(" ")));
    draft.scopes = answer(scopes_given, words, ask, scopes)?;
    for name in usual {
        let alike = Scope::new(&name).ok().filter(|scope| !draft.scopes.contains(scope));
        draft.scopes.extend(alike.filter(|_| !draft.asks_offline()));
    }
    let auth = choice_name(draft.client_auth);
    let words = "Client authentication: client_secret_post, client_secret_basic, private_key_jwt, none";
    draft.client_auth = answer(args.client_auth, question("--client-auth", words, Some(auth)), ask, choice)?;
    let words =
        question("--pkce", "PKCE: S256, or none where the service refuses it", Some("S256".to_owned()));
    draft.pkce = answer(args.pkce, words, ask, choice)?;
    let given = Some(args.env).filter(|env| !env.is_empty());
    let words =
        question("--env", "The variable that the server reads the access token from", Some(env(&draft.name)));
    draft.env = answer(given, words, ask, |text| variable(text).map(|one| vec![one]))?;
    Ok(draft)
}

fn of(told: Option<&Endpoint>) -> Option<EndpointTemplate> {
    told.and_then(|endpoint| EndpointTemplate::parse(endpoint.as_str()).ok())
}

fn endpoint(text: &str) -> Result<EndpointTemplate, String> {
    EndpointTemplate::parse(text).map_err(|error| error.to_string())
}

fn scopes(text: &str) -> Result<Vec<Scope>, String> {
    let parts = text.split([' ', ',']).filter(|part| !part.is_empty());
    parts.map(|part| Scope::new(part).map_err(|error| error.to_string())).collect()
}

/// The scope that this service gives a refresh token for.
fn offline_scope(draft: &Draft) -> Option<String> {
    match draft.offline() {
        Some(Asks::Scope(names)) => names.first().map(|name| (*name).to_owned()),
        Some(Asks::Params(_)) => None,
        None => draft
            .offered
            .iter()
            .any(|scope| scope.as_str() == "offline_access")
            .then(|| "offline_access".to_owned()),
    }
}

fn choice<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text, true).map_err(|_| format!("`{text}` is none of these"))
}

fn choice_name(auth: ClientAuth) -> String {
    auth.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// `acme-tracker` is «Acme Tracker».
fn title(name: &ProviderName) -> String {
    let words = name.as_str().split('-').map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
            .unwrap_or_default()
    });
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `ACME_ACCESS_TOKEN`; a name that begins with a digit makes no variable.
fn env(name: &ProviderName) -> String {
    let text = format!("{}_ACCESS_TOKEN", name.env_prefix());
    if text.parse::<EnvName>().is_ok() { text } else { "ACCESS_TOKEN".to_owned() }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::{
        cli::Cli,
        commands::{Command, provider},
    };

    fn args(more: &[&str]) -> Args {
        let cli = Cli::try_parse_from([&["keyferry", "provider", "new"], more].concat()).unwrap();
        match cli.command {
            Command::Provider(provider::Command::New(args)) => *args,
            other => panic!("{other:?}"),
        }
    }

    fn answered(arguments: &[&str], answers: &str) -> (CliResult<String>, String) {
        let (mut input, mut out) = (answers.as_bytes(), Vec::new());
        let made = draft(args(arguments), None, Some(Dialogue::new(&mut input, &mut out)));
        (made.map(|draft| draft.text()), String::from_utf8(out).unwrap())
    }

    #[test]
    fn enter_takes_the_defaults_and_a_wrong_answer_is_asked_again() {
        let answers = "\nhttp://acme.example/authorize\nhttps://acme.example/authorize\nhttps://acme.example/token\nread, write\nbasic\nclient_secret_basic\n\n\n";
        let (made, out) = answered(&["acme-desk"], answers);
        let text = made.unwrap();
        assert!(out.contains("What people call the service [Acme Desk]: "), "{out}");
        assert!(
            out.contains("must begin with https://") && out.contains("`basic` is none of these"),
            "{out}"
        );
        for line in [
            "display_name = \"Acme Desk\"",
            "scopes = [\"read\", \"write\"]",
            "client_auth = \"client_secret_basic\"",
            "ACME_DESK_ACCESS_TOKEN = \"{access_token}\"",
        ] {
            assert!(text.contains(line), "{text}");
        }
        let checked = super::super::checked(&"acme-desk".parse().unwrap(), "x", &text).unwrap();
        assert!(checked.is_empty(), "{checked}");
    }

    #[test]
    fn what_a_flag_says_is_not_asked_and_an_end_of_input_writes_nothing() {
        let flags = ["acme", "--authorization", "https://acme.example/a", "--env", "X=Bearer {access_token}"];
        let (made, out) = answered(&flags, "\n");
        assert!(made.is_err() && out.contains("Token endpoint"), "{out}");
        assert!(!out.contains("Authorization endpoint"), "{out}");
        let (_, out) = answered(&flags, "\nhttps://acme.example/t\n\n\n\n");
        assert!(!out.contains("variable"), "{out}");
    }

    #[test]
    fn a_name_makes_a_title_and_a_variable() {
        assert_eq!(title(&"ms-teams".parse().unwrap()), "Ms Teams");
        assert_eq!(env(&"ms-teams".parse().unwrap()), "MS_TEAMS_ACCESS_TOKEN");
        assert_eq!(env(&"1password".parse().unwrap()), "ACCESS_TOKEN");
        assert_eq!(variable("A").unwrap().1, "{access_token}");
    }
}
