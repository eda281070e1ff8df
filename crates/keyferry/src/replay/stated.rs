//! What a file states without a request that shows it, against what the service's documentation states.

use std::collections::BTreeMap;

use keyferry_core::{
    id::FactName,
    provider::{OAuth, ProviderFile, check_config},
};
use keyferry_sandbox::stand_in::Demands;

/// How the file differs, in sentences.
pub(super) fn differences(file: &ProviderFile, oauth: &OAuth, demands: &Demands) -> Vec<String> {
    let mut found = Vec::new();
    if demands.token.is_some() && demands.refresh.is_none() && oauth.token.refresh {
        found.push("the service has no refresh, but the file does not say refresh = false".to_owned());
    }
    let Some(expected) = &demands.expected else { return found };
    if let Some(rotates) = expected.rotates.filter(|rotates| *rotates != oauth.token.rotates) {
        found.push(format!("the service's documentation says rotates = {rotates}, the file says otherwise"));
    }
    for (name, value) in &expected.config_defaults {
        let field = name.parse::<FactName>().ok().and_then(|name| file.config.get(&name));
        if field.and_then(|field| field.default.as_ref()) != Some(value) {
            found.push(format!("[config.{name}] has not the default `{value}`"));
        }
    }
    for (name, value) in &expected.config_refused {
        let others = demands.config.iter().filter(|(other, _)| *other != name);
        let given: BTreeMap<FactName, String> = others
            .chain([(name, value)])
            .filter_map(|(name, value)| Some((name.parse().ok()?, value.clone())))
            .collect();
        if check_config(&file.config, &given).is_ok() {
            found.push(format!("[config.{name}] takes `{value}`, which the service does not have"));
        }
    }
    found
}
