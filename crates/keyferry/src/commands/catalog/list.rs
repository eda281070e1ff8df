//! `keyferry catalog list`

use clap::ValueEnum;
use keyferry_app::api::dto::{CatalogEntry, CatalogList};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{cli::Global, error::CliResult, output, session::with_api};

/// Lists manifests.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  keyferry catalog list\n  keyferry catalog list --search \"notes sandbox\"\n  keyferry catalog list --needs nothing --json"
)]
pub(crate) struct Args {
    /// Words that each stand in its name, description, category, keywords or tools
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// A category
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// What it needs
    #[arg(long, value_name = "WHAT")]
    needs: Option<Needs>,
}

/// What a server may need.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Needs {
    /// An account
    Account,
    /// Settings that you have to give
    Settings,
    /// Podman or Docker
    Container,
    /// A service that runs elsewhere
    Remote,
    /// Neither an account nor settings
    Nothing,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let path = format!("/catalog?{}", query(&args));
    let list: CatalogList = with_api(global, async |api| api.get(&path).await).await?;
    let none = if list.categories.is_empty() { "The catalog is empty." } else { "No manifest fits." };
    output::data(global.json, &list, |list| {
        let rows: Vec<_> = list.entries.iter().map(row).collect();
        output::table(["NAME", "WHAT", "NEEDS", ""], &rows, none)
    });
    if !global.json {
        for problem in &list.problems {
            output::warning(problem);
        }
    }
    Ok(())
}

fn query(args: &Args) -> String {
    let needs = args.needs.and_then(|needs| needs.to_possible_value());
    let needs = needs.map(|needs| needs.get_name().to_owned());
    let given = [("search", args.search.clone()), ("category", args.category.clone()), ("needs", needs)];
    let parts: Vec<_> = given
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC)))
        .collect();
    parts.join("&")
}

fn row(entry: &CatalogEntry) -> [String; 4] {
    let state = match (&entry.not_installable, entry.installed) {
        (Some(problem), _) => format!("can't be installed: {}", problem.message),
        (None, true) => "installed".to_owned(),
        (None, false) => String::new(),
    };
    [entry.name.clone(), entry.display_name.clone(), entry.needs.in_words.join(", "), state]
}
