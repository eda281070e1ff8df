//! `/catalog/{name}/install`

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use keyferry_core::{
    id::{ManifestName, ServerName},
    manifest::SettingProblem,
};

use super::{
    account::{BROWSER, NEW, NONE, WINDOW_CONFIG},
    form::Filled,
    one,
};
use crate::{
    api::{
        dto::{AuthMethod, CatalogEntryDetail, InstallRequest, ManifestChoice, Problem, Runtime},
        extract::Named,
        v1::catalog,
    },
    connections::ConnectionError,
    engine::Engine,
    install::{self, InstallError},
    pages::{
        failed::{Failed, Of, Shown},
        fields::values,
        form::{Fields, Sent},
        sign_ins::{CONFIG, config, window},
        visit::see,
    },
    ticket::Ticket,
};

/// `POST`: begins an install, and leads to where it can be watched. What is wrong is said on the form, which keeps what was typed.
pub(in crate::pages) async fn begin(Of(name): Of<ManifestName>, sent: Sent) -> Response {
    begun(&name, sent).await.unwrap_or_else(Failed::into_response)
}

async fn begun(name: &ManifestName, sent: Sent) -> Shown {
    let Sent { visit, fields } = sent;
    let server = ServerName::from_manifest(name);
    if let Some(one) = visit.engine.installs.under_way().into_iter().find(|one| one.server == server) {
        return Ok(see(&format!("/installs/{}", one.id)));
    }
    let detail = catalog::show(visit.shared(), Named(name.clone())).await?.0;
    let again = fields.one("again").and_then(|id| id.parse::<Ticket>().ok());
    let request = request(&visit.engine, &detail, &fields, again);
    let error = match install::begin(&visit.engine, request.clone()).await {
        Ok(install) => return Ok(see(&format!("/installs/{}", install.id))),
        Err(error) => error,
    };
    let (problems, wrong) = told(error);
    let filled = Filled { asked: Some(&request), again, problems: &problems, wrong: wrong.as_ref() };
    let mut page = one::page(&visit, name, filled).await?;
    *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(page)
}

fn request(
    engine: &Engine,
    detail: &CatalogEntryDetail,
    fields: &Fields,
    again: Option<Ticket>,
) -> InstallRequest {
    let mut settings = values(&detail.settings, fields);
    if let Some(before) = again.and_then(|id| engine.installs.asked(id)) {
        for field in detail.settings.iter().filter(|field| field.sensitive) {
            if let Some(kept) = before.settings.get(&field.key) {
                settings.entry(field.key.clone()).or_insert_with(|| kept.clone());
            }
        }
    }
    let (auth, connection) = match fields.one("account") {
        None | Some(NONE) => (None, None),
        Some(NEW) => (Some(AuthMethod::Oauth), None),
        Some(BROWSER) => (Some(AuthMethod::Browser), None),
        Some(id) => (None, Some(id.to_owned())),
    };
    let prefix = if fields.one("account") == Some(BROWSER) { WINDOW_CONFIG } else { CONFIG };
    InstallRequest {
        manifest: ManifestChoice::Named(detail.entry.name.clone()),
        settings,
        auth,
        config: config(fields, prefix),
        connection,
        runtime: match fields.one("runtime") {
            Some("container") => Some(Runtime::Container),
            Some("process") => Some(Runtime::Process),
            _ => None,
        },
        network: None,
        open_browser: true,
        window: window(fields),
    }
}

/// What is wrong: by setting, or otherwise.
fn told(error: InstallError) -> (Vec<SettingProblem>, Option<Problem>) {
    match error {
        InstallError::BadSettings(problems) => (problems, None),
        InstallError::BadPath(bad) => {
            let (key, what) = (bad.key().to_owned(), bad.what().to_owned());
            let hint = "name a path from the root that is there".to_owned();
            (vec![SettingProblem { key, what, hint }], None)
        }
        InstallError::OnlyAsProcess(_) => {
            let hint =
                "install Podman or start Docker; or, if you trust it, choose below that it runs as a process";
            (Vec::new(), Some(Problem::new("only_as_process", error.to_string()).with_hint(hint)))
        }
        // What it reads stands in the form already.
        InstallError::Connection(ConnectionError::NotAgreed(_)) => {
            let message = "the window opens only when you have said that you want it";
            let hint = "see below what it reads, and where that goes";
            (Vec::new(), Some(Problem::new("window_not_agreed", message).with_hint(hint)))
        }
        other => (Vec::new(), Some(other.into())),
    }
}
