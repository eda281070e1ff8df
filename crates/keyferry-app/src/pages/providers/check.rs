//! `/providers/check`

use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use super::one::facts;
use crate::{
    api::{
        ApiError,
        dto::{Finding, FindingSeverity, ProviderCheck, ProviderCheckRequest},
        extract::Body,
        v1::providers,
    },
    pages::{
        failed::Shown,
        form::Sent,
        parts::{Kind, button, plural},
        shell::{Page, Place},
        visit::Visit,
    },
};

const EXAMPLE: &str = "display_name = \"Example\"\n\n[authorization]\nendpoint = \"https://example.com/oauth/authorize\"\nscopes = [\"read\"]\n\n[token]\nendpoint = \"https://example.com/oauth/token\"\n\n[env]\nEXAMPLE_TOKEN = \"{access_token}\"\n";

/// `GET`: a place to paste a provider file.
pub(in crate::pages) async fn ask(visit: Visit) -> Shown {
    Ok(page(&visit, "my-provider", EXAMPLE, None).await)
}

/// `POST`: what is to be said of it. Nothing is kept.
pub(in crate::pages) async fn check(sent: Sent) -> Response {
    let name = sent.fields.filled("name").unwrap_or("my-provider");
    let text = sent.fields.one("text").unwrap_or_default();
    let asked = ProviderCheckRequest { name: Some(name.to_owned()), text: text.to_owned() };
    let told = providers::check(sent.visit.shared(), Body(asked)).await;
    let told = told.map_or_else(|error| refused(&error), |checked| outcome(&checked.0));
    page(&sent.visit, name, text, Some(told)).await.into_response()
}

fn refused(error: &ApiError) -> Markup {
    html! { p.notice.bad { span { (error.message()) } } }
}

fn outcome(checked: &ProviderCheck) -> Markup {
    html! {
        @match &checked.provider {
            Some(detail) => p.notice.good {
                span {
                    "The file is good: " (detail.provider.display_name)
                    @if checked.warnings > 0 { ", with " (plural(checked.warnings, "remark")) } "."
                }
            },
            None => p.notice.bad { span { "The file can't be used: " (plural(checked.errors, "error")) "." } },
        }
        @if !checked.findings.is_empty() { ol.findings { @for finding in &checked.findings { (item(finding)) } } }
        @if let Some(detail) = &checked.provider {
            section.card aria-labelledby="understood" { h2 #understood { "The file as understood" } (facts(detail)) }
        }
    }
}

fn item(finding: &Finding) -> Markup {
    html! {
        li .bad[finding.severity == FindingSeverity::Error] {
            code { "line " (finding.line) ", column " (finding.column) } " " (finding.message)
            @if let Some(hint) = &finding.hint { p.soft { (hint) } }
        }
    }
}

async fn page(visit: &Visit, name: &str, text: &str, findings: Option<Markup>) -> Response {
    let body = html! {
        p.crumbs { a href="/providers" { "Providers" } }
        h1 { "Check a provider file" }
        p.lead { "Paste a file to see whether it is understood. Nothing of it is kept." }
        div #findings aria-live="polite" { @if let Some(findings) = findings { (findings) } }
        form.stack.card method="post" action="/providers/check" hx-post="/providers/check" hx-target="#findings" hx-select="#findings" hx-swap="outerHTML" {
            (visit.form_token())
            div.field { label for="name" { "Name" } input type="text" id="name" name="name" value=(name) required autocomplete="off" spellcheck="false"; }
            div.field { label for="text" { "The file" } textarea.code id="text" name="text" rows="16" required spellcheck="false" { (text) } }
            div.actions { (button(Kind::Main, "Check")) }
        }
    };
    visit.show(Page::new(Place::Providers, "Check a provider file", body)).await
}
