//! `/oauth/token`

mod abandoned;
mod authorization_code;
mod client_authentication;
mod pace;
mod provider_faults;
mod provider_file;
mod provider_http2;
mod redirect_uri;
mod refresh_token;
mod replay;
mod request;
mod under_way;
