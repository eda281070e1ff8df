//! JSON → [`Manifest`], with every mistake reported at once.

mod about;
mod config;
mod references;
mod server;
mod sign_in;

use std::ops::Range;

use super::{
    json::{Node, Object},
    model::{Manifest, Server},
    show::named,
    template::Template,
};
use crate::{
    diagnostic::{Diagnostics, Report},
    id::{ManifestName, ProviderName},
    suggest::nearest,
};

/// The longest manifest that is read, in bytes. Real ones, with a whole README inside, are below 64 KiB.
pub const LONGEST_MANIFEST: usize = 512 * 1024;

/// The MCPB versions whose meaning is known (`dxt_version` counted the same).
const VERSIONS: [&str; 4] = ["0.1", "0.2", "0.3", "0.4"];

/// Top-level keys of MCPB and of catalogs that look like another key and are right nevertheless.
const ALSO_KNOWN: [&str; 3] = ["icons", "tool", "versions"];

/// A manifest that can be used, and what its author should still look at.
#[derive(Debug)]
pub struct Checked {
    /// The manifest as understood.
    pub manifest: Manifest,
    /// Findings that don't prevent its use.
    pub warnings: Diagnostics,
}

/// The places where a manifest names providers.
type ProviderPlaces = Vec<(ProviderName, Range<usize>)>;

impl Manifest {
    /// Reads a manifest. `origin` is the file as the person named it.
    ///
    /// Unknown keys are left alone, for people's files carry much else; one that looks like a slip is a warning. What is known must
    /// have its type. A key that stands twice in an object that matters is an error. `null` is as good as absent.
    ///
    /// # Errors
    /// All findings, warnings among them, when at least one is an error.
    pub fn parse(origin: &str, json: &str) -> Result<Checked, Diagnostics> {
        let mut report = Report::new(origin, json);
        let read = read(json, &mut report);
        let findings = report.finish();
        match read {
            Some((manifest, _)) if !findings.has_errors() => Ok(Checked { manifest, warnings: findings }),
            _ => Err(findings),
        }
    }
}

/// Everything there is to say about a manifest to its author: the findings of [`Manifest::parse`], and providers that are not among
/// `known`.
#[must_use]
pub fn check<'k>(origin: &str, json: &str, known: impl IntoIterator<Item = &'k str>) -> Diagnostics {
    let known: Vec<_> = known.into_iter().collect();
    let mut report = Report::new(origin, json);
    let places = read(json, &mut report).map(|(_, places)| places).unwrap_or_default();
    for (provider, span) in places {
        if known.contains(&provider.as_str()) {
            continue;
        }
        let hint = match nearest(provider.as_str(), known.iter().copied()) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!("known: {}; another one needs a provider file", known.join(", ")),
        };
        report.warning(&span, format!("there is no provider named \"{provider}\""), hint);
    }
    report.finish()
}

/// What an author should know of variables that stand in the manifest and come from its provider, too. `delivered` are the provider's.
#[must_use]
pub fn check_variables(origin: &str, json: &str, delivered: &[String]) -> Diagnostics {
    let mut report = Report::new(origin, json);
    let Ok(Checked { manifest, .. }) = Manifest::parse(origin, json) else { return report.finish() };
    let Server::Local(local) = &manifest.server else { return report.finish() };
    for (name, template) in &local.env {
        if delivered.contains(name) {
            let span = report.find(&format!("\"{name}\""));
            let hint = match template.settings().next() {
                Some(key) => {
                    format!("where the person sets `{key}`, that counts; else the account's value does")
                }
                None => "the account's value counts; remove it here".to_owned(),
            };
            report.warning(&span, format!("the provider gives the server {name}, too"), hint);
        }
    }
    report.finish()
}

fn read(json: &str, report: &mut Report<'_>) -> Option<(Manifest, ProviderPlaces)> {
    if json.len() > LONGEST_MANIFEST {
        let message = format!("the manifest is longer than {} KiB", LONGEST_MANIFEST / 1024);
        report.error(&(0..0), message, "a manifest describes one server; is this one?");
        return None;
    }
    if json.starts_with('\u{feff}') {
        report.error(&(0..0), "the file begins with a byte order mark", "save it as UTF-8 without BOM");
        return None;
    }
    let mut top = Node::root(json, report)?.object(report)?;
    version(&mut top, "manifest_version", report);
    version(&mut top, "dxt_version", report);
    let name = name(&mut top, report);
    let about = about::read(&mut top, report);
    let (user_config, places_of_settings) = config::read(&mut top, report);
    let server = server::read(&mut top, report);
    let is_remote = matches!(&server, Some(found) if found.is_remote());
    let (sign_in, providers) = sign_in::read(&mut top, is_remote, report);
    if let Some(server) = &server {
        references::check(server, &user_config, &places_of_settings, report);
    }
    top.finish(&ALSO_KNOWN, report);
    let manifest = Manifest {
        name: name?,
        display_name: about.display_name,
        description: about.description,
        long_description: about.long_description,
        author: about.author,
        version: about.version,
        icon: about.icon,
        documentation: about.documentation,
        keywords: about.keywords,
        category: about.category,
        tools: about.tools,
        server: server?.server,
        user_config,
        sign_in,
    };
    Some((manifest, providers))
}

fn version(top: &mut Object<'_>, key: &'static str, report: &mut Report<'_>) {
    let Some(node) = top.get(key) else { return };
    let Some(version) = node.line(report) else { return };
    if !VERSIONS.contains(&version.as_str()) {
        let message = format!("`{key}` is {}", named(&version));
        report.error(&node.span(), message, format!("known are {}", VERSIONS.join(", ")));
    }
}

fn name(top: &mut Object<'_>, report: &mut Report<'_>) -> Option<ManifestName> {
    let Some(node) = top.get("name") else {
        report.error(&top.node().span(), "`name` is missing", "add \"name\": \"owner__server\"");
        return None;
    };
    let text = node.text(report)?;
    match text.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            let better = better_name(&text);
            let hint = match better.parse::<ManifestName>() {
                Ok(name) => format!("\"{name}\" would do; `display_name` is the name for people"),
                Err(_) => "such as \"owner__server\"; `display_name` is the name for people".to_owned(),
            };
            report.error(&node.span(), error.to_string(), hint);
            None
        }
    }
}

/// The nearest that a name could be: npm's `@owner/server` as `owner__server`, everything else foreign as `-`.
fn better_name(text: &str) -> String {
    let plain = text.trim_start_matches('@').replace('/', "__");
    let words: Vec<&str> = plain
        .split(|letter: char| !letter.is_ascii_alphanumeric() && !"_-.".contains(letter))
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-").to_ascii_lowercase()
}

/// A text with placeholders.
fn template(node: &Node<'_>, report: &mut Report<'_>) -> Option<Template> {
    let text = node.text(report)?;
    match Template::parse(&text) {
        Ok(template) => Some(template),
        Err(error) => {
            report.error(&node.span(), format!("`{}`: {error}", node.path()), error.hint());
            None
        }
    }
}
