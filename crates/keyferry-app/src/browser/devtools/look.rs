//! A look at one page: whether it is one that is read, and its values.
//!
//! Everything is read in a world of its own beside the page's scripts, so that a page can't put other functions under it; a script of
//! the provider file sees the page's storage and document, and none of its variables.

use std::collections::BTreeMap;

use chromiumoxide_cdp::cdp::{
    browser_protocol::{
        network::GetCookiesParams,
        page::{CreateIsolatedWorldParams, GetFrameTreeParams},
    },
    js_protocol::runtime::{EvaluateParams, ExecutionContextId, TimeDelta},
};
use jiff::Timestamp;
use keyferry_core::{
    id::FactName,
    provider::{Browser, BrowserSource, LONGEST_VALUE},
    secret::SecretText,
};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::wire::{PageSession, Wire};
use crate::browser::session::{BrowserError, Reading};

/// How long one script may run, in milliseconds.
const SCRIPT_LIMIT: f64 = 2_000.0;

/// What a look came to.
pub(super) enum Seen {
    /// It is no page that is read, or went away meanwhile.
    Nothing,
    /// It shows what the rules do not allow.
    Forbidden,
    /// Its values.
    Values(Reading),
}

/// A look at a page.
pub(super) struct Look<'l> {
    pub(super) wire: &'l Wire,
    pub(super) page: &'l PageSession,
    pub(super) rules: &'l Browser,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrameTree {
    frame_tree: Tree,
}

#[derive(Deserialize)]
struct Tree {
    frame: Frame,
}

/// The page as it stands: what was committed, not what is being loaded.
#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
struct Frame {
    id: String,
    loader_id: String,
    url: String,
    /// Of a page that says why another can't be shown.
    unreachable_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct World {
    execution_context_id: i64,
}

#[derive(Deserialize)]
struct Evaluated {
    result: Remote,
}

#[derive(Deserialize)]
struct Remote {
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
struct Cookies {
    cookies: Vec<Cookie>,
}

#[derive(Deserialize)]
struct Cookie {
    name: String,
    value: String,
    path: String,
    #[serde(default)]
    expires: f64,
}

impl Look<'_> {
    /// Looks. A page that changes while it is looked at has given nothing.
    pub(super) async fn at(&self) -> Result<Seen, BrowserError> {
        match self.look().await {
            Err(BrowserError::Gone) => Err(BrowserError::Gone),
            Err(_) => Ok(Seen::Nothing),
            seen => seen,
        }
    }

    async fn look(&self) -> Result<Seen, BrowserError> {
        let frame = self.frame().await?;
        let Ok(url) = Url::parse(&frame.url) else { return Ok(Seen::Nothing) };
        if frame.unreachable_url.is_some() {
            return Ok(Seen::Nothing);
        }
        let of_network = matches!(url.scheme(), "http" | "https");
        if of_network && self.rules.judge(&frame.url).is_err() {
            return Ok(Seen::Forbidden);
        }
        if !self.rules.extract_on.matches(&url) {
            return Ok(Seen::Nothing);
        }
        let world = CreateIsolatedWorldParams {
            frame_id: frame.id.clone().into(),
            world_name: Some("keyferry".to_owned()),
            grant_univeral_access: None,
        };
        let world: World = self.wire.ask(self.page, &world).await?;
        let world = ExecutionContextId::new(world.execution_context_id);
        if self.evaluate(&world, "location.href").await? != Value::String(frame.url.clone()) {
            return Ok(Seen::Nothing);
        }
        let cookies = self.cookies(&frame.url).await?;
        let (mut values, mut expires_at) = (BTreeMap::new(), None);
        for token in &self.rules.tokens {
            let value = match &token.source {
                BrowserSource::LocalStorage(key) => self.storage(&world, "localStorage", key).await?,
                BrowserSource::SessionStorage(key) => self.storage(&world, "sessionStorage", key).await?,
                // One that does not end is refused a result, and takes none of the other values with it.
                BrowserSource::Script(script) => match self.evaluate(&world, script).await {
                    Err(BrowserError::Disobeyed(_)) => Value::Null,
                    value => value?,
                },
                BrowserSource::Cookie(name) => match cookies.iter().find(|cookie| cookie.name == *name) {
                    Some(cookie) => {
                        if token.name.as_str() == "access_token" {
                            expires_at = moment(cookie.expires);
                        }
                        Value::String(cookie.value.clone())
                    }
                    None => Value::Null,
                },
            };
            values.extend(text(&token.name, value));
        }
        // The same document at the same address still, or what was read belongs to two.
        if self.frame().await? != frame {
            return Ok(Seen::Nothing);
        }
        Ok(Seen::Values(Reading { url: frame.url, values, expires_at }))
    }

    async fn frame(&self) -> Result<Frame, BrowserError> {
        let tree: FrameTree = self.wire.ask(self.page, &GetFrameTreeParams {}).await?;
        Ok(tree.frame_tree.frame)
    }

    /// An entry of a page's storage. Its key becomes a text of the script, whatever stands in it.
    async fn storage(&self, world: &ExecutionContextId, of: &str, key: &str) -> Result<Value, BrowserError> {
        self.evaluate(world, &format!("{of}.getItem({})", Value::String(key.to_owned()))).await
    }

    /// The value of a script; nothing where it fails.
    async fn evaluate(&self, world: &ExecutionContextId, script: &str) -> Result<Value, BrowserError> {
        let evaluate = EvaluateParams {
            context_id: Some(*world),
            return_by_value: Some(true),
            silent: Some(true),
            timeout: Some(TimeDelta::new(SCRIPT_LIMIT)),
            ..EvaluateParams::new(script)
        };
        Ok(self.wire.ask::<Evaluated>(self.page, &evaluate).await?.result.value)
    }

    /// The cookies that the page's own requests carry, the nearest path first.
    async fn cookies(&self, url: &str) -> Result<Vec<Cookie>, BrowserError> {
        let wanted =
            |token: &keyferry_core::provider::BrowserToken| matches!(token.source, BrowserSource::Cookie(_));
        if !self.rules.tokens.iter().any(wanted) {
            return Ok(Vec::new());
        }
        let ask = GetCookiesParams { urls: Some(vec![url.to_owned()]) };
        let Cookies { mut cookies } = self.wire.ask(self.page, &ask).await?;
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        Ok(cookies)
    }
}

/// A value that can be a token's. Anything but a text is none.
fn text(name: &FactName, value: Value) -> Option<(FactName, SecretText)> {
    let Value::String(text) = value else { return None };
    if text.len() > LONGEST_VALUE {
        return None;
    }
    Some((name.clone(), SecretText::new(text).ok()?))
}

/// When a cookie ends. One of the session has no end, told as -1.
fn moment(seconds: f64) -> Option<Timestamp> {
    (seconds > 0.0 && seconds.is_finite()).then(|| Timestamp::from_second(seconds as i64).ok())?
}
