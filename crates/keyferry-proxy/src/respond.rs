//! What happens around every request: its id, its log line, the browser check, and a net under panics.

use std::{net::IpAddr, panic::AssertUnwindSafe, sync::Arc};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Request, Version, header};
use hyper::body::Body as _;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::{
    cors::{self, Asking},
    error::ProxyError,
    limits::address,
    request_id::RequestId,
    request_log::RequestLog,
    routes::{Routes, label},
    state::ProxyState,
    taken::{self, Hold},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The routes that have limits; the others tell whether the proxy is well, and must do so when it has much to do.
const LIMITED: &str = "/oauth/";
/// Longest answer of HTTP/1.1, in bytes, that is not under way any more once it is made: it fits into the buffer of its connection, whose
/// writes have their own deadline.
const SMALL: u64 = 8 * 1024;

/// Answers a request of a connection from `peer`, which `cut` ends. A defect in a handler costs that request alone.
pub(crate) async fn respond(
    proxy: Arc<ProxyState>,
    routes: Routes,
    peer: IpAddr,
    cut: CancellationToken,
    mut request: Request<Body>,
) -> Response {
    let id = proxy.ids.next();
    let route = label(request.uri().path());
    let address = address::caller(&proxy.callers, peer, request.headers());
    let traces = proxy.traces.as_ref();
    let span = traces.and_then(|traces| traces.request(&proxy, &request, id, address, route));
    if let Some(span) = &span {
        request.extensions_mut().insert(span.parent());
    }
    let log = RequestLog::start(&proxy, id, address, request.method(), route, span);
    request.extensions_mut().insert(id);
    // HTTP/2 has its own word for the end of a connection.
    let one_by_one = request.version() < Version::HTTP_2;
    let mut under_way = None;
    let mut response = match cors::asking(&proxy.callers.origins, &request) {
        Err(error) => error.into_response(),
        Ok(asking) => {
            let mut response = match cors::preflight(&request) {
                Some(preflight) if matches!(asking, Asking::Page(_)) => preflight,
                _ if route.starts_with(LIMITED) => match admitted(&proxy, address).await {
                    Err(error) => error.into_response(),
                    Ok(permit) => {
                        under_way = Some(permit);
                        caught(&proxy, routes, request, route).await
                    }
                },
                _ => caught(&proxy, routes, request, route).await,
            };
            if let Asking::Page(origin) = asking {
                cors::allow(response.headers_mut(), origin);
            }
            response
        }
    };
    response.headers_mut().insert(REQUEST_ID, id.header());
    if one_by_one && proxy.is_draining() {
        // Whoever keeps the connection would send the next request into its end.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    log.finish(&response);
    if response.body().is_end_stream() || one_by_one && is_small(&response) {
        return response;
    }
    let hold = Hold::new(under_way, proxy.limits.answer_wait, cut);
    response.map(|body| taken::held(body, hold))
}

fn is_small(response: &Response) -> bool {
    response.body().size_hint().upper().is_some_and(|length| length <= SMALL)
}

/// Lets a request in within the limits of its address and of the whole proxy, as one under way.
async fn admitted(proxy: &ProxyState, address: IpAddr) -> Result<OwnedSemaphorePermit, ProxyError> {
    proxy.addresses.check(address).await?;
    // Refused before a byte of its body is read: what is under way is what takes memory.
    Arc::clone(&proxy.requests).try_acquire_owned().map_err(|_| ProxyError::Full)
}

async fn caught(
    proxy: &Arc<ProxyState>,
    routes: Routes,
    request: Request<Body>,
    route: &'static str,
) -> Response {
    let id = request.extensions().get::<RequestId>().copied();
    match AssertUnwindSafe(routes.answer(proxy, request, route)).catch_unwind().await {
        Ok(answered) => answered,
        Err(_) => {
            proxy.metrics.panic();
            let id = id.map(|id| id.to_string());
            tracing::error!(request_id = id, route, "a request ended in a panic");
            ProxyError::Internal.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::{Router, routing::get};
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
        let routes = Routes::from(router);
        let ask = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let cut = CancellationToken::new();
            respond(Arc::clone(&proxy), routes.clone(), Ipv4Addr::LOCALHOST.into(), cut, request)
                .await
                .status()
                .as_u16()
        };
        assert_eq!(ask("/panic").await, 500);
        assert_eq!(ask("/fine").await, 200);
        assert_eq!(ask("/panic").await, 500);
        assert!(proxy.metrics.text().unwrap().contains("keyferry_proxy_panics_total 2\n"));
    }
}
