//! What a scope lets a server do, in words.
//!
//! Scopes have no common language (RFC 6749 §3.3). Those that many services share are told as they mean; of others the words that they are
//! made of are put in order, and the scope itself is always shown beside them.

/// Scopes that mean the same at many services, with what they mean.
const KNOWN: [(&str, &str); 12] = [
    ("openid", "Know who you are"),
    ("profile", "See your name and picture"),
    ("email", "See your e-mail address"),
    ("offline_access", "Stay signed in while you are away"),
    ("https://www.googleapis.com/auth/userinfo.email", "See your e-mail address"),
    ("https://www.googleapis.com/auth/userinfo.profile", "See your name and picture"),
    ("https://www.googleapis.com/auth/drive", "See, change and delete your files in Drive"),
    ("https://www.googleapis.com/auth/calendar", "See and change your calendars"),
    ("https://mail.google.com/", "Read, write, send and delete your mail"),
    ("repo", "Read and write repositories, private ones too"),
    ("user", "Read and change your profile"),
    ("api", "Use the whole API in your name"),
];

/// Words for what is done, as scopes write them.
const VERBS: [(&str, &str); 11] = [
    ("read", "Read"),
    ("readonly", "Read"),
    ("view", "Read"),
    ("write", "Change"),
    ("readwrite", "Read and change"),
    ("modify", "Change"),
    ("manage", "Manage"),
    ("admin", "Manage"),
    ("send", "Send"),
    ("delete", "Delete"),
    ("create", "Create"),
];

/// The scope in words.
pub(in crate::pages) fn in_words(scope: &str) -> String {
    if let Some((_, words)) = KNOWN.iter().find(|(known, _)| *known == scope) {
        return (*words).to_owned();
    }
    // Of a URL what it ends with says what it is for.
    let end = scope.trim_end_matches('/');
    let end = if scope.contains("://") { end.rsplit('/').next().unwrap_or(end) } else { end };
    let parts: Vec<String> = end
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(str::to_lowercase)
        .collect();
    let verb_of =
        |part: &String| VERBS.iter().find(|(word, _)| *word == part.as_str()).map(|(_, verb)| *verb);
    let verb = parts.iter().find_map(verb_of).unwrap_or("Use");
    let what: Vec<_> = parts.iter().filter(|part| verb_of(part).is_none()).map(String::as_str).collect();
    match what.as_slice() {
        [] => format!("{verb} what the service offers"),
        what => format!("{verb} {}", what.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_told_in_words() {
        for (scope, words) in [
            ("read:jira-work", "Read jira work"),
            ("write:jira-work", "Change jira work"),
            ("offline_access", "Stay signed in while you are away"),
            ("channels:read", "Read channels"),
            ("https://www.googleapis.com/auth/gmail.readonly", "Read gmail"),
            ("notes.readwrite", "Read and change notes"),
            ("crm.objects.contacts.read", "Read crm objects contacts"),
            ("tasks", "Use tasks"),
            ("read", "Read what the service offers"),
            ("", "Use what the service offers"),
        ] {
            assert_eq!(in_words(scope), words, "{scope}");
        }
    }
}
