//! The providers that the app goes by: those of files, and what its proxy is asked for: at the start, from time to time, and when one is
//! needed that no file describes.

use std::{sync::Arc, time::Duration};

use keyferry_core::{id::ProviderName, provider::ProviderFile};
use tokio::time::sleep;

use crate::{
    connections::{ListedProvider, ProxyError},
    engine::Engine,
};

pub use keyferry_providers::{Providers, Snapshot};

/// How often the proxy is asked.
const EVERY: Duration = Duration::from_secs(600);

/// How soon it is asked again when it gave no answer.
const AGAIN: Duration = Duration::from_secs(30);

/// Asks the proxy, and takes the providers that it tells of and no file describes. Answers all that it listed.
pub(crate) async fn learn(engine: &Engine) -> Result<Vec<ListedProvider>, ProxyError> {
    let proxy = engine.connections.proxy();
    let listed = proxy.list().await?;
    let (providers, is_local) = (Arc::clone(&engine.providers), proxy.is_local());
    let files: Vec<_> =
        listed.iter().filter_map(|told| Some((told.name.clone(), told.file.clone()?))).collect();
    // Reading many files takes a while; a defect in it must not cost the list.
    let taken = tokio::task::spawn_blocking(move || providers.take_from_proxy(files, is_local)).await;
    if taken.is_err() {
        tracing::error!("what the proxy tells of its providers could not be taken");
    }
    Ok(listed)
}

/// A provider, which the proxy is asked for when no file describes it.
pub(crate) async fn find(engine: &Engine, name: &ProviderName) -> Option<Arc<ProviderFile>> {
    if let Some(file) = engine.providers.get(name) {
        return Some(file);
    }
    if let Err(error) = learn(engine).await {
        tracing::warn!(provider = %name, %error, "the proxy could not be asked for a provider that no file describes");
    }
    engine.providers.get(name)
}

/// Asks from time to time, until the future is dropped.
pub(crate) async fn keep_learning(engine: &Engine) {
    loop {
        let wait = match learn(engine).await {
            Ok(_) => EVERY,
            Err(error) => {
                tracing::debug!(%error, "the proxy did not say which providers it knows");
                AGAIN
            }
        };
        sleep(wait).await;
    }
}
