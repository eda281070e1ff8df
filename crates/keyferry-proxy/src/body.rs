//! The body of a request: its format, its limit, its deadline.

use axum::extract::Request;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::LengthLimitError;
use tokio::time::timeout;

use crate::{config::Limits, error::ProxyError, whole};

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/json`
    Json,
}

/// A body, whole.
pub(crate) struct Body {
    pub(crate) format: Format,
    pub(crate) bytes: Bytes,
}

// === impl Body ===

impl Body {
    /// Reads a body. A length beyond the limit is refused before a byte of it is read.
    pub(crate) async fn read(request: Request, limits: &Limits) -> Result<Self, ProxyError> {
        let format = format(request.headers()).ok_or(ProxyError::ContentType)?;
        let announced = request.headers().get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > limits.body as u64) {
            return Err(ProxyError::BodyTooLong);
        }
        let read = whole::read(request.into_body(), limits.body);
        match timeout(limits.body_wait, read).await {
            Err(_) => Err(ProxyError::BodyTooSlow),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ProxyError::BodyTooLong),
            Ok(Err(_)) => Err(ProxyError::BodyBroken),
            Ok(Ok(bytes)) => Ok(Self { format, bytes }),
        }
    }
}

/// The format that the one `Content-Type` names; none for any other, and for a compressed body.
fn format(headers: &HeaderMap) -> Option<Format> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return None };
    if headers.contains_key(header::CONTENT_ENCODING) {
        return None;
    }
    let essence = only.to_str().ok()?.split(';').next()?.trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Some(Format::Json)
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Some(Format::Form)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_form_and_json_are_read() {
        type Case = (&'static [(&'static str, &'static str)], Option<Format>);
        let table: [Case; 8] = [
            (&[("content-type", "application/json")], Some(Format::Json)),
            (&[("content-type", "Application/JSON; charset=utf-8")], Some(Format::Json)),
            (&[("content-type", "application/x-www-form-urlencoded;charset=UTF-8")], Some(Format::Form)),
            (&[("content-type", "text/plain")], None),
            (&[("content-type", "multipart/form-data; boundary=x")], None),
            (&[], None),
            (&[("content-type", "application/json"), ("content-type", "text/plain")], None),
            (&[("content-type", "application/json"), ("content-encoding", "gzip")], None),
        ];
        for (headers, expected) in table {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, value.parse().unwrap());
            }
            assert_eq!(format(&map), expected, "{headers:?}");
        }
    }
}
