//! A body, read to its end into one piece.

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Limited};
use hyper::body::Body;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Reads a body of at most so many bytes.
///
/// Most come as one part, which is kept as it is. Further ones are copied behind it: each kept as it came would take the room of many
/// bytes, and hold the buffer that it was read into. A body whose parts are a byte each would be fifty times as large as it says it is.
pub(crate) async fn read<B>(body: B, longest: usize) -> Result<Bytes, BoxError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    let (mut body, mut only, mut all) = (Limited::new(body, longest), None, BytesMut::new());
    while let Some(frame) = body.frame().await {
        let Ok(part) = frame?.into_data() else { continue };
        if only.is_none() && all.is_empty() {
            only = Some(part);
            continue;
        }
        if let Some(first) = only.take() {
            all.extend_from_slice(&first);
        }
        all.extend_from_slice(&part);
    }
    Ok(only.unwrap_or_else(|| all.freeze()))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body_util::{LengthLimitError, StreamBody};
    use hyper::body::Frame;

    use super::*;

    async fn whole(parts: &[&'static str]) -> Result<Bytes, BoxError> {
        let parts =
            parts.iter().map(|part| Ok::<_, Infallible>(Frame::data(Bytes::from_static(part.as_bytes()))));
        read(StreamBody::new(stream::iter(parts.collect::<Vec<_>>())), 4).await
    }

    #[tokio::test]
    async fn a_body_is_whole_in_however_many_parts_it_comes() {
        for parts in [&["abcd"][..], &["ab", "cd"], &["a", "b", "c", "d"], &["", "a", "", "bcd", ""]] {
            assert_eq!(whole(parts).await.unwrap(), "abcd", "{parts:?}");
        }
        assert_eq!(whole(&[]).await.unwrap(), "");
        for parts in [&["abcde"][..], &["a", "b", "c", "d", "e"]] {
            assert!(whole(parts).await.unwrap_err().is::<LengthLimitError>(), "{parts:?}");
        }
    }
}
