//! `keyferry catalog list`

use keyferry_app::api::dto::{CatalogEntry, CatalogList};

use crate::{cli::Global, error::CliResult, output, session::with_api};

pub(crate) async fn run(global: &Global) -> CliResult {
    let list: CatalogList = with_api(global, async |api| api.get("/catalog").await).await?;
    output::data(global.json, &list, |list| {
        let rows: Vec<_> = list.entries.iter().map(row).collect();
        output::table(["NAME", "WHAT", "ACCOUNT", ""], &rows, "The catalog is empty.")
    });
    if !global.json {
        for problem in &list.problems {
            output::warning(problem);
        }
    }
    Ok(())
}

fn row(entry: &CatalogEntry) -> [String; 4] {
    let state = match (&entry.not_installable, entry.installed) {
        (Some(problem), _) => format!("can't be installed: {}", problem.message),
        (None, true) => "installed".to_owned(),
        (None, false) => String::new(),
    };
    let account = entry
        .sign_in
        .as_ref()
        .and_then(|need| need.provider.clone().or_else(|| need.browser_provider.clone()));
    [entry.name.clone(), entry.display_name.clone(), account.unwrap_or_default(), state]
}
