//! What happens around every request: its id, its log line, the browser check, and a net under panics.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderName, Request, header};
use tower::ServiceExt;

use crate::{error::ProxyError, request_log::RequestLog, routes, state::ProxyState};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers a request. A defect in a handler costs that request alone.
pub(crate) async fn respond(proxy: Arc<ProxyState>, router: Router, mut request: Request<Body>) -> Response {
    let id = proxy.ids.next();
    let route = routes::label(request.uri().path());
    let log = RequestLog::start(&proxy, id, request.method(), route);
    request.extensions_mut().insert(id);
    let mut response = if from_browser(&request) {
        ProxyError::Origin.into_response()
    } else {
        match AssertUnwindSafe(router.oneshot(request)).catch_unwind().await {
            Ok(answered) => answered.unwrap_or_else(|never| match never {}),
            Err(_) => {
                proxy.metrics.panic();
                tracing::error!(request_id = %id, route, "a request ended in a panic");
                ProxyError::Internal.into_response()
            }
        }
    };
    response.headers_mut().insert(REQUEST_ID, id.header());
    log.finish(&response);
    response
}

/// Pages have no business here, and a page that the person happens to visit could otherwise post a form to a proxy on loopback. A
/// browser sends `Origin` with every such post and every preflight; there are no CORS headers that could allow one.
fn from_browser(request: &Request<Body>) -> bool {
    request.headers().contains_key(header::ORIGIN)
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use keyferry_core::provider::ProviderSet;

    use super::*;
    use crate::config::ProxyConfig;

    #[tokio::test]
    async fn a_panic_costs_one_request_and_is_counted() {
        let config = ProxyConfig::new(Arc::new(ProviderSet::default()));
        let proxy = Arc::new(ProxyState::new(&config).unwrap());
        let router = Router::new()
            .route("/panic", get(async || -> &'static str { panic!("a defect") }))
            .route("/fine", get(async || "fine"));
        let ask = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            respond(Arc::clone(&proxy), router.clone(), request).await.status().as_u16()
        };
        assert_eq!(ask("/panic").await, 500);
        assert_eq!(ask("/fine").await, 200);
        assert_eq!(ask("/panic").await, 500);
        assert!(proxy.metrics.text().unwrap().contains("keyferry_proxy_panics_total 2\n"));
    }
}
