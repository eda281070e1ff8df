//! TOML → [`ProviderFile`], with every mistake reported at once.
//!
//! One table of the file a module; `lint` then looks at the file as a whole.

mod account;
mod authorization;
mod browser;
mod delivery;
mod json;
mod lint;
mod names;
mod revocation;
mod secrets;
mod slips;
mod token;
mod value;

use std::sync::Arc;

pub(super) use authorization::RENAMEABLE as RENAMEABLE_IN_AUTHORIZATION;
pub(super) use revocation::RENAMEABLE as RENAMEABLE_IN_REVOCATION;
pub(super) use token::RENAMEABLE as RENAMEABLE_IN_TOKEN;
use toml::de::DeTable;

use super::{
    file::{OAuth, ProviderFile, SignIn},
    implementation::Implementation,
    table::{Located, Table},
};
use crate::{
    diagnostic::{Diagnostics, Report},
    id::{ClientId, ProviderName},
    suggest::nearest,
};

/// The longest provider file that is read, in bytes. Real ones are below 4 KiB.
const LONGEST: usize = 256 * 1024;

/// A provider file that can be used, and what its author should still look at.
#[derive(Debug)]
pub struct Checked {
    /// The file as understood.
    pub file: ProviderFile,
    /// Findings that don't prevent its use.
    pub warnings: Diagnostics,
}

impl ProviderFile {
    /// Reads a provider file. `shown` is the path as the person named it.
    ///
    /// # Errors
    /// All findings, warnings among them, when at least one is an error.
    pub fn parse(name: ProviderName, shown: &str, text: &str) -> Result<Checked, Diagnostics> {
        let mut report = Report::new(shown, text);
        let file = parse(name, text, &mut report);
        let findings = report.finish();
        match file {
            Some(file) if !findings.has_errors() => Ok(Checked { file, warnings: findings }),
            _ => Err(findings),
        }
    }
}

fn parse(name: ProviderName, text: &str, report: &mut Report<'_>) -> Option<ProviderFile> {
    if text.len() > LONGEST {
        report.error(
            &(0..0),
            "the file is longer than 256 KiB",
            "a provider file describes one service; is this one?",
        );
        return None;
    }
    let (document, syntax_errors) = DeTable::parse_recoverable(text);
    for error in &syntax_errors {
        report.error(&error.span().unwrap_or(0..0), error.message(), "this is not TOML; see https://toml.io");
    }
    if !syntax_errors.is_empty() {
        return None;
    }
    let mut top = Table::new("", 0..0, document.get_ref());
    let display_name =
        top.required_text("display_name", "My Service", report).map(|text| text.value.to_owned());
    let documentation_url =
        top.text("documentation_url", report).and_then(|text| value::fixed_endpoint(&text, report));
    let notes = top.text("notes", report).map(|text| text.value.to_owned());
    let categories = top.texts("categories", report).iter().map(|text| text.value.to_owned()).collect();
    let client_id = top.text("client_id", report).and_then(|text| client_id(&text, report));
    let requires = top.texts("requires", report);
    let requires = requires.iter().filter_map(|name| {
        delivery::in_capitals(name, report);
        delivery::env_name(name, report)
    });
    let requires = requires.collect();
    let implementation = top.text("implementation", report).and_then(|text| implementation(&text, report));
    let sign_in = sign_in(&mut top, implementation, report);
    let account = top.table("account", report).map(|table| account::account(table, report));
    let config = account::config(&mut top, report);
    let env = delivery::env(&mut top, report);
    let files = delivery::files(&mut top, report);
    top.finish(hint_for_key, report);
    let file = ProviderFile {
        name,
        display_name: display_name?,
        documentation_url,
        notes,
        categories,
        client_id,
        requires,
        sign_in: sign_in?,
        account,
        config,
        env,
        files,
        source: text.to_owned().into(),
    };
    lint::lint(&file, document.get_ref(), report);
    Some(file)
}

