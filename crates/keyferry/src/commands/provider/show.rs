//! `keyferry provider show`

use keyferry_app::api::dto::ProviderDetail;
use keyferry_core::id::ProviderName;

use super::list::configured;
use crate::{cli::Global, error::CliResult, output, session::with_api};

/// Shows one provider.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  keyferry provider show jira")]
pub(crate) struct Args {
    /// The provider's name
    name: ProviderName,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let path = format!("/providers/{}", args.name);
    let detail: ProviderDetail = with_api(global, async |api| api.get(&path).await).await?;
    output::data(global.json, &detail, human);
    Ok(())
}

fn human(detail: &ProviderDetail) -> String {
    let provider = &detail.provider;
    let proxy = match &detail.proxy_problem {
        Some(problem) => format!("unknown: {}", problem.message),
        None => configured(provider.configured).to_owned(),
    };
    output::facts(&[
        ("name", provider.name.clone()),
        ("service", provider.display_name.clone()),
        ("from", provider.source.clone()),
        ("on the proxy", proxy),
        ("callback to register", detail.redirect_uri.clone()),
        ("authorization", detail.authorization_endpoint.clone()),
        ("token", detail.token_endpoint.clone()),
        ("revocation", detail.revocation_endpoint.clone().unwrap_or_default()),
        ("scopes", detail.scopes.join(" ")),
        ("a server gets", detail.environment.join(", ")),
        ("documentation", detail.documentation_url.clone().unwrap_or_default()),
        ("notes", detail.notes.clone().unwrap_or_default().trim().to_owned()),
    ])
}
