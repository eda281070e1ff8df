//! The form that installs a server.

use keyferry_core::manifest::{Server, SettingProblem};
use maud::{Markup, html};

use super::account::{self, Offer};
use crate::{
    api::{
        ApiError,
        dto::{CatalogEntryDetail, InstallRequest, Problem, Runtime},
    },
    catalog::Entry,
    pages::{
        fields::{Given, fields},
        parts::{Kind, button, problem},
        visit::Visit,
    },
    ticket::Ticket,
};

/// What the form holds already.
#[derive(Default)]
pub(super) struct Filled<'f> {
    /// What was asked for before.
    pub(super) asked: Option<&'f InstallRequest>,
    /// The try before, whose secrets are kept.
    pub(super) again: Option<Ticket>,
    /// What is wrong with it, by setting.
    pub(super) problems: &'f [SettingProblem],
    /// What is wrong otherwise.
    pub(super) wrong: Option<&'f Problem>,
}

/// The form.
pub(super) async fn form(
    visit: &Visit,
    entry: &Entry,
    detail: &CatalogEntryDetail,
    filled: &Filled<'_>,
) -> Result<Markup, ApiError> {
    let offer = Offer::read(&visit.engine, &entry.manifest).await?;
    let settings = filled.asked.map(|asked| &asked.settings);
    let is_secret = |key: &String| detail.settings.iter().any(|field| field.sensitive && &field.key == key);
    let secrets: Vec<String> = match (settings, filled.again) {
        (Some(settings), Some(_)) => settings.keys().filter(|key| is_secret(key)).cloned().collect(),
        _ => Vec::new(),
    };
    let given = Given { values: settings, secrets: &secrets, problems: filled.problems };
    let name = &entry.manifest.name;
    Ok(html! {
        form.stack.card method="post" action={ "/catalog/" (name) "/install" } data-draft={ "install " (name) } {
            (visit.form_token())
            @if let Some(again) = filled.again { input type="hidden" name="again" value=(again); }
            @if let Some(wrong) = filled.wrong { (problem(wrong)) }
            @if !filled.problems.is_empty() { p.notice.bad { span { "Some settings are not right yet; see below." } } }
            (account::choice(&offer, filled.asked))
            @if !detail.settings.is_empty() {
                fieldset { legend { "Settings" } (fields(&detail.settings, &given)) }
            }
            (runtime(entry, filled.asked.and_then(|asked| asked.runtime)))
            div.actions { (button(Kind::Main, "Install")) }
        }
    })
}

fn runtime(entry: &Entry, chosen: Option<Runtime>) -> Markup {
    let Server::Local(local) = &entry.manifest.server else { return Markup::default() };
    let choices = [
        ("", None, "What fits it best"),
        ("container", Some(Runtime::Container), "In a container: it sees only what it is given"),
        ("process", Some(Runtime::Process), "As a process: it may do what you may"),
    ];
    html! {
        @if !local.is_this_program() {
            details.more open[chosen.is_some()] {
                summary { "Where it runs" }
                div.field {
                    label for="runtime" { "Run it" }
                    select id="runtime" name="runtime" {
                        @for (value, runtime, text) in choices { option value=(value) selected[chosen == runtime] { (text) } }
                    }
                }
            }
        }
    }
}
