//! `/providers/{name}`

use keyferry_core::id::ProviderName;
use maud::{Markup, html};

use super::list::standing;
use crate::{
    api::{
        dto::{ProviderConfig, ProviderDetail},
        extract::Named,
        v1::providers,
    },
    pages::{
        failed::{Of, Shown},
        parts::{Kind, button, initials, problem, prose},
        shell::{Page, Place},
        sign_ins::{CONFIG, consent},
        visit::Visit,
        words,
    },
};

/// `GET`: its file as understood, and a sign-in.
pub(in crate::pages) async fn show(visit: Visit, Of(name): Of<ProviderName>) -> Shown {
    let detail = providers::show(visit.shared(), Named(name)).await?.0;
    let provider = &detail.provider;
    let body = html! {
        p.crumbs { a href="/providers" { "Providers" } }
        div.title {
            (initials(&provider.display_name))
            div { h1 { (provider.display_name) } p.soft { code { (provider.name) } " · " (provider.source) } }
            (standing(provider, detail.proxy_problem.is_none()))
        }
        @if let Some(why) = &detail.proxy_problem { (problem(why)) }
        div.columns {
            section.card aria-labelledby="file" { h2 #file { "The file as understood" } (facts(&detail)) }
            div {
                (sign_in(&visit, &detail))
                section.card aria-labelledby="asks" {
                    h2 #asks { "What it is asked for" }
                    @if detail.scopes.is_empty() { p.soft { "Nothing in particular." } }
                    ul.plain { @for scope in &detail.scopes { li { (words::in_words(scope)) " " code { (scope) } } } }
                }
            }
        }
    };
    Ok(visit.show(Page::new(Place::Providers, &provider.display_name, body).live(&["providers"])).await)
}

pub(super) fn facts(detail: &ProviderDetail) -> Markup {
    let rows: [(&str, Option<&String>); 6] = [
        ("Authorization endpoint", detail.authorization_endpoint.as_ref()),
        ("Token endpoint", detail.token_endpoint.as_ref()),
        ("Revocation endpoint", detail.revocation_endpoint.as_ref()),
        ("Revoked with", detail.revocation_method.as_ref()),
        ("Login page", detail.login_url.as_ref()),
        ("Redirect URI to register", detail.redirect_uri.as_ref()),
    ];
    html! {
        @if let Some(notes) = &detail.notes { p { (prose(notes)) } }
        dl.wide {
            dt { "Sign-in" } dd { @if detail.sign_in == "oauth" { "OAuth, in your browser" } @else { "In a window of its own, without OAuth" } }
            @for (name, value) in rows { @if let Some(value) = value { dt { (name) } dd { code { (value) } } } }
            dt { "Tokens" } dd { @if detail.refreshes { "refreshed" } @else { "not refreshed" } }
            @if !detail.environment.is_empty() { dt { "A server gets" } dd { @for name in &detail.environment { code { (name) } " " } } }
            @if !detail.files.is_empty() { dt { "And files" } dd { @for path in &detail.files { code { (path) } " " } } }
            @if !detail.refresh_token_in.is_empty() { dt { "The refresh token is in" } dd { (detail.refresh_token_in.join(", ")) } }
            @if let Some(hosts) = &detail.provider.allowed_hosts { dt { "Hosts that the proxy allows" } dd { (hosts.join(", ")) } }
            @if let Some(page) = &detail.documentation_url {
                dt { "Documentation" } dd { a href=(page) target="_blank" rel="noopener noreferrer" { (page) } }
            }
        }
    }
}

fn sign_in(visit: &Visit, detail: &ProviderDetail) -> Markup {
    let name = &detail.provider.name;
    html! {
        section.card aria-labelledby="sign-in" {
            h2 #sign-in { "Add an account" }
            @if detail.provider.configured == Some(false) {
                p.soft { "Whoever runs the proxy has to set it up first: a client ID and a client secret, registered at the service." }
            } @else {
                form.stack method="post" action={ "/providers/" (name) "/sign-in" } {
                    (visit.form_token())
                    @for field in &detail.config { (question(field)) }
                    @if !detail.told.is_empty() { (consent(&detail.told, true, false)) }
                    div.actions { (button(Kind::Plain, "Sign in")) }
                }
            }
        }
    }
}

fn question(field: &ProviderConfig) -> Markup {
    let id = format!("config-{}", field.name);
    html! {
        div.field {
            label for=(id) { (field.title) }
            input type="text" id=(id) name={ (CONFIG) (field.name) } value=[field.default.as_ref()]
                required[field.default.is_none()] autocomplete="off" spellcheck="false";
            @if let Some(text) = &field.description { p.soft { (text) } }
        }
    }
}
