//! `/settings`

use maud::{Markup, html};

use super::{change, sources};
use crate::{
    api::{
        dto::{SettingList, SettingState, Status},
        settings,
        v1::status,
    },
    pages::{
        failed::Shown,
        parts::{Kind, Times, sends},
        shell::{Page, Place},
        visit::Visit,
    },
};

/// `GET`: how the app is set up.
pub(in crate::pages) async fn show(visit: Visit) -> Shown {
    let status = status::show(visit.shared()).await?.0;
    let settings = settings::list(visit.shared()).await?.0;
    let times = Times::of(visit.engine.clock.now());
    let body = html! {
        h1 { "Settings" }
        div.columns {
            div { (proxy(&visit, &settings)) (sources::section(&visit, times).await) }
            div { (vault(&status)) (runtime(&visit, &settings)) (app(&visit, &status, times)) (help(&settings)) }
        }
    };
    Ok(visit.show(Page::new(Place::Settings, "Settings", body).live(&["settings", "catalog"])).await)
}

fn named<'s>(settings: &'s SettingList, key: &str) -> Option<&'s SettingState> {
    settings.settings.iter().find(|setting| setting.key == key)
}

fn proxy(visit: &Visit, settings: &SettingList) -> Markup {
    html! {
        section.card aria-labelledby="proxy" {
            h2 #proxy { "Proxy" }
            p { "The proxy holds the client secrets and exchanges codes for tokens." }
            dl { dt { "In use" } dd { code { (visit.engine.settings.proxy_url) } } }
            div.actions { (sends(visit, "/settings/proxy/test", Kind::Plain, "Test it")) }
            @if let Some(setting) = named(settings, "proxy_url") { (change::form(visit, setting, "Another address", &[])) }
        }
    }
}

fn vault(status: &Status) -> Markup {
    html! {
        section.card aria-labelledby="vault" {
            h2 #vault { "Vault" }
            p { "Tokens and secrets are sealed; the key to them is kept elsewhere." }
            dl {
                dt { "Key" } dd { (status.vault_key) }
                dt { "Data folder" } dd { code.path { (status.data_folder) } }
            }
            p.soft { "Move the key with " code { "keyferry vault move" } ", back it up with " code { "keyferry vault backup" } "." }
        }
    }
}

fn runtime(visit: &Visit, settings: &SettingList) -> Markup {
    let choices =
        [("auto", "Where it fits them best"), ("container", "In containers"), ("process", "As processes")];
    html! {
        section.card aria-labelledby="runtime" {
            h2 #runtime { "Runtime" }
            @if let Some(setting) = named(settings, "servers.runtime") { (change::form(visit, setting, "Servers run", &choices)) }
            p.soft { code { "keyferry runtime" } " shows which container engine there is." }
        }
    }
}

fn help(settings: &SettingList) -> Markup {
    html! {
        section.card aria-labelledby="help" {
            h2 #help { "When you need help" }
            p { "A file that says how the app does, for whoever helps you. No secret is in it." }
            p { a.button href="/settings/diagnostics" download="keyferry-diagnostics.json" { "Download diagnostics" } }
            p.soft { "All settings lie in " code.path { (settings.file) } "." }
        }
    }
}

fn app(visit: &Visit, status: &Status, times: Times) -> Markup {
    html! {
        section.card aria-labelledby="app" {
            h2 #app { "This app" }
            dl {
                dt { "Version" } dd { (status.version) }
                dt { "Address" } dd { code { (status.address) } }
                dt { "Running since" } dd { (times.since(status.started_at)) }
            }
            div.actions {
                button.button type="button" id="notify" hidden { "Notify me when a sign-in is needed" }
                (sends(visit, "/settings/session/close", Kind::Plain, "Close these pages"))
            }
        }
    }
}
