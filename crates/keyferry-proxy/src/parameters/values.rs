//! The parameters `callback` and `config`: objects of texts.

use std::fmt;

use keyferry_core::secret::SecretText;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// Most entries of an object.
const MOST: usize = 32;
/// Longest name of an entry, in bytes.
const LONGEST_NAME: usize = 64;
/// Longest value of an entry, in bytes.
const LONGEST_VALUE: usize = 2_048;

/// Names and texts, each name once, bounded.
#[derive(Debug)]
pub(crate) struct Values(Vec<(String, SecretText)>);

struct ValuesVisitor;

// === impl Values ===

impl Values {
    /// Whether there are none.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &SecretText)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ValuesVisitor)
    }
}

impl<'de> Visitor<'de> for ValuesVisitor {
    type Value = Values;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Values, A::Error> {
        let mut values: Vec<(String, SecretText)> = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, String>()? {
            let fits = values.len() < MOST && name.len() <= LONGEST_NAME && value.len() <= LONGEST_VALUE;
            if !fits || values.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("too many, too long, or repeated"));
            }
            values.push((name, SecretText::new(value).map_err(A::Error::custom)?));
        }
        Ok(Values(values))
    }
}
