//! `/clients/{name}`

use maud::html;

use crate::{
    api::{
        dto::ConnectRequest,
        extract::{Named, Parameters},
        v1::clients,
    },
    clients::ClientName,
    pages::{
        failed::{Of, Shown},
        parts::{Kind, sends},
        shell::{Page, Place},
        visit::Visit,
    },
};

/// `GET`: what would change in its file.
pub(in crate::pages) async fn show(visit: Visit, Of(name): Of<ClientName>) -> Shown {
    let request = Parameters(ConnectRequest::default());
    let preview = clients::preview(visit.shared(), Named(name), request).await?.0;
    let listed = clients::list(visit.shared()).await?.0.clients;
    let connected = listed.iter().any(|client| client.name == name.as_str() && client.connected);
    let title = name.title();
    let body = html! {
        p.crumbs { a href="/clients" { "Clients" } }
        h1 { (title) }
        section.card {
            p { @if connected { "Its file has this entry" } @else { "Its file would get this entry" } ", and every other byte of it stays:" }
            p { code.path { (preview.path.display()) } }
            pre tabindex="0" { code { (preview.text) } }
            p.soft { "The entry starts Keyferry's bridge, which finds its token by itself: no secret stands in the file. The file as it was is kept beside it." }
            div.actions {
                @if connected {
                    (sends(&visit, &format!("/clients/{name}/disconnect"), Kind::Plain, "Undo"))
                } @else {
                    (sends(&visit, &format!("/clients/{name}/connect"), Kind::Main, "Connect"))
                }
            }
        }
    };
    Ok(visit.show(Page::new(Place::Clients, title, body).live(&["clients"])).await)
}
