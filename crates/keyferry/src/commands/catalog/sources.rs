//! `keyferry catalog sources`

use std::path::Path;

use keyferry_app::api::dto::{
    CatalogRefreshRequest, CatalogSource, CatalogSourceKind, CatalogSourceList, CatalogSourceRequest,
};

use crate::{
    cli::Global,
    client::Api,
    error::{CliError, CliResult},
    output,
    session::with_api,
};

/// What the help shows.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keyferry catalog sources list
  keyferry catalog sources add ~/manifests
  keyferry catalog sources add https://example.com/catalog.json
  keyferry catalog sources refresh

docs/hosting-a-catalog.md says how to make a list of your own.";

/// The commands about where manifests come from.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the sources, and what is wrong with them
    #[command(after_help = "Example:\n  keyferry catalog sources list")]
    List,
    /// Add a folder of manifests, or a list at a URL
    #[command(
        after_help = "Examples:\n  keyferry catalog sources add ./manifests\n  keyferry catalog sources add https://example.com/catalog.json\n\nIt is written into keyferry.toml. A list is fetched now, and again every six hours while the app runs."
    )]
    Add {
        /// A folder, or an https URL
        place: String,
    },
    /// Remove a source; what was installed from it stays
    #[command(after_help = "Example:\n  keyferry catalog sources remove https://example.com/catalog.json")]
    Remove {
        /// Its folder, its URL or its id
        source: String,
    },
    /// Look at a source again, or at all of them
    #[command(after_help = "Example:\n  keyferry catalog sources refresh")]
    Refresh {
        /// Its folder, its URL or its id; all without it
        source: Option<String>,
    },
}

pub(crate) async fn run(global: &Global, command: Command) -> CliResult {
    let list = with_api(global, async |api| match command {
        Command::List => api.get("/catalog/sources").await,
        Command::Add { place } => {
            let request = CatalogSourceRequest { place: whole(&place) };
            let added: CatalogSource = api.post("/catalog/sources", &request).await?;
            Ok(CatalogSourceList { sources: vec![added] })
        }
        Command::Remove { source } => {
            let id = find(api, &source).await?;
            api.delete(&format!("/catalog/sources/{id}")).await
        }
        Command::Refresh { source } => {
            let id = match source {
                Some(source) => Some(find(api, &source).await?),
                None => None,
            };
            api.post("/catalog/sources/refresh", &CatalogRefreshRequest { id }).await
        }
    });
    let list: CatalogSourceList = list.await?;
    output::data(global.json, &list, |list| {
        let rows: Vec<_> = list.sources.iter().map(row).collect();
        output::table(["SOURCE", "MANIFESTS", "LOOKED AT", "ID"], &rows, "")
    });
    if !global.json {
        for problem in list.sources.iter().flat_map(|source| &source.problems) {
            output::warning(problem);
        }
    }
    Ok(())
}

/// The id of a source that is named by its place, or by the id itself.
async fn find(api: &Api, named: &str) -> CliResult<String> {
    let list: CatalogSourceList = api.get("/catalog/sources").await?;
    let place = whole(named);
    let found =
        list.sources.into_iter().find(|one| one.id == named || one.place == named || one.place == place);
    found.map(|source| source.id).ok_or_else(|| {
        CliError::failed("unknown_source", format!("{named} is no source of manifests"))
            .hint("`keyferry catalog sources list` shows them")
    })
}

/// A folder by its whole path: the app may run in another one.
fn whole(place: &str) -> String {
    if place.contains("://") {
        return place.to_owned();
    }
    std::path::absolute(Path::new(place)).map_or_else(|_| place.to_owned(), |path| path.display().to_string())
}

fn row(source: &CatalogSource) -> [String; 4] {
    let looked = match (source.kind, source.checked_at, source.is_old) {
        (CatalogSourceKind::Url, Some(at), false) => output::time(at),
        (CatalogSourceKind::Url, Some(at), true) => format!("{}, not since", output::time(at)),
        (CatalogSourceKind::Url, None, _) => "never".to_owned(),
        _ => String::new(),
    };
    [source.place.clone(), source.manifests.to_string(), looked, source.id.clone()]
}
