//! `/settings`

use maud::{Markup, html};

use crate::{
    api::{dto::Status, v1::status},
    pages::{
        failed::Shown,
        parts::{Kind, Times, problems, sends},
        shell::{Page, Place},
        visit::Visit,
    },
    settings::ServersRuntime,
};

/// `GET`: how the app is set up.
pub(in crate::pages) async fn show(visit: Visit) -> Shown {
    let status = status::show(visit.shared()).await?.0;
    let times = Times::of(visit.engine.clock.now());
    let body = html! {
        h1 { "Settings" }
        (problems(&status.problems))
        div.columns {
            div { (proxy(&visit, &status)) (runtime(&visit)) }
            div { (vault(&status)) (app(&visit, &status, times)) }
        }
    };
    Ok(visit.show(Page::new(Place::Settings, "Settings", body).live(&["settings", "connection"])).await)
}

fn proxy(visit: &Visit, status: &Status) -> Markup {
    html! {
        section.card aria-labelledby="proxy" {
            h2 #proxy { "Proxy" }
            p { "The proxy holds the client secrets and exchanges codes for tokens." }
            dl { dt { "Address" } dd { code { (status.proxy_url) } } }
            div.actions { (sends(visit, "/settings/proxy/test", Kind::Plain, "Test it")) }
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
            p.soft { "Move the key with " code { "keyferry vault move-to" } ", back it up with " code { "keyferry vault backup" } "." }
        }
    }
}

fn runtime(visit: &Visit) -> Markup {
    let runs = match visit.engine.settings.servers_runtime {
        ServersRuntime::Auto => "where it fits them best",
        ServersRuntime::Process => "as processes",
        ServersRuntime::Container => "in containers",
    };
    html! {
        section.card aria-labelledby="runtime" {
            h2 #runtime { "Runtime" }
            dl { dt { "Servers run" } dd { (runs) } }
            p.soft { code { "keyferry runtime" } " shows which container engine there is." }
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
