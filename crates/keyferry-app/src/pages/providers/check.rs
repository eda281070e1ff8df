//! `/providers/check`

use axum::response::{IntoResponse as _, Response};
use keyferry_core::{
    diagnostic::{Diagnostic, Severity},
    id::ProviderName,
    provider::ProviderFile,
};
use maud::{Markup, html};

use crate::pages::{
    failed::Shown,
    form::Sent,
    parts::{Kind, button, plural},
    shell::{Page, Place},
    visit::Visit,
};

/// What a first file may look like.
const EXAMPLE: &str = "display_name = \"Example\"\n\n[authorization]\nendpoint = \"https://example.com/oauth/authorize\"\nscopes = [\"read\"]\n\n[token]\nendpoint = \"https://example.com/oauth/token\"\n\n[env]\nEXAMPLE_TOKEN = \"{access_token}\"\n";

/// `GET`: a place to paste a provider file.
pub(in crate::pages) async fn ask(visit: Visit) -> Shown {
    Ok(page(&visit, "my-provider", EXAMPLE, None).await)
}

/// `POST`: what is to be said of it. Nothing is kept.
pub(in crate::pages) async fn check(sent: Sent) -> Response {
    let name = sent.fields.filled("name").unwrap_or("my-provider");
    let text = sent.fields.one("text").unwrap_or_default();
    let findings = match name.parse::<ProviderName>() {
        Ok(parsed) => findings(parsed, text),
        Err(error) => html! { p.notice.bad { span { (error) } } },
    };
    page(&sent.visit, name, text, Some(findings)).await.into_response()
}

fn findings(name: ProviderName, text: &str) -> Markup {
    let origin = format!("{name}.toml");
    match ProviderFile::parse(name, &origin, text) {
        Ok(checked) => {
            let warnings: Vec<_> = checked.warnings.iter().collect();
            html! {
                p.notice.good { span { "The file is good: " (checked.file.display_name) @if !warnings.is_empty() { ", with " (plural(warnings.len(), "remark")) } "." } }
                (list(&warnings))
            }
        }
        Err(found) => {
            let found: Vec<_> = found.iter().collect();
            let errors = found.iter().filter(|finding| finding.severity == Severity::Error).count();
            html! {
                p.notice.bad { span { "The file can't be used: " (plural(errors, "error")) "." } }
                (list(&found))
            }
        }
    }
}

fn list(findings: &[&Diagnostic]) -> Markup {
    html! {
        ol.findings {
            @for finding in findings {
                li .bad[finding.severity == Severity::Error] {
                    code { "line " (finding.line) ", column " (finding.column) } " " (finding.message)
                    @if let Some(hint) = &finding.hint { p.soft { (hint) } }
                }
            }
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
