//! A manifest as a card.

use keyferry_core::manifest::{Manifest, Server};
use maud::{Markup, html};

use crate::{
    api::dto::Problem,
    catalog::Entry,
    pages::parts::{initials, plural},
    providers::Snapshot,
};

/// Letters of a description on a card.
const SHORT: usize = 150;

/// What a card says beside the manifest.
pub(super) struct Standing {
    pub(super) installed: bool,
    pub(super) under_way: bool,
    pub(super) problem: Option<Problem>,
}

/// The card.
pub(super) fn card(entry: &Entry, standing: &Standing, providers: &Snapshot) -> Markup {
    let manifest = &entry.manifest;
    html! {
        article.card .dim[standing.problem.is_some()] {
            div.title {
                (picture(entry))
                div {
                    h2 { a.whole href={ "/catalog/" (manifest.name) } { (manifest.title()) } }
                    @if let Some(category) = &manifest.category { p.soft { (category) } }
                }
                @if standing.installed { span.badge.good { "Installed" } }
                @if standing.under_way { span.badge.busy { "Installing" } }
            }
            @if let Some(text) = &manifest.description { p.text { (short(text)) } }
            ul.needs {
                @for need in needs(manifest, providers) { li { (need) } }
                @if standing.problem.is_some() { li.not { "Not yet here" } }
            }
        }
    }
}

/// Its icon, where it has one that the app can show; its initials otherwise.
pub(super) fn picture(entry: &Entry) -> Markup {
    let has_file =
        entry.folder.is_some() && entry.manifest.icon.as_ref().is_some_and(|icon| !icon.contains("://"));
    html! {
        @if has_file {
            img.tile src={ "/catalog/" (entry.manifest.name) "/icon" } alt="" width="40" height="40" loading="lazy";
        } @else { (initials(entry.manifest.title())) }
    }
}

/// What it needs, in a few words each.
pub(super) fn needs(manifest: &Manifest, providers: &Snapshot) -> Vec<String> {
    let mut needs = Vec::new();
    let sign_in = &manifest.sign_in;
    if let Some(provider) = sign_in.oauth.provider() {
        let file = providers.set().get(provider);
        let title = file.map_or_else(|| provider.to_string(), |file| file.display_name.clone());
        needs.push(match sign_in.oauth.is_required() {
            true => format!("Account at {title}"),
            false => format!("Account at {title}, if you like"),
        });
    } else if sign_in.oauth.is_required() || sign_in.browser.is_some() {
        needs.push("Account".to_owned());
    }
    match manifest.user_config.iter().filter(|spec| spec.required).count() {
        0 => {}
        count => needs.push(plural(count, "setting")),
    }
    match &manifest.server {
        Server::Remote(_) => needs.push("Runs elsewhere".to_owned()),
        Server::Local(local) if local.docker_image.is_some() => needs.push("Container".to_owned()),
        Server::Local(_) => {}
    }
    if needs.is_empty() {
        needs.push("Needs nothing more".to_owned());
    }
    needs
}

fn short(text: &str) -> String {
    let text = text.replace('`', "").split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= SHORT {
        return text;
    }
    let start: String = text.chars().take(SHORT).collect();
    let end = start.rfind(' ').and_then(|end| start.get(..end)).unwrap_or(&start);
    format!("{end} …")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_ends_between_words() {
        assert_eq!(short("a\n b"), "a b");
        let long = short(&"word ".repeat(60));
        assert!(long.ends_with("word …") && long.chars().count() <= SHORT + 2, "{long}");
        assert!(short(&"é".repeat(200)).ends_with(" …"));
    }
}
