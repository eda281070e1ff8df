//! `keyferry provider show`

use keyferry_app::api::dto::{ProviderConfig, ProviderDetail};
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
        None => match provider.allowed_hosts.as_deref() {
            Some([]) => format!(
                "{}: it signs in only at the file's own default host until its operator lists others in {}_ALLOWED_HOSTS",
                configured(provider),
                provider.name.to_ascii_uppercase().replace('-', "_")
            ),
            _ => configured(provider),
        },
    };
    output::facts(&[
        ("name", provider.name.clone()),
        ("service", provider.display_name.clone()),
        ("from", provider.source.clone()),
        ("on the proxy", proxy),
        ("login page", detail.login_url.clone().unwrap_or_default()),
        ("callback to register", detail.redirect_uri.clone().unwrap_or_default()),
        ("authorization", detail.authorization_endpoint.clone().unwrap_or_default()),
        ("token", detail.token_endpoint.clone().unwrap_or_default()),
        ("revocation", revocation(detail)),
        ("scopes", detail.scopes.join(" ")),
        ("refresh", refresh(detail)),
        ("asks for", detail.config.iter().map(asked).collect::<Vec<_>>().join("; ")),
        ("a server gets", [&*detail.environment, &*detail.files].concat().join(", ")),
        ("refresh token in", detail.refresh_token_in.join(", ")),
        ("documentation", detail.documentation_url.clone().unwrap_or_default()),
        ("notes", detail.notes.clone().unwrap_or_default().trim().to_owned()),
    ])
}

fn revocation(detail: &ProviderDetail) -> String {
    let method = detail.revocation_method.iter().map(String::as_str);
    method.chain(detail.revocation_endpoint.as_deref()).collect::<Vec<_>>().join(" ")
}

fn refresh(detail: &ProviderDetail) -> String {
    match (detail.sign_in.as_str(), detail.refreshes) {
        ("browser", _) => "none: sign in again in the browser window".to_owned(),
        (_, true) => String::new(),
        (_, false) => "none: the tokens are used as long as they work, then you sign in again".to_owned(),
    }
}

fn asked(config: &ProviderConfig) -> String {
    let form = config.pattern.as_ref().map(|pattern| format!(", of the form {pattern}")).unwrap_or_default();
    let default = config.default.as_ref().map(|text| format!(", else {text}")).unwrap_or_default();
    format!("{} ({}{form}{default})", config.name, config.title)
}
