//! How a connection reaches a server: the templates of the provider file, filled.

mod env_name;
mod environment;
mod template;

pub use env_name::{EnvName, InvalidEnvName};
pub use environment::{environment, with_refresh_token};
pub use template::{InvalidTemplate, Template, TemplateValues, Word};
