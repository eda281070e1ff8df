//! `/servers`

use maud::{Markup, html};

use crate::{
    api::{dto::Server, v1::servers},
    install,
    pages::{
        failed::Shown,
        parts::{Times, badge, empty, initials, plural, problem, problems},
        shell::{Page, Place},
        visit::Visit,
        words,
    },
};

/// `GET`: every installed server, and the installs under way.
pub(in crate::pages) async fn show(visit: Visit) -> Shown {
    let list = servers::list(visit.shared()).await?.0;
    let installs: Vec<_> = visit.engine.installs.under_way();
    let times = Times::of(visit.engine.clock.now());
    let body = html! {
        div.title { h1 { "Servers" } a.button.main href="/catalog" { "Add a server" } }
        (problems(&list.problems))
        @for install in &installs { (under_way(install)) }
        @if list.servers.is_empty() && installs.is_empty() {
            (empty("No server yet", "A server gives your AI client tools, such as reading issues or sending mail. Pick one from the catalog; it is set up in a minute.", Some(("/catalog", "Browse the catalog"))))
        }
        ul.cards { @for server in &list.servers { li { (card(server, times)) } } }
    };
    Ok(visit.show(Page::new(Place::Servers, "Servers", body).live(&["server", "install"])).await)
}

fn card(server: &Server, times: Times) -> Markup {
    let (tone, word) = words::state(server);
    html! {
        article.card {
            div.title {
                (initials(&server.display_name))
                div {
                    h2 { a.whole href={ "/servers/" (server.name) } { (server.display_name) } }
                    p.soft { (account(server)) }
                }
            }
            p.facts {
                (badge(tone, word))
                @if let Some(since) = server.running_since { span { "since " (times.since(since)) } }
                @if let Some(count) = server.tool_count { span { (plural(count, "tool")) } }
                span { (runtime(server)) }
            }
            @if let Some(why) = &server.problem { (problem(why)) }
        }
    }
}

fn account(server: &Server) -> String {
    match &server.connection {
        None => "No account".to_owned(),
        Some(connection) => match &connection.account {
            Some(account) => format!("{} · {account}", connection.provider),
            None => connection.provider.clone(),
        },
    }
}

/// What runs it.
pub(super) fn runtime(server: &Server) -> &'static str {
    match server.runtime.as_str() {
        "container" => "in a container",
        "remote" => "elsewhere",
        _ => "as a process",
    }
}

fn under_way(install: &install::UnderWay) -> Markup {
    html! {
        p.notice.busy {
            span { strong { (install.server) } " is being installed" @if install.waits { ", and waits for you" } "." }
            a.button.small href={ "/installs/" (install.id) } { "Look" }
        }
    }
}
