//! What holds for any text that is taken for the index of a catalog.

use keyferry_core::catalog_index::{CatalogIndex, Listed, MOST_MANIFESTS};

pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(index) = CatalogIndex::parse(text) else { return };
    assert!(index.listed.len() + index.problems.len() <= MOST_MANIFESTS);
    for (_, listed) in &index.listed {
        match listed {
            Listed::Inline(manifest) => assert!(text.contains(manifest)),
            Listed::File(file) => {
                let path = file.path.as_str();
                let leads_out = path.starts_with('/') || path.contains(['%', '\\', ':', '?', '#', ' ']);
                assert!(
                    !leads_out && !path.split('/').any(|part| part.starts_with('.') || part.is_empty()),
                    "{path:?}"
                );
            }
        }
    }
    for problem in &index.problems {
        assert!(!problem.chars().any(char::is_control), "{problem:?}");
    }
}
