//! `/settings/proxy`

use axum::response::Response;

use crate::{
    api::{
        dto::{ProxyTest, ProxyTestRequest},
        extract::Body,
        settings,
    },
    pages::{form::Sent, parts::plural},
    sessions::Notice,
};

/// `POST …/test`: asks the proxy what it knows.
pub(in crate::pages) async fn test(sent: Sent) -> Response {
    let tested = settings::test_proxy(sent.visit.shared(), Body(ProxyTestRequest::default())).await;
    match tested {
        Ok(tested) => sent.visit.go("/settings", told(&tested.0)),
        Err(error) => sent.visit.go("/settings", error),
    }
}

fn told(test: &ProxyTest) -> Notice {
    match &test.problem {
        Some(problem) => Notice::from(problem),
        None => Notice::good(format!(
            "The proxy answers, and is set up for {}",
            plural(test.configured.len(), "service")
        )),
    }
}