/// The flow, or the browser window: one of them.
fn sign_in(
    top: &mut Table<'_>,
    implementation: Option<Implementation>,
    report: &mut Report<'_>,
) -> Option<SignIn> {
    let browser = top.table("browser", report);
    let has_flow = ["authorization", "token"].map(|key| top.get(key).is_some());
    if let Some(table) = browser {
        let span = table.span().clone();
        let browser = browser::browser(table, report);
        for key in ["callback", "revocation"] {
            top.get(key);
        }
        if has_flow.contains(&true) {
            let hint = "make two files, such as acme.toml and acme-browser.toml";
            report.error(&span, "a provider has [authorization] and [token], or [browser]", hint);
        }
        return browser.map(|browser| SignIn::Browser(Box::new(browser)));
    }
    let authorization = required_table(top, "authorization", report)
        .and_then(|table| authorization::authorization(table, report));
    let callback = top.table("callback", report);
    let callback = authorization::callback(callback, report);
    let token = required_table(top, "token", report).and_then(|table| token::token(table, report));
    let revocation = top.table("revocation", report).and_then(|table| revocation::revocation(table, report));
    let oauth = OAuth { authorization: authorization?, callback, token: token?, revocation, implementation };
    Some(SignIn::OAuth(Arc::new(oauth)))
}

fn required_table<'t>(top: &mut Table<'t>, key: &'static str, report: &mut Report<'_>) -> Option<Table<'t>> {
    let known = top.get(key).is_some();
    if !known {
        report.error(
            top.span(),
            format!("the table [{key}] is missing"),
            format!("add [{key}] with endpoint = \"https://…\""),
        );
    }
    if known { top.table(key, report) } else { None }
}

fn client_id(text: &Located<&str>, report: &mut Report<'_>) -> Option<ClientId> {
    text.value
        .parse()
        .map_err(|_| report.error(&text.span, "this can't be a client id", "visible ASCII, without spaces"))
        .ok()
}

fn implementation(text: &Located<&str>, report: &mut Report<'_>) -> Option<Implementation> {
    let found = Implementation::named(text.value);
    if found.is_none() {
        let known = Implementation::names();
        let hint = nearest(text.value, known.iter().copied()).map_or_else(
            || format!("known: {}", known.join(", ")),
            |meant| format!("did you mean \"{meant}\"?"),
        );
        report.error(&text.span, format!("there is no implementation `{}`", text.value), hint);
    }
    found
}

/// What to do about a key or table that is often written elsewhere.
fn hint_for_key(key: &str) -> Option<String> {
    let hint = match key {
        "client_secret" | "secret" | "private_key" => {
            "secrets never stand in this file: they go into the proxy's environment, as NAME_CLIENT_SECRET"
        }
        "response" => "did you mean [token.response]?",
        "error" | "errors" => "did you mean [token.response.error], or errors in [token.response]?",
        "headers" => "`headers` belongs in [token], [revocation] or [account]",
        _ => return table_of_key(key).map(|table| format!("`{key}` belongs in [{table}]")),
    };
    Some(hint.to_owned())
}

/// The table in which a key lives that is often written elsewhere.
fn table_of_key(key: &str) -> Option<&'static str> {
    match key {
        "scopes" | "scope_separator" | "scope_param" | "pkce" | "issuer" | "redirect" | "fragment" => {
            Some("authorization")
        }
        "client_auth"
        | "request_format"
        | "refresh_endpoint"
        | "refresh_params"
        | "refresh"
        | "refresh_margin"
        | "refresh_redirect_uri"
        | "rotates" => Some("token"),
        "bearer" => Some("revocation"),
        "login_url" | "allow_hosts" | "extract_on" => Some("browser"),
        "label" => Some("account"),
        "display_name" | "documentation_url" | "notes" | "categories" | "client_id" | "requires"
        | "implementation" => Some("the top, before the first table"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
