//! A form-encoded body (RFC 6749, appendix B).

use url::form_urlencoded;

use super::{ParameterError, Parameters};

/// Reads the pairs. An object stands in a form as its JSON text.
pub(super) fn read(bytes: &[u8], parameters: &mut Parameters) -> Result<(), ParameterError> {
    for (name, value) in form_urlencoded::parse(bytes) {
        let name = parameters.expect(&name)?;
        if name.is_object() {
            let values = serde_json::from_str(&value).map_err(|_| ParameterError::NotValues(name))?;
            parameters.object(name, values);
        } else {
            parameters.text(name, value.into_owned())?;
        }
    }
    Ok(())
}
