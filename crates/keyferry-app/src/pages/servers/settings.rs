//! `/servers/{name}/settings`

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use keyferry_core::{id::ServerName, manifest::SettingProblem};
use maud::{Markup, html};

use super::{Tab, head};
use crate::{
    api::{
        ApiError,
        dto::{Problem, ServerSettings, ServerSettingsChange},
        extract::{Body, Named},
        v1::servers,
    },
    pages::{
        failed::{Failed, Of, Shown},
        fields::{Given, fields, values},
        form::Sent,
        parts::{Kind, button, problem},
        shell::{Page, Place},
        visit::Visit,
    },
};

/// `GET`: what it asks of the person, and what they said.
pub(in crate::pages) async fn show(visit: Visit, Of(name): Of<ServerName>) -> Shown {
    let settings = servers::settings::show(visit.shared(), Named(name.clone())).await?.0;
    page(&visit, &name, &settings, None).await
}

/// `POST`: keeps other ones.
pub(in crate::pages) async fn save(Of(name): Of<ServerName>, sent: Sent) -> Response {
    let Sent { visit, fields } = sent;
    let settings = match servers::settings::show(visit.shared(), Named(name.clone())).await {
        Ok(settings) => settings.0,
        Err(error) => return Failed::from(error).into_response(),
    };
    let values = values(&settings.fields, &fields);
    let change = ServerSettingsChange { values: values.clone() };
    let changed = servers::settings::change(visit.shared(), Named(name.clone()), Body(change)).await;
    match changed {
        Ok(_) => visit.done(&format!("/servers/{name}/settings"), Ok::<_, ApiError>(()), |()| {
            "The settings are kept, and the server has them".to_owned()
        }),
        Err(error) => {
            let kept = ServerSettings { values, ..settings };
            let page = page(&visit, &name, &kept, Some(error.problem())).await;
            page.map(|mut page| {
                *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
                page
            })
            .into_response()
        }
    }
}

async fn page(visit: &Visit, name: &ServerName, settings: &ServerSettings, wrong: Option<&Problem>) -> Shown {
    let server = servers::show(visit.shared(), Named(name.clone())).await?.0;
    let body = html! {
        (head(&server, Tab::Settings))
        @if let Some(wrong) = wrong { (problem(wrong)) }
        (form(visit, settings))
    };
    Ok(visit.show(Page::new(Place::Servers, format!("Settings of {}", server.display_name), body)).await)
}

fn form(visit: &Visit, settings: &ServerSettings) -> Markup {
    let problems: &[SettingProblem] = &[];
    let given = Given { values: Some(&settings.values), secrets: &settings.secrets_given, problems };
    html! {
        section.card {
            @if settings.fields.is_empty() {
                p { "This server asks for no settings." }
            } @else {
                form.stack method="post" action={ "/servers/" (settings.server) "/settings" } {
                    (visit.form_token())
                    (fields(&settings.fields, &given))
                    div.actions { (button(Kind::Main, "Save")) }
                    p.soft { "A server that runs is started anew with them." }
                }
            }
        }
    }
}
