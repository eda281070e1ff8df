//! Whose pages may call: those of the origins that the configuration lists, and of none else.
//!
//! A page that the person happens to visit could otherwise post a form to a proxy on loopback. A browser sends `Origin` with every such
//! post and every preflight. Cookies play no part here, so that `Access-Control-Allow-Credentials` is never sent.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};

use crate::error::ProxyError;

/// What a page may send, and for how long its browser may remember that.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
const HEADERS: HeaderValue = HeaderValue::from_static("authorization, content-type, idempotency-key");
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");

/// What the `Origin` of a request says.
pub(crate) enum Asking {
    /// A program, or the browser itself.
    NoPage,
    /// A page of an origin that is listed.
    Page(HeaderValue),
}

/// Who asks; or an error for any page that is not listed.
pub(crate) fn asking<B>(origins: &[HeaderValue], request: &Request<B>) -> Result<Asking, ProxyError> {
    let mut presented = request.headers().get_all(header::ORIGIN).iter();
    match (presented.next(), presented.next()) {
        (None, _) => Ok(Asking::NoPage),
        (Some(origin), None) if origins.contains(origin) => Ok(Asking::Page(origin.clone())),
        _ => Err(ProxyError::Origin),
    }
}

/// The answer to a preflight; none for another request.
pub(crate) fn preflight<B>(request: &Request<B>) -> Option<Response> {
    let asks = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    (request.method() == Method::OPTIONS && asks).then(|| {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED);
        response
    })
}

/// Lets the page read an answer.
pub(crate) fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers
        .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after, x-request-id"));
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
}
