//! A link to the pages, handed to a browser without anybody else seeing it.

use std::path::{Path, PathBuf};

use maud::{DOCTYPE, html};

use super::HomeError;
use crate::{api::dto::PageLink, vault::private_file};

const FILE_NAME: &str = "open.html";

/// Writes a file of mode 0600 that leads to the link, and gives its path. A link on a command line could be read by every user of the
/// machine, and opened before the person's own browser does.
///
/// # Errors
/// [`HomeError::NotWritable`].
pub fn write_page_link(folder: &Path, link: &PageLink) -> Result<PathBuf, HomeError> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="referrer" content="no-referrer";
                meta http-equiv="refresh" content={ "0; url=" (link.url) };
                title { "Keyferry" }
            }
            body { p { a href=(link.url) { "Open Keyferry" } } }
        }
    };
    let path = folder.join(FILE_NAME);
    private_file::write(&path, page.into_string().as_bytes()).map_err(|error| HomeError::NotWritable {
        path: folder.to_owned(),
        source: std::io::Error::other(error),
    })?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_leads_to_the_link_and_is_the_persons_alone() {
        let folder = tempfile::tempdir().unwrap();
        let link = PageLink { url: "http://127.0.0.1:7667/open/code".to_owned() };
        let path = write_page_link(folder.path(), &link).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("0; url=http://127.0.0.1:7667/open/code"), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(!format!("{link:?}").contains("code"));
    }
}
