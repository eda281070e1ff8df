//! Provider files such as people write, each with most of the keys. No two are alike.

use std::{fs, path::Path};

/// Writes so many files.
pub(super) fn write(folder: &Path, number: usize) -> Result<(), String> {
    for index in 0..number {
        let path = folder.join(format!("service-{index:04}.toml"));
        fs::write(&path, text(index)).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

fn text(index: usize) -> String {
    let host = format!("service-{index:04}.example");
    let auth = ["client_secret_post", "client_secret_basic", "private_key_jwt"].get(index % 3).copied();
    format!(
        r#"# {host}, as its documentation has it.
display_name = "Service {index}"
documentation_url = "https://docs.{host}/oauth/authorization-code"
notes = """
Refresh tokens end after {index} days without use. The callback URL is registered to the letter.
What is uncertain: whether the scope `offline_access` is needed for every kind of app.
"""
categories = ["project management", "documents"]
requires = ["SERVICE_{index:04}_DEVELOPER_TOKEN"]

[authorization]
endpoint = "https://{{config.site}}.{host}/oauth/authorize"
issuer = "https://{host}"
scopes = ["read:user", "read:work", "write:work", "offline_access", "scope-{index}"]
scope_separator = ","
pkce = "S256"
params = {{ audience = "api.{host}", prompt = "consent", access_type = "offline" }}
rename = {{ client_id = "client_key" }}

[callback]
code = "auth_code"
metadata = ["realmId", "location"]

[token]
endpoint = "https://{{config.site}}.{host}/oauth/token"
refresh_endpoint = "https://{{config.site}}.{host}/oauth/refresh"
client_auth = "{auth}"
request_format = "json"
params = {{ audience = "api.{host}" }}
refresh_params = {{ access_type = "offline" }}
headers = {{ Accept = "application/json", X-Client = "{{client_id}}" }}
rename = {{ client_secret = "client_key_secret" }}
expires_in = "1h"
refresh_margin = "10m"

[token.response]
access_token = "/data/access_token"
refresh_token = "/data/refresh_token"
expires_in = "/data/expires_in"
scope = "/data/scope"
metadata = {{ instance_url = "/data/instance_url", team = "/data/team/id" }}
error = {{ at = "/ok", is = false, message = "/error" }}
errors = {{ token_revoked = "invalid_grant", ratelimited = "temporarily_unavailable" }}

[revocation]
endpoint = "https://{{config.site}}.{host}/oauth/revoke"
client_auth = "client_secret_basic"

[account]
request = "GET https://api.{host}/v1/{{metadata.team}}/me"
headers = {{ Accept = "application/json" }}
label = "/user/email"
metadata = {{ cloud_id = "/0/id" }}

[config.site]
title = "Site"
description = "The first part of the address in your browser, before .{host}"
pattern = "[a-z0-9]([a-z0-9-]{{0,61}}[a-z0-9])?"

[config.region]
title = "Region"
pattern = "eu|us|ap"
default = "eu"

[env]
SERVICE_{index:04}_ACCESS_TOKEN = "{{access_token}}"
SERVICE_{index:04}_URL = "https://{{config.site}}.{host}"
SERVICE_{index:04}_CLOUD_ID = "{{metadata.cloud_id}}"
SERVICE_{index:04}_REGION = "{{config.region}}"

[[file]]
path = "~/.service-{index:04}/credentials.json"
mode = "0600"
json = {{ token = "{{access_token}}", expiry = "{{expires_at}}", scopes = "{{scopes}}", site = "{{config.site}}", team = "{{metadata.team}}" }}
"#,
        auth = auth.unwrap_or("none"),
    )
}
