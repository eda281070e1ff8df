//! The URL tree. [`ROUTES`] is the one table of all routes.

mod health;
mod metrics;
mod oauth;
pub(crate) mod openapi;
mod ready;
pub(crate) mod reply;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::State,
    response::Response,
    routing::{MethodRouter, get, post},
};
use http::{Method, Request};
use tower::ServiceExt;

use crate::{error::ProxyError, state::ProxyState};

/// One route.
struct Route {
    /// Its method. `GET` answers `HEAD` too.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests compare it with the API's description"))]
    method: &'static str,
    path: &'static str,
    handler: fn() -> MethodRouter<Arc<ProxyState>>,
}

/// What is served at one address.
#[derive(Clone)]
pub(crate) struct Routes {
    router: Router,
    /// Whether the token endpoint is among them. It is called straight: what is asked nearly always is not looked up in the router, which
    /// would be a twentieth of its cost.
    with_tokens: bool,
}

/// Where nearly all that the proxy does is asked for.
const TOKEN: &str = "/oauth/token";
const METRICS: &str = "/metrics";
/// What a path that is none of them is called.
pub(crate) const UNKNOWN: &str = "none";

/// All routes.
const ROUTES: [Route; 9] = [
    Route { method: "post", path: TOKEN, handler: || post(oauth::token::post) },
    Route { method: "post", path: "/oauth/revoke", handler: || post(oauth::revoke::post) },
    Route { method: "get", path: "/oauth/providers", handler: || get(oauth::providers::list::get) },
    Route { method: "get", path: "/oauth/providers/{name}", handler: || get(oauth::providers::show::get) },
    Route { method: "get", path: "/oauth/callback/{provider}", handler: || get(oauth::callback::get) },
    Route { method: "get", path: "/health", handler: || get(health::get) },
    Route { method: "get", path: "/ready", handler: || get(ready::get) },
    Route { method: "get", path: METRICS, handler: || get(metrics::get) },
    Route { method: "get", path: "/openapi.json", handler: || get(openapi::get) },
];

/// The route of a path, for logs and metrics: the pattern, never the path itself, which is the caller's text.
pub(crate) fn label(path: &str) -> &'static str {
    let matches = |pattern: &str| match pattern.split_once('{') {
        None => pattern == path,
        Some((base, _)) => {
            path.strip_prefix(base).is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
        }
    };
    ROUTES.iter().map(|route| route.path).find(|pattern| matches(pattern)).unwrap_or(UNKNOWN)
}

// === impl Routes ===

impl Routes {
    /// The API; with `/metrics` only where nobody from outside can read it.
    pub(crate) fn api(proxy: Arc<ProxyState>, with_metrics: bool) -> Self {
        let router = build(proxy, |path| path != METRICS || with_metrics);
        Self { router, with_tokens: true }
    }

    /// `/metrics` alone, for an address of its own.
    pub(crate) fn metrics(proxy: Arc<ProxyState>) -> Self {
        Self::from(build(proxy, |path| path == METRICS))
    }

    /// The answer to a request whose label is `route`.
    pub(crate) async fn answer(
        self,
        proxy: &Arc<ProxyState>,
        request: Request<Body>,
        route: &'static str,
    ) -> Response {
        if self.with_tokens && route == TOKEN && request.method() == Method::POST {
            return oauth::token::post(State(Arc::clone(proxy)), request).await;
        }
        self.router.oneshot(request).await.unwrap_or_else(|never| match never {})
    }
}

impl From<Router> for Routes {
    fn from(router: Router) -> Self {
        Self { router, with_tokens: false }
    }
}

fn build(proxy: Arc<ProxyState>, wanted: impl Fn(&str) -> bool) -> Router {
    ROUTES
        .iter()
        .filter(|route| wanted(route.path))
        .fold(Router::new(), |router, route| router.route(route.path, (route.handler)()))
        .fallback(async || ProxyError::Route)
        .method_not_allowed_fallback(async || ProxyError::Method)
        .with_state(proxy)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use keyferry_core::provider::ProviderSet;

    use super::*;
    use crate::config::ProxyConfig;

    #[test]
    fn the_description_and_the_table_name_the_same_routes() {
        let text: serde_json::Value = serde_json::from_slice(&openapi::text().unwrap()).unwrap();
        let described: BTreeSet<_> = text["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone()))
            })
            .collect();
        let served: BTreeSet<_> =
            ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
        assert_eq!(described, served);
    }

    #[test]
    fn tokens_are_asked_for_straight_where_there_are_any() {
        let config = ProxyConfig::new(Arc::new(ProviderSet::default()));
        let proxy = Arc::new(ProxyState::new(&config).unwrap());
        assert!(Routes::api(Arc::clone(&proxy), false).with_tokens);
        assert!(!Routes::metrics(proxy).with_tokens);
    }

    #[test]
    fn a_label_is_a_pattern_and_never_what_was_asked() {
        let table = [
            ("/oauth/token", "/oauth/token"),
            ("/oauth/token/", "none"),
            ("/oauth/providers/jira", "/oauth/providers/{name}"),
            ("/oauth/providers/", "none"),
            ("/oauth/providers/a/b", "none"),
            ("/canary", "none"),
            ("", "none"),
        ];
        for (path, expected) in table {
            assert_eq!(label(path), expected, "{path}");
        }
    }
}
