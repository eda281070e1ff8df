//! What the documents point to is there.

use std::path::Path;

use crate::workspace::{root, text};

/// A path as `docs/architecture.md` writes it: the crate without `keyferry-`, and below its `src`.
fn source(path: &str) -> Option<String> {
    let (part, below) = path.split_once('/')?;
    let is_ours = ["core", "proxy", "app", "sandbox"].contains(&part);
    is_ours.then(|| format!("crates/keyferry-{part}/src/{below}"))
}

#[test]
fn each_place_that_the_architecture_names_exists() {
    let page = text("docs/architecture.md");
    let (_, table) = page.split_once("## Where each rule lives").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let places: Vec<_> = table.split('`').filter_map(source).collect();
    assert!(places.len() > 20, "{places:?}");
    let gone: Vec<_> = places.iter().filter(|place| !root().join(place).exists()).collect();
    assert!(gone.is_empty(), "{gone:?}");
}

#[test]
fn each_link_between_the_documents_leads_somewhere() {
    let mut gone = Vec::new();
    for page in [
        "README.md",
        "CONTRIBUTING.md",
        "docs/adding-providers.md",
        "docs/hosting-a-catalog.md",
        "docs/operating.md",
        "docs/settings.md",
        "docs/architecture.md",
        "docs/benchmarks.md",
        "docs/conformance.md",
        "docs/dependencies.md",
    ] {
        let text = text(page);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        let folder = root().join(page).parent().map(Path::to_owned).unwrap();
        let ours = links.filter(|link| !link.is_empty() && !link.contains("://"));
        gone.extend(ours.filter(|link| !folder.join(link).exists()).map(|link| format!("{page}: {link}")));
    }
    assert!(gone.is_empty(), "{gone:?}");
}
