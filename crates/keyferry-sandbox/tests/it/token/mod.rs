//! The token endpoint.

mod authorization_code;
mod client_authentication;
mod refresh_token;
mod request;
