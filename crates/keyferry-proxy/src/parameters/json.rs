//! A JSON body.

use std::{borrow::Cow, fmt};

use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::{ParameterError, Parameters};

/// Puts members into the parameters as they come, so that a repeated one is seen: a map would keep the last of them.
struct Collector<'p> {
    parameters: &'p mut Parameters,
    refused: &'p mut Option<ParameterError>,
}

/// Reads the object. Of a parse error nothing is told but that there is one, for its text quotes the body.
pub(super) fn read(bytes: &[u8], parameters: &mut Parameters) -> Result<(), ParameterError> {
    let mut refused = None;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let collector = Collector { parameters, refused: &mut refused };
    let read = json.deserialize_map(collector).and_then(|()| json.end());
    read.map_err(|_| refused.unwrap_or(ParameterError::Body))
}

// === impl Collector ===

impl Collector<'_> {
    fn refuse<E: Error>(&mut self, error: ParameterError) -> E {
        *self.refused = Some(error);
        E::custom("refused")
    }
}

impl<'de> Visitor<'de> for Collector<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let name = self.parameters.expect(&name).map_err(|error| self.refuse(error))?;
            // `null` is a parameter that is not there.
            if name.is_object() {
                let values = map.next_value().map_err(|_| self.refuse(ParameterError::NotValues(name)))?;
                if let Some(values) = values {
                    self.parameters.object(name, values);
                }
            } else {
                let text: Option<String> =
                    map.next_value().map_err(|_| self.refuse(ParameterError::NotText(name)))?;
                let text = text.unwrap_or_default();
                self.parameters.text(name, text).map_err(|error| self.refuse(error))?;
            }
        }
        Ok(())
    }
}
