//! `/servers` and below.

mod list;
mod logs;
mod one;
mod settings;
mod tools;
mod tools_form;
mod turn;
mod uninstall;

use maud::{Markup, html};

pub(super) use list::show as list;
pub(super) use logs::{more as more_logs, show as logs};
pub(super) use one::show;
pub(super) use settings::{save as save_settings, show as settings};
pub(super) use tools::{call as call_tool, show as tools};
pub(super) use turn::{restart, start, stop};
pub(super) use uninstall::{ask as ask_uninstall, uninstall};

use super::{
    parts::{badge, initials},
    words,
};
use crate::api::dto::Server;

/// A server's own pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    Overview,
    Tools,
    Logs,
    Settings,
}

/// The head of a server's pages: what it is, how it does, and its other pages.
fn head(server: &Server, here: Tab) -> Markup {
    let (tone, word) = words::state(server);
    let tabs = [
        (Tab::Overview, "", "Overview"),
        (Tab::Tools, "/tools", "Tools"),
        (Tab::Logs, "/logs", "Logs"),
        (Tab::Settings, "/settings", "Settings"),
    ];
    html! {
        p.crumbs { a href="/servers" { "Servers" } }
        div.title {
            (initials(&server.display_name))
            div { h1 { (server.display_name) } p.soft { code { (server.name) } @if let Some(version) = &server.version { " " (version) } } }
            (badge(tone, word))
        }
        nav.tabs aria-label="This server" {
            @for (tab, path, name) in tabs {
                a href={ "/servers/" (server.name) (path) } aria-current=[(tab == here).then_some("page")] { (name) }
            }
        }
    }
}
