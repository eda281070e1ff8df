//! The provider files that are compiled in.

use super::ProviderFile;
use crate::diagnostic::{Diagnostic, Severity};

include!(concat!(env!("OUT_DIR"), "/builtin_providers.rs"));

/// Name and text of each built-in provider file, by name.
pub fn builtin() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILTIN.iter().copied()
}

/// That a file goes before the built-in one of its name. The built-in one itself has nothing to be told.
#[must_use]
pub fn takes_place(shown: &str, file: &ProviderFile) -> Option<Diagnostic> {
    builtin().find(|(name, source)| *name == file.name.as_str() && **source != *file.source)?;
    Some(Diagnostic {
        severity: Severity::Warning,
        file: shown.to_owned(),
        line: 1,
        column: 1,
        message: format!("a provider `{}` is built in; in a folder, this file takes its place", file.name),
        hint: Some("if that is not meant, give the file another name".to_owned()),
    })
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
