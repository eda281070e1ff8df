//! `/settings/change`: one setting of the settings file.

use axum::response::Response;
use maud::{Markup, html};

use crate::{
    api::{
        ApiError,
        dto::{Problem, SettingChange, SettingState},
        extract::{Body, Named},
        settings,
    },
    pages::{
        form::Sent,
        parts::{Kind, button},
        visit::Visit,
    },
    settings::Key,
};

/// A form for a setting that is one text, or the choice of one.
pub(super) fn form(visit: &Visit, setting: &SettingState, label: &str, choices: &[(&str, &str)]) -> Markup {
    let id = format!("setting-{}", setting.key);
    let now =
        setting.pending.as_ref().unwrap_or(&setting.values).first().map(String::as_str).unwrap_or_default();
    html! {
        form.stack method="post" action="/settings/change" {
            (visit.form_token())
            input type="hidden" name="key" value=(setting.key);
            div.field {
                label for=(id) { (label) }
                @if choices.is_empty() {
                    input type="text" id=(id) name="value" value=(now) autocomplete="off" spellcheck="false";
                } @else {
                    select id=(id) name="value" { @for (value, text) in choices { option value=(value) selected[*value == now] { (text) } } }
                }
                @if setting.pending.is_some() { p.soft { "Holds from the next start of the app on." } }
            }
            div.actions { (button(Kind::Plain, "Save")) }
        }
    }
}

/// `POST`: writes it into the settings file, or takes it out.
pub(in crate::pages) async fn change(sent: Sent) -> Response {
    let key = sent.fields.one("key").unwrap_or_default().parse::<Key>();
    let outcome = match key {
        Ok(key) => {
            let value = sent.fields.filled("value").map(str::to_owned);
            settings::change(sent.visit.shared(), Named(key), Body(SettingChange { value })).await
        }
        Err(_) => Err(ApiError::not_found(Problem::new("unknown_setting", "there is no such setting"))),
    };
    sent.visit
        .done("/settings", outcome, |_| "It is saved, and holds from the next start of the app on".to_owned())
}
