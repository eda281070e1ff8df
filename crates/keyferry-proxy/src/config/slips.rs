//! Variables of a `.env` file that look like a provider's and are none.

use std::{collections::BTreeSet, fmt};

use keyferry_core::{provider::ProviderSet, suggest::nearest};

/// What the name of a provider's variable ends in.
const ENDS: [&str; 10] = [
    "_CLIENT_ID",
    "_CLIENT_SECRET",
    "_CLIENT_SECRET_FILE",
    "_PREVIOUS_CLIENT_SECRET",
    "_PREVIOUS_CLIENT_SECRET_FILE",
    "_PRIVATE_KEY",
    "_PRIVATE_KEY_FILE",
    "_PRIVATE_KEY_ID",
    "_ALLOWED_HOSTS",
    "_REDIRECT_URIS",
];

/// A variable that nobody reads. Holds no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableSlip {
    variable: String,
    meant: Option<String>,
}

/// The variables among `names` that were likely meant for a provider, and fit none.
#[must_use]
pub fn variable_slips<'n>(
    providers: &ProviderSet,
    names: impl IntoIterator<Item = &'n str>,
) -> Vec<VariableSlip> {
    let mut known = BTreeSet::new();
    for file in providers.iter() {
        let prefix = file.name.env_prefix();
        known.extend(ENDS.iter().map(|end| format!("{prefix}{end}")));
        known.extend(file.requires.iter().flat_map(|name| [name.to_string(), format!("{name}_FILE")]));
    }
    let slip = |variable: &str| {
        let meant = nearest(variable, known.iter().map(String::as_str)).map(str::to_owned);
        let alike = meant.is_some() || ENDS.iter().any(|end| variable.ends_with(end));
        alike.then(|| VariableSlip { variable: variable.to_owned(), meant })
    };
    let foreign = |variable: &&str| !known.contains(*variable) && !variable.starts_with("KEYFERRY_");
    names.into_iter().filter(foreign).filter_map(slip).collect()
}

impl fmt::Display for VariableSlip {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} belongs to no provider", self.variable)?;
        match &self.meant {
            Some(meant) => write!(out, "; did you mean {meant}?"),
            None => out.write_str("; it begins with a provider's name in capitals, '-' as '_'"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_fits_no_provider_is_told_with_the_nearest() {
        let providers = ProviderSet::builtin().unwrap();
        let told = |name: &str| variable_slips(&providers, [name]).first().map(ToString::to_string);
        for (name, meant) in [
            ("JIRA_CLIENTID", "did you mean JIRA_CLIENT_ID?"),
            ("JIRA_CLIENT_SECERT", "did you mean JIRA_CLIENT_SECRET?"),
            ("GITLB_ALLOWED_HOSTS", "did you mean GITLAB_ALLOWED_HOSTS?"),
            ("SOMETHING_QUITE_ELSE_CLIENT_ID", "begins with a provider's name"),
        ] {
            assert!(told(name).unwrap().contains(meant), "{name}: {:?}", told(name));
        }
        for good in ["JIRA_CLIENT_ID", "GITLAB_ALLOWED_HOSTS", "DATABASE_URL", "KEYFERRY_PROXY_LISTEN"] {
            assert_eq!(told(good), None, "{good}");
        }
    }
}
