//! `GET /oauth/providers`

use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;
use axum::{extract::State, response::Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::ProviderReply;
use crate::{
    error::{ErrorReply, ProxyError},
    registry::ByName,
    routes::reply,
    state::ProxyState,
};

/// All providers, by name.
#[derive(Debug, Serialize, ToSchema)]
struct ProvidersReply<'a> {
    providers: Vec<ProviderReply<'a>>,
}

/// The providers that this proxy knows, and whether it has credentials for each.
#[utoipa::path(
    get,
    path = "/oauth/providers",
    tag = "oauth",
    responses(
        (status = 200, description = "All providers", body = ProvidersReply),
        (status = 401, description = "No access key", body = ErrorReply),
    )
)]
pub(crate) async fn get(
    State(proxy): State<Arc<ProxyState>>,
    headers: HeaderMap,
) -> Result<Response, ProxyError> {
    let caller = proxy.admission.admit(&headers).await?;
    let all = proxy.registry.all();
    let theirs: Vec<_> =
        all.values().filter(|provider| caller.may_use(&provider.file.name).is_ok()).collect();
    let text = || {
        let providers = theirs.iter().map(|provider| ProviderReply::of(provider)).collect();
        reply::text(&ProvidersReply { providers })
    };
    let text = if theirs.len() == all.len() { WHOLE.get(&all, text) } else { text() };
    Ok(reply::secret_text(StatusCode::OK, text))
}

/// What was last made. In a process with several proxies, as in tests, the one that was asked last has it.
static WHOLE: WholeList = WholeList(ArcSwapOption::const_empty());

/// The list of all providers, made once for as long as they stay the same: it is long, and who asks for it would take its room each time.
struct WholeList(ArcSwapOption<Kept>);

/// The list as it was last made.
struct Kept {
    /// What it lists. It keeps no secret of a provider that was replaced, and keeps the place of these from being taken by others.
    of: Weak<ByName>,
    text: Bytes,
}

// === impl WholeList ===

impl WholeList {
    fn get(&self, all: &Arc<ByName>, make: impl FnOnce() -> Bytes) -> Bytes {
        if let Some(kept) = &*self.0.load()
            && std::ptr::eq(kept.of.as_ptr(), Arc::as_ptr(all))
        {
            return kept.text.clone();
        }
        let text = make();
        self.0.store(Some(Arc::new(Kept { of: Arc::downgrade(all), text: text.clone() })));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_made_once_for_the_same_providers_and_again_for_others() {
        let (list, one, other) = (WholeList(ArcSwapOption::const_empty()), Arc::default(), Arc::default());
        assert_eq!(list.get(&one, || "one".into()), "one");
        assert_eq!(list.get(&one, || unreachable!()), "one");
        assert_eq!(list.get(&other, || "other".into()), "other");
        drop(other);
        assert_eq!(list.get(&Arc::default(), || "third".into()), "third");
    }
}
