//! How a connection reaches a server: the templates of the provider file, filled.

mod env_name;
mod environment;
mod template;

pub use env_name::{EnvName, InvalidEnvName};
pub use environment::environment;
pub use template::{InvalidTemplate, Template, TemplateValues, Word};
