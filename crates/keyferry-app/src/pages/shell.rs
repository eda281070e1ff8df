//! What is around each page: navigation, the word left for it, and what needs the person.

mod attention;

use std::collections::BTreeSet;

use axum::{
    http::{HeaderValue, header},
    response::{Html, IntoResponse as _, Response},
};
use maud::{DOCTYPE, Markup, html};

use super::{
    assets::ASSETS,
    parts::{Icon, notice},
    visit::Visit,
};
use attention::Attention;

/// Scripts and styles are files of ours; nothing inline runs, nothing elsewhere is asked, nobody frames a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// No style of its own, which the policy would forbid; an answer that is none of the page is not merged into it; what a person has opened
/// stays open.
const HTMX: &str = r#"{"includeIndicatorCSS":false,"history":false,"noSwap":[204,304,400,401,403,404,405,421,422,429,500,502,503],"morphIgnore":["data-htmx-powered","open","data-now"]}"#;

/// A place in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Catalog,
    Servers,
    Accounts,
    Clients,
    Providers,
    Settings,
}

impl Place {
    const ALL: [Self; 6] =
        [Self::Catalog, Self::Servers, Self::Accounts, Self::Clients, Self::Providers, Self::Settings];

    const fn told(self) -> (&'static str, &'static str, Icon) {
        match self {
            Self::Catalog => ("/catalog", "Catalog", Icon::Catalog),
            Self::Servers => ("/servers", "Servers", Icon::Servers),
            Self::Accounts => ("/accounts", "Accounts", Icon::Accounts),
            Self::Clients => ("/clients", "Clients", Icon::Clients),
            Self::Providers => ("/providers", "Providers", Icon::Providers),
            Self::Settings => ("/settings", "Settings", Icon::Settings),
        }
    }
}

/// A page to be shown.
pub(super) struct Page {
    pub(super) place: Place,
    pub(super) title: String,
    pub(super) body: Markup,
    live: &'static [&'static str],
}

impl Page {
    pub(super) fn new(place: Place, title: impl Into<String>, body: Markup) -> Self {
        Self { place, title: title.into(), body, live: &[] }
    }

    /// The same, fetched anew when a change of these kinds is told, and merged into what is there: focus, what was typed and what was
    /// opened stay. The page itself is asked, so there is one way in which it is made.
    pub(super) fn live(self, kinds: &'static [&'static str]) -> Self {
        Self { live: kinds, ..self }
    }
}

// === impl Visit ===

impl Visit {
    /// The whole page.
    pub(super) async fn show(&self, page: Page) -> Response {
        let attention = Attention::read(&self.engine).await;
        let told = self.told();
        // Whatever a page shows: an account that needs the person is told on all of them.
        let kinds = page.live.iter().chain(&["connection"]).collect::<BTreeSet<_>>();
        let news: Vec<_> = kinds.iter().map(|kind| format!("kf:{kind} from:body delay:60ms")).collect();
        let html = html! {
            (DOCTYPE)
            html lang="en" {
                (head(&page.title, &attention))
                body {
                    a.skip href="#main" { "Skip to the content" }
                    header.side {
                        a.brand href="/" { (Icon::Brand.svg()) span { "Keyferry" } }
                        (navigation(page.place, &attention))
                    }
                    main #main tabindex="-1" {
                        div #told aria-live="polite" { @if let Some(told) = &told { (notice(told)) } }
                        (attention.banner())
                        div #page hx-get="" hx-trigger=(news.join(", ")) hx-select="#page"
                            hx-select-oob="#attention:outerMorph,#mark:outerMorph" hx-swap="outerMorph" {
                            (page.body)
                        }
                    }
                }
            }
        };
        let mut response = Html(html.into_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        // Not `no-referrer`: browsers would not say then which origin a form comes from.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        response
    }
}

fn head(title: &str, attention: &Attention) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
            meta name="color-scheme" content="light dark";
            meta name="htmx-config" content=(HTMX);
            title { @if attention.count() > 0 { "(" (attention.count()) ") " } (title) " · Keyferry" }
            link rel="icon" href=(ASSETS.icon.path()) type="image/svg+xml";
            link rel="stylesheet" href=(ASSETS.style.path());
            script src=(ASSETS.htmx.path()) defer {}
            script type="module" src=(ASSETS.script.path()) {}
        }
    }
}

fn navigation(here: Place, attention: &Attention) -> Markup {
    html! {
        nav aria-label="Main" {
            ul {
                @for place in Place::ALL {
                    @let (path, name, icon) = place.told();
                    li {
                        a href=(path) aria-current=[(place == here).then_some("page")] {
                            (icon.svg()) span { (name) }
                            @if place == Place::Accounts { (attention.mark()) }
                        }
                    }
                }
            }
        }
    }
}
