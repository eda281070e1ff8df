//! `server`: MCPB's `mcp_config`, the flat form, or a remote URL.

use std::ops::Range;

use super::template;
use crate::{
    delivery::{EnvName, InvalidEnvName},
    diagnostic::Report,
    manifest::{
        folder::is_below,
        json::{Node, Object},
        model::{Local, Override, Platform, Remote, Server},
        show::named,
        template::Template,
    },
    suggest::nearest,
    url::{Endpoint, InvalidUrl},
};

/// Where a template stands, for what is to be said of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Command,
    Argument,
    Variable,
    Url,
}

/// A template and its place in the file.
pub(super) struct Placed {
    pub(super) template: Template,
    pub(super) used: Use,
    pub(super) path: String,
    pub(super) span: Range<usize>,
}

/// The server, and every template in it.
pub(super) struct Found {
    pub(super) server: Server,
    pub(super) placed: Vec<Placed>,
}

impl Found {
    pub(super) fn is_remote(&self) -> bool {
        matches!(self.server, Server::Remote(_))
    }
}

/// MCPB's types name a language, and all run here.
const LOCAL_TYPES: [&str; 5] = ["local", "node", "python", "binary", "uv"];

pub(super) fn read(top: &mut Object<'_>, report: &mut Report<'_>) -> Option<Found> {
    let Some(node) = top.get("server") else {
        let hint = "add \"server\": { \"type\": \"local\", \"command\": \"…\", \"args\": […] } or { \"type\": \"remote\", \"url\": \"https://…\" }";
        report.error(&top.node().span(), "`server` is missing", hint);
        return None;
    };
    let mut object = node.object(report)?;
    let mut placed = Vec::new();
    let kind = kind(&mut object, report)?;
    let server = if kind == "remote" {
        Server::Remote(remote(&mut object, &mut placed, report)?)
    } else {
        Server::Local(local(&mut object, &kind, &mut placed, report)?)
    };
    object.finish(&[], report);
    Some(Found { server, placed })
}

/// The type; where it is missing, a URL alone makes a server remote.
fn kind(object: &mut Object<'_>, report: &mut Report<'_>) -> Option<String> {
    let Some(node) = object.get("type") else {
        let remote = object.get("url").is_some() && object.get("command").is_none();
        return Some(if remote { "remote" } else { "local" }.to_owned());
    };
    let kind = node.text(report)?;
    let known = || LOCAL_TYPES.into_iter().chain(["remote"]);
    if known().any(|known| known == kind) {
        return Some(kind);
    }
    let hint = match nearest(&kind, known()) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("one of {}", known().collect::<Vec<_>>().join(", ")),
    };
    report.error(&node.span(), format!("`server.type` is {}", named(&kind)), hint);
    None
}

fn remote(object: &mut Object<'_>, placed: &mut Vec<Placed>, report: &mut Report<'_>) -> Option<Remote> {
    let Some(node) = object.get("url") else {
        report.error(&object.node().span(), "`server.url` is missing", "add \"url\": \"https://…\"");
        return None;
    };
    let url = template(&node, report)?;
    if url.words().next().is_some() {
        report.error(
            &node.span(),
            "`server.url` names a place of this machine",
            "a URL may name ${user_config.KEY} alone",
        );
        return None;
    }
    if url.settings().next().is_none() {
        match Endpoint::parse(url.as_str()) {
            Ok(_) => {}
            Err(error @ InvalidUrl::Insecure) => {
                let hint = "the server can't be installed until it is reached over https";
                report.warning(&node.span(), format!("`server.url`: {error}"), hint);
            }
            Err(error) => {
                report.error(
                    &node.span(),
                    format!("`server.url`: {error}"),
                    "such as \"https://mcp.example.com/mcp\"",
                );
                return None;
            }
        }
    }
    let span = node.span();
    placed.push(Placed { template: url.clone(), used: Use::Url, path: "server.url".to_owned(), span });
    let mut headers = Vec::new();
    if let Some(named) = object.object("headers", report) {
        for (name, node) in named.entries(report) {
            if !header(name, node, report) {
                continue;
            }
            if let Some(value) = template(node, report) {
                let (path, span) = (node.path().to_owned(), node.span());
                placed.push(Placed { template: value.clone(), used: Use::Variable, path, span });
                headers.push((name.to_ascii_lowercase(), value));
            }
        }
    }
    Some(Remote { url, headers })
}

