//! The parameters of a request: each known by name, and there once.
//!
//! A parameter that stands twice is refused whatever its value, for two readers could each take another one; so is any name that
//! is not known, and everything by which a caller could pose as the client (RFC 6749 §3.2).

mod error;
mod form;
mod json;
mod name;
mod values;

use keyferry_core::secret::SecretText;

pub(crate) use self::{error::ParameterError, name::Name, values::Values};
use crate::body::{Body, Format};

/// The parameters as read. A text may be a secret, so all are secret texts.
#[derive(Debug)]
pub(crate) struct Parameters {
    allowed: &'static [Name],
    texts: Vec<(Name, SecretText)>,
    values: Vec<(Name, Values)>,
}

// === impl Parameters ===

impl Parameters {
    /// Reads a body, in which no other than the allowed parameters may stand.
    pub(crate) fn read(body: &Body, allowed: &'static [Name]) -> Result<Self, ParameterError> {
        let mut parameters = Self { allowed, texts: Vec::with_capacity(allowed.len()), values: Vec::new() };
        match body.format {
            Format::Form => form::read(&body.bytes, &mut parameters)?,
            Format::Json => json::read(&body.bytes, &mut parameters)?,
        }
        Ok(parameters)
    }

    /// Takes a text out; an empty one counts as absent (RFC 6749 §3.2).
    pub(crate) fn take(&mut self, name: Name) -> Option<SecretText> {
        let at = self.texts.iter().position(|(known, _)| *known == name)?;
        let (_, text) = self.texts.swap_remove(at);
        Some(text).filter(|text| !text.expose_secret().is_empty())
    }

    /// Takes a text out that must be there.
    pub(crate) fn require(&mut self, name: Name) -> Result<SecretText, ParameterError> {
        self.take(name).ok_or(ParameterError::Missing(name))
    }

    /// Takes an object out.
    pub(crate) fn take_values(&mut self, name: Name) -> Option<Values> {
        let at = self.values.iter().position(|(known, _)| *known == name)?;
        Some(self.values.swap_remove(at).1)
    }

    /// That nothing is left which the step has no use for.
    pub(crate) fn finish(mut self) -> Result<(), ParameterError> {
        self.texts.retain(|(_, text)| !text.expose_secret().is_empty());
        let rest = self.texts.iter().map(|(name, _)| *name).chain(self.values.iter().map(|(name, _)| *name));
        rest.take(1).try_for_each(|name| Err(ParameterError::Misplaced(name)))
    }

    /// The name of a parameter that may stand here, and has not yet.
    fn expect(&self, name: &str) -> Result<Name, ParameterError> {
        let known = self.allowed.iter().copied().find(|allowed| allowed.as_str() == name);
        let Some(known) = known else {
            return Err(match name {
                "scope" => ParameterError::Scope,
                _ if name.starts_with("client_") => ParameterError::Client,
                _ => ParameterError::Unknown,
            });
        };
        let twice = self.texts.iter().any(|(seen, _)| *seen == known)
            || self.values.iter().any(|(seen, _)| *seen == known);
        if twice { Err(ParameterError::Repeated(known)) } else { Ok(known) }
    }

    fn text(&mut self, name: Name, text: String) -> Result<(), ParameterError> {
        let text = SecretText::new(text).map_err(|_| ParameterError::NotText(name))?;
        self.texts.push((name, text));
        Ok(())
    }

    fn object(&mut self, name: Name, values: Values) {
        self.values.push((name, values));
    }
}

#[cfg(test)]
mod tests;
