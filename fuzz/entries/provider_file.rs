//! What holds for any text that is taken for a provider file.

use keyferry_core::{
    delivery::{Values, environment, files},
    flow::authorize::AuthorizationRequest,
    provider::ProviderFile,
    secret::State,
    url::{RedirectUri, is_loopback},
};

pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(name) = "acme".parse() else { return };
    let checked = match ProviderFile::parse(name, "acme.toml", text) {
        Ok(checked) => checked,
        Err(found) => {
            assert!(found.has_errors(), "refused without an error");
            found.iter().for_each(|one| assert!(one.line <= text.split('\n').count(), "{one}"));
            return;
        }
    };
    assert!(!checked.warnings.has_errors(), "{}", checked.warnings);
    let file = checked.file;
    assert_eq!(&*file.source, text);
    for (name, value) in environment(&file, &Values::default()) {
        assert!(!value.expose_secret().is_empty() && name.as_str() != "PATH");
    }
    for written in files(&file, &Values::default()).unwrap_or_default() {
        assert!(written.names.iter().all(|name| !name.is_empty() && name != ".." && !name.contains('/')));
        assert_eq!(written.mode & 0o133, 0, "others may write, or someone execute");
    }
    if let Some(browser) = file.browser() {
        assert!(browser.allow_hosts.iter().any(|host| host.matches(browser.login_url.url())));
        assert!(browser.extract_on.is_within(&browser.allow_hosts));
    }
    sign_in(&file);
}

/// The sign-in keeps its protections, whatever the file renames or adds.
fn sign_in(file: &ProviderFile) {
    let Some(oauth) = file.oauth() else { return };
    let Some(endpoint) = oauth.authorization.endpoint.fixed() else { return };
    assert!(endpoint.url().scheme() == "https" || is_loopback(endpoint.url()), "{endpoint}");
    let (Ok(client_id), Ok(address)) = ("client".parse(), "127.0.0.1:7667".parse()) else { return };
    let Ok(redirect_uri) = RedirectUri::loopback(address, &file.name) else { return };
    let state = State::from_entropy([7; 32]);
    let request = AuthorizationRequest {
        oauth,
        client_id: &client_id,
        redirect_uri: &redirect_uri,
        scopes: &oauth.authorization.scopes,
        state: &state,
        code_challenge: None,
        config: &Default::default(),
    };
    let Ok(url) = request.url() else { return };
    let url = url.url();
    assert_eq!(url.host_str(), endpoint.url().host_str());
    assert_eq!(url.path(), endpoint.url().path());
    let named = oauth.authorization.rename.name("state").unwrap_or_default();
    let states: Vec<_> =
        url.query_pairs().filter(|(name, _)| name == named).map(|(_, value)| value.into_owned()).collect();
    assert_eq!(states, [state.expose_secret()], "the state is not there, or another one, too");
}
