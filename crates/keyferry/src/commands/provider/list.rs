//! `keyferry provider list`

use keyferry_app::api::dto::{Provider, ProviderList};

use crate::{cli::Global, error::CliResult, output, session::with_api};

pub(crate) async fn run(global: &Global) -> CliResult {
    let list: ProviderList = with_api(global, async |api| api.get("/providers").await).await?;
    output::data(global.json, &list, |list| {
        let rows: Vec<_> = list.providers.iter().map(row).collect();
        output::table(["NAME", "SERVICE", "ON THE PROXY", "FROM"], &rows, "There are no providers.")
    });
    if !global.json {
        for problem in list.problems.iter().chain(&list.proxy_problem) {
            output::warning(problem);
        }
    }
    Ok(())
}

fn row(provider: &Provider) -> [String; 4] {
    [provider.name.clone(), provider.display_name.clone(), configured(provider), provider.source.clone()]
}

/// Whether the proxy can be used for it, and for which hosts where a person can name any.
pub(super) fn configured(provider: &Provider) -> String {
    match (provider.configured, provider.allowed_hosts.as_deref()) {
        (Some(true), Some([])) => "configured, no host listed".to_owned(),
        (Some(true), Some(hosts)) => format!("configured, for {}", hosts.join(" ")),
        (Some(true), None) => "configured".to_owned(),
        (Some(false), _) => "not configured".to_owned(),
        (None, _) => "unknown".to_owned(),
    }
}
