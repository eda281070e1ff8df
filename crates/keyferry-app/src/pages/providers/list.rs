//! `/providers`

use maud::{Markup, html};

use crate::{
    api::{dto::Provider, v1::providers},
    pages::{
        failed::Shown,
        parts::{badge, initials, plural, problem, problems},
        shell::{Page, Place},
        visit::Visit,
    },
};

/// `GET`: every provider, and whether the proxy has its credentials.
pub(in crate::pages) async fn show(visit: Visit) -> Shown {
    let mut list = providers::list(visit.shared()).await?.0;
    // Those that can be signed in at come first.
    list.providers.sort_by_key(|provider| provider.configured != Some(true));
    let body = html! {
        div.title {
            h1 { "Providers" }
            p.soft { (plural(list.providers.len(), "service")) }
            a.button href="/providers/check" { "Check a file" }
        }
        p.lead { "Services that Keyferry can sign in at, each described by one file." }
        @if let Some(why) = &list.proxy_problem { (problem(why)) }
        (problems(&list.problems))
        ul.cards.small { @for provider in &list.providers { li { (card(provider, list.proxy_problem.is_none())) } } }
    };
    Ok(visit.show(Page::new(Place::Providers, "Providers", body).live(&["providers"])).await)
}

fn card(provider: &Provider, proxy_answers: bool) -> Markup {
    html! {
        article.card {
            div.title {
                (initials(&provider.display_name))
                div { h2 { a.whole href={ "/providers/" (provider.name) } { (provider.display_name) } } p.soft { (provider.source) } }
            }
            p.facts { (standing(provider, proxy_answers)) }
        }
    }
}

/// Whether the proxy has its credentials, or none are needed, for one signs in without OAuth.
pub(super) fn standing(provider: &Provider, proxy_answers: bool) -> Markup {
    match provider.configured {
        Some(true) => badge("good", "Ready"),
        Some(false) => badge("calm", "Not set up at the proxy"),
        None if proxy_answers => badge("good", "Ready, in a window"),
        None => badge("calm", "Unknown"),
    }
}
