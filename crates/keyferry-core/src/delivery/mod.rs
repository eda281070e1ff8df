//! How a connection reaches a server: the templates of the provider file, filled.

mod env_name;
mod environment;
mod file;
mod json;
mod template;
mod word;

pub use env_name::{EnvName, InvalidEnvName};
pub use environment::{environment, with_refresh_token};
pub use file::{
    FileContent, FileDelivery, FileMode, FilePath, InvalidFilePath, NotDeliverable, RenderedFile, files,
};
pub use json::JsonTemplate;
pub(crate) use template::Part;
pub use template::{InvalidTemplate, Template};
pub use word::{Values, Word};
