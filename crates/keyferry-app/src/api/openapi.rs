//! `GET /openapi.json`: the description of the local API, made from its handlers.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, Content, Ref, RefOr, ResponseBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use super::{ApiError, dto::Problem, v1};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Keyferry app",
        description = "The local API of the app, on loopback alone. Every request needs the bearer token that lies in the data folder, and its own Host. A body is JSON. What fails is answered with a Problem.",
        license(name = "Apache-2.0 OR MIT")
    ),
    components(schemas(Problem)),
    modifiers(&Shared),
    paths(
        v1::status::show,
        v1::events::listen,
        v1::diagnostics::show,
        v1::settings::list,
        v1::settings::change,
        v1::settings::test_proxy,
        v1::catalog::list,
        v1::catalog::show,
        v1::catalog::sources::list,
        v1::catalog::sources::add,
        v1::catalog::sources::remove,
        v1::catalog::sources::refresh,
        v1::installs::create,
        v1::installs::show,
        v1::installs::cancel,
        v1::servers::list,
        v1::servers::show,
        v1::servers::uninstall,
        v1::servers::start,
        v1::servers::stop,
        v1::servers::restart,
        v1::servers::logs,
        v1::servers::tools::list,
        v1::servers::tools::call,
        v1::connections::list,
        v1::connections::show,
        v1::connections::change,
        v1::connections::revoke,
        v1::connections::history,
        v1::connections::refresh,
        v1::sign_ins::create,
        v1::sign_ins::show,
        v1::sign_ins::cancel,
        v1::clients::list,
        v1::clients::preview,
        v1::clients::connect,
        v1::clients::disconnect,
        v1::audit::verify,
        v1::providers::list,
        v1::providers::show,
        v1::providers::check,
    )
)]
struct Description;

/// What every operation has: the token it needs, and how it says that it failed.
struct Shared;

impl Modify for Shared {
    fn modify(&self, description: &mut openapi::OpenApi) {
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        description.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
        let problem = RefOr::Ref(Ref::from_schema_name("Problem"));
        let failed = ResponseBuilder::new()
            .description("What went wrong, and what to do about it")
            .content("application/json", Content::new(Some(problem)))
            .build();
        for path in description.paths.paths.values_mut() {
            let operations =
                [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete];
            for operation in operations.into_iter().flatten() {
                // The handlers' words begin with method and path, which stand here already.
                if let Some((_, words)) = operation.summary.as_deref().and_then(|all| all.split_once("`: ")) {
                    operation.summary = Some(words.to_owned());
                }
                operation.responses.responses.insert("default".to_owned(), failed.clone().into());
            }
        }
    }
}

/// The description as text.
pub(super) fn text() -> Result<String, serde_json::Error> {
    Description::openapi().to_pretty_json()
}

/// `GET`: the description. It tells nothing of this person.
pub(super) async fn show() -> Result<Response, ApiError> {
    let text = text().map_err(|error| ApiError::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api;

    #[test]
    fn the_description_and_the_table_name_the_same_paths() {
        let description: serde_json::Value = serde_json::from_str(&text().unwrap()).unwrap();
        let described: BTreeSet<_> = description["paths"].as_object().unwrap().keys().cloned().collect();
        let served: BTreeSet<_> = api::paths().map(str::to_owned).collect();
        assert_eq!(described, served);
    }

    #[test]
    fn no_operation_lacks_its_failure_its_words_or_a_name_of_its_own() {
        let description: serde_json::Value = serde_json::from_str(&text().unwrap()).unwrap();
        let mut names = BTreeSet::new();
        for (path, methods) in description["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                assert!(operation["responses"]["default"].is_object(), "{method} {path}");
                let summary = operation["summary"].as_str().unwrap_or_default();
                assert!(!summary.is_empty(), "{method} {path}");
                assert!(
                    names.insert(operation["operationId"].as_str().unwrap().to_owned()),
                    "{method} {path}"
                );
            }
        }
        assert!(names.len() >= 41);
    }
}
