//! The defence against DNS rebinding: pages answer only to the names by which this machine calls itself.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::state::SandboxState;

/// Refuses a request whose `Host` is not a loopback name with our port.
pub(crate) async fn allow_loopback(
    State(state): State<Arc<SandboxState>>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if host.is_some_and(|host| is_loopback(host, state.address)) {
        next.run(request).await
    } else {
        StatusCode::MISDIRECTED_REQUEST.into_response()
    }
}

fn is_loopback(host: &str, address: SocketAddr) -> bool {
    let port = address.port();
    [format!("127.0.0.1:{port}"), format!("[::1]:{port}"), format!("localhost:{port}"), address.to_string()]
        .iter()
        .any(|own| own == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_with_our_port_are_ours() {
        let address = SocketAddr::from(([127, 0, 0, 1], 7668));
        for (host, ours) in [
            ("127.0.0.1:7668", true),
            ("localhost:7668", true),
            ("[::1]:7668", true),
            ("127.0.0.1", false),
            ("127.0.0.1:7669", false),
            ("evil.test:7668", false),
            ("localhost.evil.test:7668", false),
        ] {
            assert_eq!(is_loopback(host, address), ours, "{host}");
        }
    }
}
