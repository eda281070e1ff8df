//! The parameters `config` and `callback` as facts of one provider.

use std::collections::BTreeMap;

use keyferry_core::{
    delivery,
    fact::Facts,
    id::FactName,
    provider::{OAuth, ProviderFile, check_config},
    secret::SecretText,
};

use crate::{
    error::ProxyError,
    parameters::{Name, Parameters, Values},
};

/// What a request says beside its grant.
#[derive(Debug, Default)]
pub(crate) struct RequestFacts {
    /// What the person was asked for; complete, and of the form that the provider file asks for.
    pub(crate) config: Facts,
    /// What the provider added to its redirect, as far as its file asks to keep it.
    pub(crate) metadata: Facts,
}

impl RequestFacts {
    pub(crate) fn read(
        parameters: &mut Parameters,
        file: &ProviderFile,
        oauth: &OAuth,
    ) -> Result<Self, ProxyError> {
        let config = parameters.take_values(Name::Config);
        let callback = parameters.take_values(Name::Callback);
        let config = config.as_ref().map(given).transpose()?.unwrap_or_default();
        Ok(Self {
            config: check_config(&file.config, &config).map_err(ProxyError::Config)?,
            metadata: callback.map(|callback| kept(&callback, oauth)).unwrap_or_default(),
        })
    }

    /// The values for templates.
    pub(crate) fn values(&self) -> delivery::Values<'_> {
        delivery::Values {
            config: Some(&self.config),
            metadata: Some(&self.metadata),
            ..delivery::Values::default()
        }
    }
}

fn given(config: &Values) -> Result<BTreeMap<FactName, String>, ProxyError> {
    let entry = |(name, value): (&str, &SecretText)| {
        let known: Result<FactName, _> = name.parse();
        // A name that can't be one is surely not asked for; it is not repeated, for it is the caller's text.
        let name = known.or_else(|_| "unknown".parse());
        name.map(|name| (name, value.expose_secret().to_owned()))
    };
    config.iter().map(entry).collect::<Result<_, _>>().map_err(|_| ProxyError::Internal)
}

fn kept(callback: &Values, oauth: &OAuth) -> Facts {
    let wanted = |(name, value): (&str, &SecretText)| {
        let name = oauth.callback.metadata.iter().find(|known| known.as_str() == name)?;
        Some((name.clone(), value.clone()))
    };
    callback.iter().filter_map(wanted).collect()
}
