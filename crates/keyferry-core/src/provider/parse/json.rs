//! A TOML value that becomes JSON: what stands in a credential file, or in the body of a request.

use serde_json::Number;
use toml::{Spanned, de::DeValue};

use super::{
    super::table::{Located, integer, text, wrong_type},
    value::{Place, template},
};
use crate::{delivery::JsonTemplate, diagnostic::Report};

/// The deepest one that is read.
const DEEPEST: usize = 16;

/// Reads a value whose texts hold words that the place has a use for.
pub(super) fn json(
    value: &Spanned<DeValue<'_>>,
    named: &str,
    place: Place,
    report: &mut Report<'_>,
) -> Option<JsonTemplate> {
    json_at(value, named, (place, 0), report)
}

fn json_at(
    value: &Spanned<DeValue<'_>>,
    named: &str,
    (place, depth): (Place, usize),
    report: &mut Report<'_>,
) -> Option<JsonTemplate> {
    match value.get_ref() {
        DeValue::String(_) => {
            let text = text(value, named, report)?;
            template(&text, place, report).map(JsonTemplate::Text)
        }
        DeValue::Boolean(flag) => Some(JsonTemplate::Bool(*flag)),
        DeValue::Integer(number) => {
            integer(number, value, named, report).map(|number| JsonTemplate::Number(number.into()))
        }
        DeValue::Float(number) => {
            let finite = number.as_str().parse().ok().and_then(Number::from_f64);
            if finite.is_none() {
                report.error(
                    &value.span(),
                    format!("`{named}` is no number that JSON has"),
                    "write it in quotes",
                );
            }
            finite.map(JsonTemplate::Number)
        }
        DeValue::Array(items) if depth < DEEPEST => {
            let items = items.iter().map(|item| json_at(item, named, (place, depth + 1), report));
            items.collect::<Option<_>>().map(JsonTemplate::List)
        }
        DeValue::Table(entries) if depth < DEEPEST => {
            let mut ordered: Vec<_> = entries.iter().collect();
            ordered.sort_by_key(|(name, _)| name.span().start);
            let members = ordered.into_iter().map(|(name, value)| {
                let named = format!("{named}.{}", name.get_ref());
                let filled = json_at(value, &named, (place, depth + 1), report)?;
                let text = Located { value: name.get_ref().as_ref(), span: name.span() };
                Some((template(&text, place, report)?, filled))
            });
            members.collect::<Option<_>>().map(JsonTemplate::Object)
        }
        _ => {
            wrong_type(value, named, "a text, a number, true, false, a list or a table", report);
            None
        }
    }
}
