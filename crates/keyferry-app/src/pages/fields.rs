//! The fields that a manifest asks for (`user_config`), as a form, and a form back as values.

mod read;
mod shown;

pub(super) use read::values;
pub(super) use shown::{Given, fields};

/// What the names of the fields begin with, so that none is taken for a field of the form's own.
const PREFIX: &str = "set.";

/// Tells that a box was on the form: a box that is not ticked is not sent.
const BOX: &str = "box.";
