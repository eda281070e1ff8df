//! The cookie of a session (RFC 6265).

use axum::http::{HeaderMap, HeaderValue, header};

use super::open::LIFE;

/// The cookie's name. A cookie knows no port (RFC 6265 §8.5), so the name has it: two apps on one machine keep apart.
#[derive(Clone, Debug)]
pub(crate) struct CookieName(String);

impl CookieName {
    /// The name for an app on this port.
    pub(crate) fn of(port: u16) -> Self {
        Self(format!("keyferry-session-{port}"))
    }
}

/// The header that sets a session's cookie: not to be read by a script, and not sent with what another site asks for.
pub(crate) fn set(name: &CookieName, value: &str) -> Option<HeaderValue> {
    let (name, life) = (&name.0, LIFE.as_secs());
    HeaderValue::try_from(format!("{name}={value}; Path=/; Max-Age={life}; HttpOnly; SameSite=Strict")).ok()
}

/// The value of the cookie. Nothing where two of the name come: of them one was set by somebody else.
pub(crate) fn find<'h>(name: &CookieName, headers: &'h HeaderMap) -> Option<&'h str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut values = pairs.flat_map(|pairs| pairs.split(';')).filter_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name.0).then_some(value)
    });
    let value = values.next()?;
    if values.next().is_none() { Some(value) } else { None }
}
