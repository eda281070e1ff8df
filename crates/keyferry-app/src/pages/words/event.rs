//! What happened to a connection.

use crate::api::dto::ConnectionEvent;

/// The event as a sentence.
pub(in crate::pages) fn event(event: &ConnectionEvent) -> String {
    let detail = event.detail.as_deref();
    let with = |text: &str, before: &str| match detail {
        Some(detail) => format!("{text}{before}{detail}"),
        None => text.to_owned(),
    };
    match event.event.as_str() {
        "connected" => with("Signed in", " as "),
        "connected_again" => "Signed in again".to_owned(),
        "refreshed" => "Tokens refreshed".to_owned(),
        "recovered" => "Tokens of a refresh that was cut off were saved".to_owned(),
        "refresh_failed" => with("A refresh failed", ": "),
        "sign_in_needed" => with("The service no longer honours it", ": "),
        "delivered" => with("Access token given", " to "),
        "relabelled" => "Renamed".to_owned(),
        "revocation_pending" => with("The service could not be told of the revocation yet", ": "),
        "revoked" => match detail {
            Some("revoked") => "Revoked at the service".to_owned(),
            _ => with("Tokens removed here", ": "),
        },
        other => with(other, ": "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_is_a_sentence_and_one_of_a_newer_app_still_says_something() {
        let said = |word: &str, detail: Option<&str>| {
            event(&ConnectionEvent {
                number: 1,
                at: jiff::Timestamp::UNIX_EPOCH,
                event: word.to_owned(),
                detail: detail.map(str::to_owned),
            })
        };
        assert_eq!(said("connected", Some("ada")), "Signed in as ada");
        assert_eq!(said("connected", None), "Signed in");
        assert_eq!(said("revoked", Some("revoked")), "Revoked at the service");
        assert_eq!(said("delivered", Some("notes")), "Access token given to notes");
        assert_eq!(said("sung", Some("a song")), "sung: a song");
    }
}
