//! The provider files that are compiled in.

include!(concat!(env!("OUT_DIR"), "/builtin_providers.rs"));

/// Name and text of each built-in provider file, by name.
pub fn builtin() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILTIN.iter().copied()
}

#[cfg(test)]
mod tests {
    use crate::{
        diagnostic::Diagnostic,
        provider::{ProviderFile, ProviderSet},
    };

    /// Services that people run on hosts of their own, so that no pattern bounds them: the proxy's operator lists the hosts.
    const ON_ANY_HOST: [&str; 1] = ["gitlab"];

    #[test]
    fn every_built_in_provider_file_is_without_findings() {
        for (name, text) in super::builtin() {
            let checked = ProviderFile::parse(name.parse().unwrap(), &format!("providers/{name}.toml"), text)
                .unwrap_or_else(|findings| panic!("{findings}"));
            let open = |warning: &Diagnostic| warning.message.starts_with("a person can name any host here");
            let fits = |warning| ON_ANY_HOST.contains(&name) && open(warning);
            assert!(checked.warnings.iter().all(fits), "{}", checked.warnings);
            assert_eq!(ON_ANY_HOST.contains(&name), checked.warnings.iter().any(open), "{name}");
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
