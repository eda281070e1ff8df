//! `application/x-www-form-urlencoded`, read strictly: queries, bodies and the halves of HTTP Basic.
//!
//! RFC 6749 Appendix B. A lenient reader would replace bad bytes and pick one of two repeated parameters; here
//! the first is an error and the second is kept visible (RFC 6749 §3.1 and §3.2 forbid repeats).

use std::collections::HashSet;

/// More fields than any request of OAuth has; beyond it the input is refused.
const MOST_FIELDS: usize = 64;

/// The fields of a query or body, in order.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
}

/// The input is not form-encoded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormError {
    #[error("a percent sign is not followed by two hexadecimal digits")]
    Escape,
    #[error("the text is not UTF-8")]
    NotUtf8,
    #[error("there are too many fields")]
    TooMany,
}

// === impl Form ===

impl Form {
    /// Reads all fields.
    pub(crate) fn parse(input: &[u8]) -> Result<Self, FormError> {
        let mut fields = Vec::new();
        for field in input.split(|byte| *byte == b'&').filter(|field| !field.is_empty()) {
            if fields.len() == MOST_FIELDS {
                return Err(FormError::TooMany);
            }
            let (name, value) = match field.iter().position(|byte| *byte == b'=') {
                Some(at) => (field.get(..at).unwrap_or_default(), field.get(at + 1..).unwrap_or_default()),
                None => (field, &[][..]),
            };
            fields.push((decode(name)?, decode(value)?));
        }
        Ok(Self { fields })
    }

    /// The value of a field; an empty one counts as absent (RFC 6749 §3.1), and so does a repeated one.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(field, _)| field == name);
        let (_, value) = values.next()?;
        (values.next().is_none() && !value.is_empty()).then_some(value)
    }

    /// Whether the field is there, with or without a value.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// Whether any field comes more than once.
    pub(crate) fn repeats_any(&self) -> bool {
        let mut seen = HashSet::new();
        !self.fields.iter().all(|(name, _)| seen.insert(name))
    }

    /// The fields as they came.
    pub(crate) fn into_fields(self) -> Vec<(String, String)> {
        self.fields
    }
}

/// Decodes one name or value.
pub(crate) fn decode(text: &[u8]) -> Result<String, FormError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().copied(), rest.next().copied()];
                let [Some(high), Some(low)] = digits.map(|digit| digit.and_then(hexadecimal)) else {
                    return Err(FormError::Escape);
                };
                high << 4 | low
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).map_err(|_| FormError::NotUtf8)
}

fn hexadecimal(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_not_form_encoded_is_refused() {
        for (input, error) in [
            (&b"a=%"[..], FormError::Escape),
            (b"a=%4", FormError::Escape),
            (b"a=%zz", FormError::Escape),
            (b"a=%+1", FormError::Escape),
            (b"a=%ff", FormError::NotUtf8),
            (b"\xffa=1", FormError::NotUtf8),
            ("a&".repeat(65).as_bytes(), FormError::TooMany),
        ] {
            assert_eq!(Form::parse(input).err(), Some(error), "{input:?}");
        }
    }

    #[test]
    fn names_and_values_are_decoded() {
        let form = Form::parse(b"a=%C3%A9+%2B&b%20c=1=2&&d").unwrap();
        assert_eq!(form.get("a"), Some("é +"));
        assert_eq!(form.get("b c"), Some("1=2"));
        assert_eq!(form.get("d"), None);
        assert!(form.contains("d"));
    }

    #[test]
    fn a_repeated_field_has_no_value() {
        let form = Form::parse(b"state=1&state=2").unwrap();
        assert_eq!(form.get("state"), None);
        assert!(form.repeats_any());
    }
}
