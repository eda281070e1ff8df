//! `/clients/{name}/connect` and `disconnect`

use axum::response::Response;

use crate::{
    api::{
        dto::{ConnectReport, ConnectRequest, DisconnectReport},
        extract::{Body, Named},
        v1::clients,
    },
    clients::ClientName,
    pages::{failed::Of, form::Sent},
};

/// `POST`: connects it.
pub(in crate::pages) async fn connect(Of(name): Of<ClientName>, sent: Sent) -> Response {
    let request = Body(ConnectRequest::default());
    let outcome = clients::connect(sent.visit.shared(), Named(name), request).await;
    sent.visit.done("/clients", outcome, |report| connected(&report.0))
}

/// `POST`: takes its entry and its token away.
pub(in crate::pages) async fn disconnect(Of(name): Of<ClientName>, sent: Sent) -> Response {
    let outcome = clients::disconnect(sent.visit.shared(), Named(name)).await;
    sent.visit.done("/clients", outcome, |report| disconnected(&report.0))
}

fn connected(report: &ConnectReport) -> String {
    let name = &report.display_name;
    match (&report.backup, report.changed) {
        (_, false) => format!("{name} is connected; its file had the entry already"),
        (Some(backup), _) => {
            format!("{name} is connected. Start it anew. Its file as it was: {}", backup.display())
        }
        (None, _) => format!("{name} is connected. Start it anew"),
    }
}

fn disconnected(report: &DisconnectReport) -> String {
    let name = &report.display_name;
    match (report.was_connected, report.restored) {
        (false, _) => format!("{name} was not connected"),
        (true, true) => format!("{name} is disconnected, and its file is byte for byte as it was"),
        (true, false) => format!("{name} is disconnected, and the entry is taken out of its file"),
    }
}
