//! The provider files that are compiled in.

include!(concat!(env!("OUT_DIR"), "/builtin_providers.rs"));

/// Name and text of each built-in provider file, by name.
pub fn builtin() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILTIN.iter().copied()
}

#[cfg(test)]
mod tests {
    use crate::provider::{ProviderFile, ProviderSet};

    #[test]
    fn every_built_in_provider_file_is_without_findings() {
        for (name, text) in super::builtin() {
            let checked = ProviderFile::parse(name.parse().unwrap(), &format!("providers/{name}.toml"), text)
                .unwrap_or_else(|findings| panic!("{findings}"));
            assert!(checked.warnings.is_empty(), "{}", checked.warnings);
        }
    }

    #[test]
    fn the_set_holds_them_all_and_suggests_near_names() {
        let set = ProviderSet::builtin().unwrap();
        assert_eq!(set.iter().count(), super::builtin().count());
        assert!(set.iter().count() >= 3);
        assert_eq!(set.nearest("jirra").unwrap().as_str(), "jira");
        assert_eq!(set.nearest("completely-else"), None);
    }
}
