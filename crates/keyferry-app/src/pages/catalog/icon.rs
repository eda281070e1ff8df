//! `/catalog/{name}/icon`

use std::path::Path;

use axum::{
    http::header,
    response::{IntoResponse as _, Response},
};
use keyferry_core::id::ManifestName;

use crate::{
    api::{ApiError, dto::Problem},
    pages::{
        failed::{Of, Shown},
        visit::Visit,
    },
};

/// More than an icon needs.
const LARGEST: u64 = 512 * 1024;

/// `GET`: the icon that lies beside a manifest. Pictures alone, and told by what they are, not by what they are called.
pub(in crate::pages) async fn show(visit: Visit, Of(name): Of<ManifestName>) -> Shown {
    let offer = visit.engine.catalog.now();
    let entry = offer.get(&name);
    let place = entry.and_then(|entry| Some((entry.folder.clone()?, entry.manifest.icon.clone()?)));
    let read = async {
        let (folder, icon) = place?;
        tokio::task::spawn_blocking(move || read(&folder, &icon)).await.ok()?
    };
    let (media_type, bytes) = read.await.ok_or_else(none)?;
    Ok(shown(media_type, bytes))
}

fn shown(media_type: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "private, max-age=3600")];
    (headers, bytes).into_response()
}

/// The file, if it lies below the folder once links are followed.
fn read(folder: &Path, icon: &str) -> Option<(&'static str, Vec<u8>)> {
    let folder = folder.canonicalize().ok()?;
    let path = folder.join(icon).canonicalize().ok()?;
    let metadata = path.metadata().ok()?;
    if !path.starts_with(&folder) || !metadata.is_file() || metadata.len() > LARGEST {
        return None;
    }
    let bytes = std::fs::read(path).ok()?;
    Some((media_type(&bytes)?, bytes))
}

fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        // In an `img` no script of it runs; opened by itself, the policy of every reply forbids it.
        _ if bytes.trim_ascii_start().starts_with(b"<svg") => Some("image/svg+xml"),
        _ => None,
    }
}

fn none() -> ApiError {
    ApiError::not_found(Problem::new("no_icon", "this manifest has no icon here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_below_the_folder_are_shown() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("catalog");
        std::fs::create_dir(&folder).unwrap();
        let png = b"\x89PNG\r\n\x1a\n";
        std::fs::write(folder.join("icon.png"), png).unwrap();
        std::fs::write(folder.join("notes.png"), "no picture").unwrap();
        std::fs::write(parent.path().join("outside.png"), png).unwrap();
        assert_eq!(read(&folder, "icon.png").unwrap().0, "image/png");
        assert!(read(&folder, "notes.png").is_none());
        assert!(read(&folder, "../outside.png").is_none());
        assert!(read(&folder, parent.path().join("outside.png").to_str().unwrap()).is_none());
        assert!(read(&folder, "missing.png").is_none());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(parent.path().join("outside.png"), folder.join("link.png")).unwrap();
            assert!(read(&folder, "link.png").is_none());
        }
    }
}
