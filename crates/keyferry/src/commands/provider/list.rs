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
    [
        provider.name.clone(),
        provider.display_name.clone(),
        configured(provider.configured).to_owned(),
        provider.source.clone(),
    ]
}

pub(super) fn configured(configured: Option<bool>) -> &'static str {
    match configured {
        Some(true) => "configured",
        Some(false) => "not configured",
        None => "unknown",
    }
}
