//! `Retry-After` (RFC 9110 §10.2.3), in both its forms, as seconds.

use http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

/// The longest wait that is passed on, in seconds. A provider's slip must not switch a sign-in off for a year.
const LONGEST: u32 = 3_600;

/// How long to wait; none when the header is absent or makes no sense.
pub(crate) fn read(headers: &HeaderMap, now: Timestamp) -> Option<u32> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().unwrap_or(LONGEST).min(LONGEST));
    }
    let at = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let wait = at.duration_since(now).max(SignedDuration::ZERO).as_secs();
    Some(u32::try_from(wait).unwrap_or(LONGEST).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_capped() {
        let now: Timestamp = "1994-11-06T08:49:37Z".parse().unwrap();
        let table = [
            ("0", Some(0)),
            ("120", Some(120)),
            ("31536000", Some(3_600)),
            ("99999999999999999999", Some(3_600)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("Mon, 06 Nov 1995 08:49:37 GMT", Some(3_600)),
            ("", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("Sun, 99 Nov 1994", None),
        ];
        for (text, expected) in table {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(read(&headers, now), expected, "{text:?}");
        }
        assert_eq!(read(&HeaderMap::new(), now), None);
    }
}
