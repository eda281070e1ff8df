//! «Did you mean …?»

/// The candidate that a mistyped word most likely means: at most one edit for each three characters, and never more than three.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let allowed = (word.chars().count().max(3) / 3).min(3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_understood_and_a_different_word_is_not() {
        let known = ["jira", "github", "client_auth"];
        assert_eq!(nearest("jirra", known), Some("jira"));
        assert_eq!(nearest("GitHub", known), Some("github"));
        assert_eq!(nearest("client_aut", known), Some("client_auth"));
        assert_eq!(nearest("slack", known), None);
        assert_eq!(nearest("", known), None);
    }
}