/// Headers that are not the manifest's to set: they say where a request ends and whom it is for, or belong to the protocol.
const OWN_HEADERS: [&str; 12] = [
    "accept",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "origin",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Whether this may be the name of a header (RFC 9110 §5.6.2).
fn header(name: &str, node: &Node<'_>, report: &mut Report<'_>) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_token = (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    if is_token && !OWN_HEADERS.contains(&lower.as_str()) && !lower.starts_with("mcp-") {
        return true;
    }
    let hint = "such as \"Authorization\": \"Bearer ${user_config.token}\"";
    report.error(&node.span(), format!("{} is no header that a manifest can set", named(name)), hint);
    false
}

fn local(
    object: &mut Object<'_>,
    kind: &str,
    placed: &mut Vec<Placed>,
    report: &mut Report<'_>,
) -> Option<Local> {
    let entry_point = object.get("entry_point").and_then(|node| entry_point(&node, report));
    let docker_image = object.get("docker_image").and_then(|node| image(&node, report));
    let mut local = Local { docker_image, entry_point, ..Local::default() };
    let mut named = object.has("command") || object.has("docker_image");
    let flat = commands(object, placed, report);
    let config = object.get("mcp_config");
    let found = match &config {
        None => flat,
        Some(node) => {
            if flat.command.is_some() {
                let hint =
                    "keep one: either `server.mcp_config`, or `command`, `args` and `env` beside `type`";
                report.error(&node.span(), "the server has two commands", hint);
            }
            let mut config = node.object(report)?;
            named |= config.has("command");
            let nested = commands(&mut config, placed, report);
            local.overrides = overrides(&mut config, placed, report);
            config.finish(&[], report);
            nested
        }
    };
    (local.command, local.args, local.env) = (found.command, found.args.unwrap_or_default(), found.env);
    if kind == "uv" && !named && local.entry_point.is_some() {
        uv(&mut local);
    } else if !named {
        let hint = "add \"command\": \"…\" (flat form, or below `mcp_config`), or \"docker_image\": \"…\"";
        report.error(&object.node().span(), "the server has no command", hint);
    }
    Some(local)
}

/// MCPB 0.4: a `uv` server without `mcp_config` leaves it to the host how uv is called.
fn uv(local: &mut Local) {
    let Some(entry_point) = &local.entry_point else { return };
    let folder = || Template::parse("${__dirname}").ok();
    local.command = Some(Template::literal("uv".to_owned()));
    local.args = ["run", "--directory"].map(|word| Template::literal(word.to_owned())).into_iter().collect();
    local.args.extend(folder());
    local.args.push(Template::literal(entry_point.clone()));
}

/// `command`, `args` and `env`, which stand together in each of three places.
fn commands(object: &mut Object<'_>, placed: &mut Vec<Placed>, report: &mut Report<'_>) -> Override {
    let mut place = |node: &Node<'_>, used, report: &mut Report<'_>| {
        let template = template(node, report)?;
        let path = node.path().to_owned();
        placed.push(Placed { template: template.clone(), used, path, span: node.span() });
        Some(template)
    };
    let command = object.get("command").and_then(|node| {
        let command = place(&node, Use::Command, report)?;
        if command.as_str().trim().is_empty() {
            report.error(&node.span(), format!("`{}` is empty", node.path()), "name the program to run");
        }
        Some(command)
    });
    let args = object.get("args").and_then(|node| {
        let items = node.list(report)?;
        Some(items.iter().filter_map(|item| place(item, Use::Argument, report)).collect())
    });
    let mut env = Vec::new();
    if let Some(variables) = object.object("env", report) {
        for (name, node) in variables.entries(report) {
            variable(name, node, report);
            if let Some(value) = place(node, Use::Variable, report) {
                env.push((name.clone(), value));
            }
        }
    }
    Override { command, args, env }
}

fn variable(name: &str, node: &Node<'_>, report: &mut Report<'_>) {
    match name.parse::<EnvName>() {
        Ok(_) => {}
        Err(InvalidEnvName::Reserved) => {
            let message = format!("`{}`: {}", node.path(), InvalidEnvName::Reserved);
            report.warning(
                &node.span(),
                message,
                "a runtime may refuse it; use a variable of the server's own",
            );
        }
        Err(error) => {
            let message = format!("{} is no name of a variable: {error}", named(name));
            report.error(&node.span(), message, "such as \"JIRA_URL\"");
        }
    }
}

fn overrides(
    config: &mut Object<'_>,
    placed: &mut Vec<Placed>,
    report: &mut Report<'_>,
) -> Vec<(Platform, Override)> {
    let Some(platforms) = config.object("platform_overrides", report) else { return Vec::new() };
    let mut overrides = Vec::new();
    for (name, node) in platforms.entries(report) {
        let Some(platform) = Platform::ALL.into_iter().find(|platform| platform.as_str() == name) else {
            let hint = "the platforms are linux, darwin (macOS) and win32 (Windows)";
            report.warning(&node.span(), format!("there is no platform {}", named(name)), hint);
            continue;
        };
        let Some(mut object) = node.object(report) else { continue };
        overrides.push((platform, commands(&mut object, placed, report)));
        object.finish(&[], report);
    }
    overrides
}

fn entry_point(node: &Node<'_>, report: &mut Report<'_>) -> Option<String> {
    let path = node.line(report)?;
    if is_below(&path) {
        return Some(path);
    }
    let message = format!("`{}` leads out of the server's folder: {}", node.path(), named(&path));
    report.error(&node.span(), message, "name a file below it, such as \"server/index.js\"");
    None
}

/// An image is handed to a container tool as one argument, where a leading `-` would be an option.
fn image(node: &Node<'_>, report: &mut Report<'_>) -> Option<String> {
    let image = node.line(report)?;
    let valid = (1..=512).contains(&image.len())
        && image.starts_with(|first: char| first.is_ascii_alphanumeric())
        && image.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte));
    if valid {
        return Some(image);
    }
    let message = format!("`{}` is no image: {}", node.path(), named(&image));
    report.error(&node.span(), message, "such as \"ghcr.io/owner/server:1.0\"");
    None
}
