//! The person at the consent page, played over HTTP: open the authorization URL, read the form, press a button.
//!
//! Nothing is cut short: the page is fetched, its form is read from its HTML, its cookie is carried, and the
//! answer is posted as a browser would.

mod form;

use reqwest::{
    Response, StatusCode,
    header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE},
};
use url::{Url, form_urlencoded::Serializer};

use self::form::ConsentForm;
use crate::{http_client, loopback::is_plain_loopback, people::Person};

/// Longest page that is read.
const PAGE_LIMIT: usize = 256 * 1024;

/// Where the provider sends the browser after the answer. It holds the code, so `Debug` prints `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct RedirectUrl(Url);

/// The page could not be opened or answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsentError {
    /// The authorization URL is not one that this person opens.
    #[error("the authorization URL is not http on a loopback address: only the sandbox can be answered for")]
    NotLoopback,
    /// The sandbox did not answer.
    #[error("the consent page could not be reached: {0}")]
    Unreachable(#[source] reqwest::Error),
    /// There was an answer, but no consent page.
    #[error("the authorization endpoint answered {0} without a consent form")]
    NoForm(StatusCode),
    /// The answer to the form did not lead back.
    #[error("the consent form was answered with {0} and no redirect")]
    NoRedirect(StatusCode),
}

/// Allows, as Ada. Returns where the browser would go next; nothing is sent there.
///
/// # Errors
/// When the URL is not on loopback, the page can't be reached, or it is no consent page. If the authorization
/// endpoint refuses by redirecting with an error, that redirect is the result.
pub async fn approve(authorization_url: &str) -> Result<RedirectUrl, ConsentError> {
    approve_as(authorization_url, Person::Ada).await
}

/// Allows, as this person; else like [`approve`].
///
/// # Errors
/// Those of [`approve`].
pub async fn approve_as(authorization_url: &str, person: Person) -> Result<RedirectUrl, ConsentError> {
    answer(authorization_url, &[("decision", "allow"), ("account", person.id())]).await
}

/// Denies; else like [`approve`].
///
/// # Errors
/// Those of [`approve`].
pub async fn deny(authorization_url: &str) -> Result<RedirectUrl, ConsentError> {
    answer(authorization_url, &[("decision", "deny")]).await
}

async fn answer(authorization_url: &str, pressed: &[(&str, &str)]) -> Result<RedirectUrl, ConsentError> {
    let url =
        Url::parse(authorization_url).ok().filter(is_plain_loopback).ok_or(ConsentError::NotLoopback)?;
    let client = http_client::build_for_loopback().map_err(unreachable)?;
    let page = client.get(url.clone()).send().await.map_err(unreachable)?;
    if let Some(redirect) = location(&page) {
        return Ok(redirect);
    }
    let (status, cookie) = (page.status(), cookies(&page));
    let html = http_client::read_capped(page, PAGE_LIMIT).await.map_err(unreachable)?.unwrap_or_default();
    let form = ConsentForm::read(&String::from_utf8_lossy(&html)).ok_or(ConsentError::NoForm(status))?;
    // The form may only post to where it came from.
    let action = url.join(&form.action).ok().filter(|action| action.origin() == url.origin());
    let body = Serializer::new(String::new()).extend_pairs(form.hidden).extend_pairs(pressed).finish();
    let post = client
        .post(action.ok_or(ConsentError::NoForm(status))?)
        .header(COOKIE, cookie)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body);
    let reply = post.send().await.map_err(unreachable)?;
    location(&reply).ok_or_else(|| ConsentError::NoRedirect(reply.status()))
}

/// An error without its URL, which holds the state.
fn unreachable(error: reqwest::Error) -> ConsentError {
    ConsentError::Unreachable(error.without_url())
}

fn location(response: &Response) -> Option<RedirectUrl> {
    let location = response.headers().get(LOCATION).filter(|_| response.status() == StatusCode::SEE_OTHER)?;
    Url::parse(location.to_str().ok()?).ok().map(RedirectUrl)
}

/// The `Cookie` header that a browser would send back.
fn cookies(response: &Response) -> String {
    let cookies = response.headers().get_all(SET_COOKIE).iter();
    let pairs = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}

// === impl RedirectUrl ===

impl RedirectUrl {
    /// The whole URL, for the one GET that delivers it.
    #[must_use]
    pub fn expose_url(&self) -> &str {
        self.0.as_str()
    }

    /// A parameter of its query.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.0.query_pairs().find(|(field, _)| field == name).map(|(_, value)| value.into_owned())
    }
}

impl std::fmt::Debug for RedirectUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}
