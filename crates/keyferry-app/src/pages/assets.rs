//! Style, scripts and icon: embedded, named by their digest, kept by browsers for ever.

use std::{fmt::Write as _, sync::LazyLock};

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use sha2::{Digest as _, Sha256};

use crate::api::{ApiError, dto::Problem};

/// One embedded file.
#[derive(Debug)]
pub(super) struct Asset {
    text: &'static str,
    media_type: &'static str,
    name: String,
    tag: String,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Assets {
    pub(super) style: Asset,
    pub(super) script: Asset,
    pub(super) htmx: Asset,
    pub(super) icon: Asset,
}

/// The assets of this program. A name has the digest of its text, so that a new text never hides behind a kept one.
pub(super) static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    style: Asset::new("app", "css", "text/css; charset=utf-8", include_str!("../../assets/app.css")),
    script: Asset::new("app", "js", "text/javascript; charset=utf-8", include_str!("../../assets/app.js")),
    htmx: Asset::new(
        "htmx",
        "js",
        "text/javascript; charset=utf-8",
        include_str!("../../assets/htmx.min.js"),
    ),
    icon: Asset::new("icon", "svg", "image/svg+xml", include_str!("../../assets/icon.svg")),
});

// === impl Asset ===

impl Asset {
    fn new(stem: &str, ending: &str, media_type: &'static str, text: &'static str) -> Self {
        let digest = Sha256::digest(text).iter().take(6).fold(String::new(), |mut digest, byte| {
            _ = write!(digest, "{byte:02x}");
            digest
        });
        Self { text, media_type, name: format!("{stem}.{digest}.{ending}"), tag: format!("\"{digest}\"") }
    }

    /// Where a page finds it.
    pub(super) fn path(&self) -> String {
        format!("/assets/{}", self.name)
    }
}

impl Assets {
    fn get(&self, name: &str) -> Option<&Asset> {
        [&self.style, &self.script, &self.htmx, &self.icon].into_iter().find(|asset| asset.name == name)
    }
}

/// `GET /assets/{name}`
pub(super) async fn show(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.get(&name) else {
        return ApiError::not_found(Problem::new("no_asset", "there is no such file")).into_response();
    };
    let kept = headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == asset.tag.as_bytes());
    let mut response = match kept {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => asset.text.into_response(),
    };
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, asset.media_type);
    set(header::CACHE_CONTROL, "public, max-age=31536000, immutable");
    set(header::ETAG, &asset.tag);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_asset_is_kept_for_ever_and_its_name_changes_with_its_text() {
        let style = &ASSETS.style;
        assert_ne!(Asset::new("app", "css", "", "a{}").name, Asset::new("app", "css", "", "b{}").name);
        let name = style.name.clone();
        let first = show(Path(name.clone()), HeaderMap::new()).await;
        assert_eq!(first.status(), 200);
        assert_eq!(first.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
        assert!(first.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        assert_eq!(show(Path(name), again).await.status(), 304);
        assert_eq!(show(Path("app.css".to_owned()), HeaderMap::new()).await.status(), 404);
    }

    #[test]
    fn scripts_and_style_need_nothing_that_the_policy_forbids() {
        for text in [ASSETS.style.text, ASSETS.script.text] {
            for bad in ["http://", "https://", "@import", "eval(", "innerHTML", "document.write"] {
                assert!(!text.contains(bad), "{bad}");
            }
        }
    }
}
