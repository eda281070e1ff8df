//! The sign-in of a play: the authorization request, the redirect, and the code in it.

use std::net::{Ipv4Addr, SocketAddr};

use keyferry_core::{
    flow::callback::{
        AuthorizedCode, CallbackError, PendingSignIn, SignInEntropy, SignInStart, UnverifiedCallback,
    },
    provider::Redirect,
    url::{InvalidUrl, RedirectUri},
};

use super::{
    now,
    scene::{PUBLIC_URL, Scene},
};

/// Where an app would listen. Nobody does: the redirect there is read, not followed.
const APP: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7667);

/// Signs in, and tells what came of it.
pub(super) async fn sign_in(scene: &Scene) -> Result<(AuthorizedCode, String), String> {
    let name = &scene.file.name;
    let start = SignInStart {
        provider: name,
        oauth: &scene.written,
        client_id: scene.client_id.clone(),
        redirect_uri: redirect_uri(scene).map_err(|error| error.to_string())?,
        scopes: scene.oauth.authorization.scopes.clone(),
        config: scene.config.clone(),
        // A play needs no secrecy, and is the same each time.
        entropy: SignInEntropy { state: [7; 32], verifier: [9; 32], return_port: APP.port() },
    };
    let (pending, url) = PendingSignIn::begin(start, now()).map_err(|error| error.to_string())?;
    let place = url.as_str().split_once("://").map_or(url.as_str(), |(_, place)| place);
    let mut location = redirect(scene, &format!("{}/{place}", scene.stand_in.origin())).await?;
    if let Some(at_proxy) = location.strip_prefix(PUBLIC_URL) {
        location = redirect(scene, &format!("{}{at_proxy}", scene.proxy_url)).await?;
    }
    let expected = format!("http://{APP}/oauth/callback/{name}?");
    let query = location.strip_prefix(&expected).ok_or("the redirect does not lead to the app")?;
    let callback = UnverifiedCallback::parse(query).map_err(|error| error.to_string())?;
    let code = pending.receive(callback, name, now()).map_err(|error| explained(scene, query, error))?;
    let kept: Vec<_> = code.metadata.iter().map(|(name, _)| format!(", {{metadata.{name}}}")).collect();
    Ok((code, format!("a code{}", kept.concat())))
}

/// What a refused response means for the author of the file.
fn explained(scene: &Scene, query: &str, error: CallbackError) -> String {
    let names: Vec<_> =
        url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| format!("`{name}`")).collect();
    let (code, names) = (&scene.oauth.callback.code, names.join(", "));
    match error {
        CallbackError::Ambiguous => format!(
            "{error}: callback.txt has {names}, and the code is looked for in `{code}`; [callback] code says what the service calls it"
        ),
        CallbackError::Refused(_) => {
            format!("{error}: callback.txt has `error`; record the redirect of a sign-in that was allowed")
        }
        _ => error.to_string(),
    }
}

fn redirect_uri(scene: &Scene) -> Result<RedirectUri, InvalidUrl> {
    let name = &scene.file.name;
    match scene.oauth.authorization.redirect {
        Redirect::Loopback => RedirectUri::loopback(APP, name),
        Redirect::Proxy => RedirectUri::parse_public(&format!("{PUBLIC_URL}/oauth/callback/{name}"), name),
    }
}

/// Where an address redirects to.
async fn redirect(scene: &Scene, url: &str) -> Result<String, String> {
    let response = scene.http.get(url).send().await.map_err(|error| error.without_url().to_string())?;
    let location = response.headers().get(reqwest::header::LOCATION).and_then(|value| value.to_str().ok());
    match (response.status().as_u16(), location) {
        (303, Some(location)) => Ok(location.to_owned()),
        (status, _) => Err(format!("no redirect came, but HTTP {status}")),
    }
}
