//! What holds for any endpoint and any value in it: the value stays in its place. Lines: the endpoint, the pattern of its values (empty:
//! none), and the value.

use std::iter;

use keyferry_core::{
    delivery::Values,
    fact::Facts,
    id::FactName,
    provider::{ConfigField, EndpointTemplate, Pattern},
    secret::SecretText,
    url::{Endpoint, is_loopback},
};

pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.splitn(3, '\n');
    let (Some(endpoint), Some(pattern), Some(value)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    let Ok(template) = EndpointTemplate::parse(endpoint) else { return };
    let Some(found) = resolve(&template, value) else { return };
    let url = found.url();
    assert!(url.scheme() == "https" || is_loopback(url), "{found}");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{found}");
    // A value that changes nothing but itself: the shape of the two must be one.
    let Some(plain) = resolve(&template, if template.host_names().is_empty() { "x" } else { "x.xx" }) else {
        return;
    };
    if template.host_names().is_empty() {
        assert_eq!(url.host_str(), plain.url().host_str(), "{endpoint} leads to {found}");
    } else {
        within_its_rule(&template, pattern, value, &found);
    }
    assert_eq!(url.port(), plain.url().port(), "{endpoint} leads to {found}");
    let steps = |endpoint: &Endpoint| endpoint.url().path().split('/').count();
    assert_eq!(steps(&found), steps(&plain), "{endpoint} leads to {found}");
    let pairs = |endpoint: &Endpoint| endpoint.url().query().map(|query| query.split('&').count());
    assert_eq!(pairs(&found), pairs(&plain), "{endpoint} leads to {found}");
}

/// A host that a value decides is one of those that the pattern lets it be: the proxy sends secrets by that rule.
fn within_its_rule(template: &EndpointTemplate, pattern: &str, value: &str, found: &Endpoint) {
    let Ok(pattern) = Pattern::parse(pattern) else { return };
    if !pattern.matches(value) {
        return;
    }
    let field =
        ConfigField { title: String::new(), description: None, pattern: Some(pattern), default: None };
    let rule = template.host_rule(|_| Some(&field));
    let host = found.url().host_str().unwrap_or_default();
    assert!(rule.allows(host), "{template} with {value:?} leads to {host}, beyond {rule:?}");
}

fn resolve(template: &EndpointTemplate, value: &str) -> Option<Endpoint> {
    let facts = |value: &str| -> Option<Facts> {
        let text = SecretText::new(value).ok()?;
        Some(names(template).zip(iter::repeat(text)).collect())
    };
    let facts = facts(value)?;
    let client_id = "client".parse().ok();
    let values = Values {
        config: Some(&facts),
        metadata: Some(&facts),
        account: Some(value),
        client_id: client_id.as_ref(),
        tokens: None,
    };
    template.resolve(&values).ok().map(std::borrow::Cow::into_owned)
}

fn names(template: &EndpointTemplate) -> impl Iterator<Item = FactName> {
    let named = template.words().into_iter().map(ToString::to_string);
    named.filter_map(|word| word.split_once('.')?.1.parse().ok()).collect::<Vec<_>>().into_iter()
}
