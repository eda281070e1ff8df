//! What a manifest says for people.

use crate::{
    diagnostic::Report,
    manifest::{
        folder::is_below,
        json::{Node, Object},
        model::{AnnouncedTool, Author},
    },
};

/// The keys for people.
#[derive(Default)]
pub(super) struct About {
    pub(super) display_name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) long_description: Option<String>,
    pub(super) author: Option<Author>,
    pub(super) version: Option<String>,
    pub(super) icon: Option<String>,
    pub(super) documentation: Option<String>,
    pub(super) keywords: Vec<String>,
    pub(super) category: Option<String>,
    pub(super) tools: Vec<AnnouncedTool>,
}

pub(super) fn read(top: &mut Object<'_>, report: &mut Report<'_>) -> About {
    About {
        display_name: top.line("display_name", report).filter(|name| !name.trim().is_empty()),
        description: top.prose("description", report),
        long_description: top.prose("long_description", report),
        author: top.get("author").and_then(|node| author(&node, report)),
        version: top.line("version", report),
        icon: top.get("icon").and_then(|node| icon(&node, report)),
        documentation: top.line("documentation", report),
        keywords: top.get("keywords").map(|node| lines(&node, report)).unwrap_or_default(),
        category: top.line("category", report),
        tools: top.get("tools").map(|node| tools(&node, report)).unwrap_or_default(),
    }
}

/// A list of short texts.
fn lines(node: &Node<'_>, report: &mut Report<'_>) -> Vec<String> {
    let items = node.list(report).unwrap_or_default();
    items.iter().filter_map(|item| item.line(report)).collect()
}

/// An object, or the name alone.
fn author(node: &Node<'_>, report: &mut Report<'_>) -> Option<Author> {
    if node.is_text() {
        return Some(Author { name: node.line(report)?, email: None, url: None });
    }
    let mut author = node.object(report)?;
    let email = author.line("email", report);
    let url = author.line("url", report);
    if author.get("name").is_none() {
        report.warning(&node.span(), "`author.name` is missing", "add \"name\": \"…\"");
    }
    Some(Author { name: author.line("name", report)?, email, url })
}

/// An icon that is read from somewhere else than the manifest's folder is one only where a browser would load it.
fn icon(node: &Node<'_>, report: &mut Report<'_>) -> Option<String> {
    let icon = node.line(report)?;
    if icon.is_empty() {
        return None;
    }
    if icon.starts_with("https://") || is_below(&icon) {
        return Some(icon);
    }
    let hint = "use a file below the manifest's folder, or an https URL";
    report.warning(&node.span(), "`icon` is left out: it leads out of the manifest's folder", hint);
    None
}

fn tools(node: &Node<'_>, report: &mut Report<'_>) -> Vec<AnnouncedTool> {
    let items = node.list(report).unwrap_or_default();
    let tool = |item: &Node<'_>, report: &mut Report<'_>| {
        let mut tool = item.object(report)?;
        let description = tool.prose("description", report);
        Some(AnnouncedTool { name: tool.line("name", report)?, description })
    };
    items.iter().filter_map(|item| tool(item, report)).collect()
}
