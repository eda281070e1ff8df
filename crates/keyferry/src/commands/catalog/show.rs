//! `keyferry catalog show`

use keyferry_app::api::dto::{CatalogEntryDetail, Here, HereWay, SettingField};
use keyferry_core::id::ManifestName;

use crate::{cli::Global, error::CliResult, output, session::with_api};

/// Shows one manifest.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  keyferry catalog show sandbox-notes")]
pub(crate) struct Args {
    /// The manifest's name
    name: ManifestName,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let path = format!("/catalog/{}", args.name);
    let detail: CatalogEntryDetail = with_api(global, async |api| api.get(&path).await).await?;
    output::data(global.json, &detail, human);
    Ok(())
}

fn human(detail: &CatalogEntryDetail) -> String {
    let entry = &detail.entry;
    let account = entry.sign_in.as_ref().map(|need| {
        let name = need.provider.as_deref().unwrap_or("found by discovery");
        format!("{name}{}", if need.required { ", required" } else { ", optional" })
    });
    let mut text = output::facts(&[
        ("name", entry.name.clone()),
        ("title", entry.display_name.clone()),
        ("about", entry.description.clone().unwrap_or_default()),
        ("version", entry.version.clone().unwrap_or_default()),
        ("author", detail.author.clone().unwrap_or_default()),
        ("from", entry.source.clone()),
        ("account", account.unwrap_or_default()),
        ("also in", entry.also_in.join("\n")),
        ("needs", entry.needs.in_words.join(", ")),
        ("runs", detail.command.clone().or_else(|| entry.needs.runs.url.clone()).unwrap_or_default()),
        ("here", detail.here.iter().map(here).collect::<Vec<_>>().join("\n")),
        ("documentation", detail.documentation_url.clone().unwrap_or_default()),
        (
            "problem",
            entry.not_installable.as_ref().map(|problem| problem.message.clone()).unwrap_or_default(),
        ),
    ]);
    if !detail.settings.is_empty() {
        let rows: Vec<_> = detail.settings.iter().map(row).collect();
        text.push('\n');
        text.push_str(&output::table(["SETTING", "TYPE", "", "WHAT"], &rows, ""));
    }
    text
}

/// Whether it works in one way, and why not.
fn here(here: &Here) -> String {
    let way = match here.way {
        HereWay::Container => "in a container",
        HereWay::Process => "as a process",
        HereWay::Elsewhere => "from elsewhere",
    };
    match &here.problem {
        None => format!("works {way}"),
        Some(problem) => format!("not {way}: {}", problem.message),
    }
}

fn row(field: &SettingField) -> [String; 4] {
    let need = match (&field.default, field.required) {
        (Some(default), _) => format!("default {default}"),
        (None, true) => "required".to_owned(),
        (None, false) => "optional".to_owned(),
    };
    let what = [field.title.as_deref(), field.description.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(": ");
    [field.key.clone(), format!("{:?}", field.kind).to_lowercase(), need, what]
}
