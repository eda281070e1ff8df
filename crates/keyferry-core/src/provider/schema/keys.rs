//! Every key of the provider file.

use super::{
    Key,
    Kind::{
        Duration, Flag, Implementation, Json, JsonTable, Named, Pairs, Scalar, Table, Tables, Text,
        TextOrTexts, Texts, Words,
    },
    Names, TableKeys,
};
use crate::provider::parse::{RENAMEABLE_IN_AUTHORIZATION, RENAMEABLE_IN_REVOCATION, RENAMEABLE_IN_TOKEN};

/// The name of a fact.
pub(super) const FACT: &str = "^[A-Za-z][A-Za-z0-9_-]*$";
const ENDPOINT: Option<&str> = Some("^[Hh][Tt][Tt][Pp][Ss]?:");
const REQUEST: Option<&str> = Some("^((GET|POST) )?\\s*[Hh][Tt][Tt][Pp][Ss]?:");
const POINTER_TEXT: &str = "^(/([^~]|~[01])*)?$";
const POINTER: Option<&str> = Some(POINTER_TEXT);
const LABEL: Option<&str> = Some("^(id_token:)?(/([^~]|~[01])*)?$");
const ENV: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
const PARAMETER: Option<&str> = Some("^[A-Za-z0-9_.-]{1,64}$");
const RENAMED: Option<&str> = Some("^[A-Za-z0-9_.-]{0,64}$");
const CLIENT_AUTH: &[&str] = &["client_secret_post", "client_secret_basic", "private_key_jwt", "none"];

const fn key(name: &'static str, kind: super::Kind, example: &'static str, about: &'static str) -> Key {
    Key { name, kind, required: false, default: "", example, about }
}

impl Key {
    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }
}

pub(super) static TOP: TableKeys = TableKeys {
    keys: &[
        key("display_name", Text(None), "\"Acme\"", "What people call the service.").required(),
        key(
            "documentation_url",
            Text(ENDPOINT),
            "\"https://acme.example/docs/oauth\"",
            "Where the service documents its OAuth.",
        ),
        key(
            "notes",
            Text(None),
            "\"Refresh tokens end after 90 days.\"",
            "What an author should know, such as what is uncertain.",
        ),
        key("categories", Texts(None), "[\"project management\"]", "Words to group it by.").default("[]"),
        key(
            "client_id",
            Text(Some("^[!-~]{1,1024}$")),
            "\"acme-public\"",
            "A public client id. One that the proxy has wins.",
        ),
        key(
            "requires",
            Texts(Some(ENV)),
            "[\"ACME_DEVELOPER_TOKEN\"]",
            "Variables without which the proxy can't use the provider, beside client id and secret.",
        )
        .default("[]"),
        key("implementation", Implementation, "\"instagram\"", "What does in Rust what the file can't say."),
        key("authorization", Table(&AUTHORIZATION), "", "The authorization request (RFC 6749 §4.1.1)."),
        key("callback", Table(&CALLBACK), "", "The authorization response (RFC 6749 §4.1.2)."),
        key("token", Table(&TOKEN), "", "The token endpoint (RFC 6749 §4.1.3 and §6)."),
        key("revocation", Table(&REVOCATION), "", "The revocation endpoint (RFC 7009)."),
        key(
            "account",
            Table(&ACCOUNT),
            "",
            "One request after the sign-in, which tells whose account it is.",
        ),
        key(
            "config",
            Named(&CONFIG),
            "",
            "Values that the person is asked for: {config.NAME} in URLs and templates.",
        ),
        key(
            "env",
            Pairs(Names::Like(ENV), None),
            "{ ACME_ACCESS_TOKEN = \"{access_token}\" }",
            "Variables that a server gets, each with its template. One whose word has no value is left out.",
        ),
        key("file", Tables(&FILE), "", "Files that a server gets."),
        key(
            "browser",
            Table(&BROWSER),
            "",
            "Sign-in without OAuth, in a window that may go to listed hosts only.",
        ),
    ],
    one_of: &[&["authorization", "token"], &["browser"]],
};

static AUTHORIZATION: TableKeys = TableKeys {
    keys: &[
        key(
            "endpoint",
            Text(ENDPOINT),
            "\"https://acme.example/authorize\"",
            "The authorization endpoint. May hold {config.NAME}.",
        )
        .required(),
        key(
            "issuer",
            Text(ENDPOINT),
            "\"https://acme.example\"",
            "The issuer that the service names in its responses (RFC 9207). With it, a response of no or another issuer is refused.",
        ),
        key(
            "scopes",
            Texts(Some("^[!#-\\[\\]-~]{1,512}$")),
            "[\"read\", \"offline_access\"]",
            "The scopes that are asked for.",
        )
        .default("[]"),
        key("scope_param", Text(PARAMETER), "\"user_scope\"", "The parameter that carries the scopes.")
            .default("\"scope\""),
        key(
            "scope_separator",
            Words(&[" ", ",", ";", "+", "|"]),
            "\",\"",
            "What stands between two scopes in the request.",
        )
        .default("\" \""),
        key(
            "pkce",
            Words(&["S256", "none"]),
            "\"none\"",
            "The code challenge method (RFC 7636). \"none\" only where the service refuses a challenge.",
        )
        .default("\"S256\""),
        key(
            "params",
            Pairs(Names::Any, None),
            "{ audience = \"api.acme.example\" }",
            "Further parameters of the request.",
        )
        .default("{}"),
        key(
            "rename",
            Pairs(Names::Listed(RENAMEABLE_IN_AUTHORIZATION), RENAMED),
            "{ client_id = \"client_key\" }",
            "What this service calls standard parameters; \"\" drops one.",
        )
        .default("{}"),
        key(
            "fragment",
            Text(Some("^[A-Za-z0-9_./=-]{1,128}$")),
            "\"wechat_redirect\"",
            "What stands behind the `#` of the URL.",
        ),
        key(
            "redirect",
            Words(&["loopback", "proxy"]),
            "\"proxy\"",
            "Where the response goes: to the app, or by way of the proxy where the service wants https.",
        )
        .default("\"loopback\""),
    ],
    one_of: &[],
};

static CALLBACK: TableKeys = TableKeys {
    keys: &[
        key("code", Text(PARAMETER), "\"auth_code\"", "The parameter that carries the code.")
            .default("\"code\""),
        key("metadata", Texts(Some(FACT)), "[\"realmId\"]", "Parameters that are kept: {metadata.NAME}.")
            .default("[]"),
    ],
    one_of: &[],
};

static TOKEN: TableKeys = TableKeys {
    keys: &[
        key("endpoint", Text(ENDPOINT), "\"https://acme.example/token\"", "The token endpoint. May hold {config.NAME} and, behind the host, {metadata.NAME}.").required(),
        key("refresh_endpoint", Text(ENDPOINT), "\"https://acme.example/refresh\"", "The endpoint for refreshes, where it is another one."),
        key("client_auth", Words(CLIENT_AUTH), "\"client_secret_basic\"", "How the proxy authenticates itself (RFC 6749 §2.3.1, RFC 7523 §2.2).").default("\"client_secret_post\""),
        key("request_format", Words(&["form", "json"]), "\"json\"", "How the body of a request is written.").default("\"form\""),
        key("params", Pairs(Names::Any, None), "{ audience = \"api.acme.example\" }", "Further parameters of the code exchange.").default("{}"),
        key("refresh_params", Pairs(Names::Any, None), "{ access_type = \"offline\" }", "Further parameters of a refresh.").default("{}"),
        key("headers", Pairs(Names::Any, None), "{ Accept-Language = \"en\" }", "Further headers of both.").default("{}"),
        key(
            "rename",
            Pairs(Names::Listed(RENAMEABLE_IN_TOKEN), RENAMED),
            "{ client_id = \"client_key\" }",
            "What this service calls standard parameters; \"\" drops one.",
        )
        .default("{}"),
        key("refresh", Flag, "false", "Whether its tokens can be refreshed.").default("true"),
        key("refresh_redirect_uri", Flag, "true", "Whether a refresh repeats the redirect URI of the sign-in.").default("false"),
        key("rotates", Flag, "false", "Whether a refresh ends the refresh token that it spent. Say false only where it surely does not.").default("true"),
        key("expires_in", Duration, "\"12h\"", "The access token's life, where the reply does not say."),
        key("refresh_margin", Duration, "\"10m\"", "How long before its end a token is refreshed."),
        key("response", Table(&RESPONSE), "", "Where the parts of a reply stand, where it is not that of RFC 6749 §5."),
    ],
    one_of: &[],
};

static RESPONSE: TableKeys = TableKeys {
    keys: &[
        key(
            "access_token",
            TextOrTexts(POINTER_TEXT),
            "\"/data/access_token\"",
            "Where the access token stands: a JSON Pointer (RFC 6901), or several, the first that finds something.",
        )
        .default("\"/access_token\""),
        key(
            "token_type",
            TextOrTexts(POINTER_TEXT),
            "\"/data/token_type\"",
            "Where the token type stands. One that is there must be Bearer.",
        )
        .default("\"/token_type\""),
        key("refresh_token", TextOrTexts(POINTER_TEXT), "\"/data/refresh_token\"", "Where the refresh token stands.")
            .default("\"/refresh_token\""),
        key(
            "expires_in",
            TextOrTexts(POINTER_TEXT),
            "\"/data/expires_in\"",
            "Where the access token's life in seconds stands.",
        )
        .default("\"/expires_in\""),
        key("scope", TextOrTexts(POINTER_TEXT), "\"/data/scope\"", "Where the granted scopes stand.")
            .default("\"/scope\""),
        key("id_token", TextOrTexts(POINTER_TEXT), "\"/data/id_token\"", "Where the ID token stands.")
            .default("\"/id_token\""),
        key(
            "expires_at",
            TextOrTexts(POINTER_TEXT),
            "\"/data/expires_at\"",
            "Where the end of the access token stands: seconds or milliseconds since 1970, or RFC 3339.",
        ),
        key(
            "metadata",
            Pairs(Names::Like(FACT), POINTER),
            "{ instance_url = \"/instance_url\" }",
            "Facts to keep, each with its place: {metadata.NAME}.",
        )
        .default("{}"),
        key("error", Table(&ERROR), "", "What makes a reply a failure although its status is a success."),
        key(
            "errors",
            Pairs(Names::Any, None),
            "{ token_revoked = \"invalid_grant\" }",
            "What the service's own error codes mean, in those of RFC 6749 §5.2.",
        )
        .default("{}"),
    ],
    one_of: &[],
};

static ERROR: TableKeys = TableKeys {
    keys: &[
        key("at", Text(POINTER), "\"/ok\"", "Where the sign of a failure stands.").required(),
        key(
            "is",
            Scalar,
            "false",
            "What stands there in a failure, or a list of that; anything where this is left out.",
        ),
        key("not", Scalar, "0", "What stands there in a success alone, or a list of that."),
        key("message", Text(POINTER), "\"/error\"", "Where the error's code stands."),
    ],
    one_of: &[],
};

static REVOCATION: TableKeys = TableKeys {
    keys: &[
        key(
            "endpoint",
            Text(ENDPOINT),
            "\"https://acme.example/revoke\"",
            "The revocation endpoint. May hold {config.NAME} and, behind the host, {client_id} and {metadata.NAME}.",
        )
        .required(),
        key("method", Words(&["POST", "DELETE"]), "\"DELETE\"", "The method of the request.")
            .default("\"POST\""),
        key(
            "request_format",
            Words(&["form", "json", "none"]),
            "\"json\"",
            "How the body is written; \"none\": without a body. As at the token endpoint where this is left out.",
        ),
        key("params", Pairs(Names::Any, None), "{ all = \"true\" }", "Further parameters.").default("{}"),
        key(
            "headers",
            Pairs(Names::Any, None),
            "{ Acme-Version = \"2026-01-01\" }",
            "Further headers; those of the token endpoint where this is left out.",
        ),
        key(
            "rename",
            Pairs(Names::Listed(RENAMEABLE_IN_REVOCATION), RENAMED),
            "{ token = \"access_token\", token_type_hint = \"\" }",
            "What this service calls standard parameters; \"\" drops one. As at the token endpoint where this is left out.",
        ),
        key(
            "token",
            Words(&["refresh_token", "access_token"]),
            "\"access_token\"",
            "The one kind of token that it takes; both, the refresh token first, where this is left out.",
        ),
        key(
            "client_auth",
            Words(CLIENT_AUTH),
            "\"client_secret_basic\"",
            "How the proxy authenticates itself there; as at the token endpoint where this is left out.",
        ),
        key("bearer", Flag, "true", "The token authenticates the request, as a bearer token, in the client's place.")
            .default("false"),
    ],
    one_of: &[],
};

static ACCOUNT: TableKeys = TableKeys {
    keys: &[
        key(
            "request",
            Text(REQUEST),
            "\"https://api.acme.example/me\"",
            "Where the request goes. Left out where the ID token tells all.",
        ),
        key("method", Words(&["GET", "POST"]), "\"POST\"", "The method of the request.").default("\"GET\""),
        key(
            "json",
            JsonTable,
            "{ query = \"{{ me {{ email }} }}\" }",
            "What is POSTed, as JSON whose strings are templates; nothing where this is left out.",
        ),
        key("headers", Pairs(Names::Any, None), "{ Accept = \"application/json\" }", "Further headers.")
            .default("{}"),
        key(
            "label",
            Text(LABEL),
            "\"id_token:/email\"",
            "What people call the account: a JSON Pointer into the reply, or into the ID token behind `id_token:`.",
        ),
        key(
            "metadata",
            Pairs(Names::Like(FACT), POINTER),
            "{ cloud_id = \"/0/id\" }",
            "Facts of the reply to keep: {metadata.NAME}.",
        )
        .default("{}"),
    ],
    one_of: &[],
};

static CONFIG: TableKeys = TableKeys {
    keys: &[
        key("title", Text(None), "\"Region\"", "What a form calls it; its name where this is left out."),
        key(
            "description",
            Text(None),
            "\"The first part of your address\"",
            "What it is, and where to find it.",
        ),
        key(
            "pattern",
            Text(None),
            "\"[a-z0-9-]+\"",
            "A regular expression that the whole value must match. Required where the value lands in a host.",
        ),
        key("default", Text(None), "\"eu\"", "What is taken where the person gives none."),
    ],
    one_of: &[],
};

static FILE: TableKeys = TableKeys {
    keys: &[
        key("path", Text(Some("^(~|/)")), "\"~/.acme/credentials.json\"", "Where it goes, below the server's home. May hold {account}, {client_id}, {config.NAME}, {metadata.NAME}.").required(),
        key("mode", Text(Some("^0[0-7]{3}$")), "\"0640\"", "Who may read it, in octal. Nobody but its owner may write.").default("\"0600\""),
        key("content", Text(None), "\"{access_token}\"", "What stands in it, as a template."),
        key("json", Json, "{ token = \"{access_token}\" }", "What stands in it, as JSON whose strings are templates."),
    ],
    one_of: &[&["content"], &["json"]],
};

static BROWSER: TableKeys = TableKeys {
    keys: &[
        key("login_url", Text(ENDPOINT), "\"https://acme.example/login\"", "Where the window begins.")
            .required(),
        key(
            "allow_hosts",
            Texts(None),
            "[\"acme.example\", \"*.acme.example\"]",
            "The only hosts that the window may go to; on this machine an origin such as `http://localhost:8080`.",
        )
        .required(),
        key(
            "extract_on",
            Text(Some("^https?://")),
            "\"https://acme.example/home*\"",
            "The page on which the tokens are read; its path may end in `*`.",
        )
        .required(),
        key(
            "tokens",
            Named(&BROWSER_TOKEN),
            "",
            "What is read, by name. One is `access_token`; others are {metadata.NAME}.",
        )
        .required(),
    ],
    one_of: &[],
};

static BROWSER_TOKEN: TableKeys = TableKeys {
    keys: &[
        key("local_storage", Text(None), "\"session\"", "An entry of local storage."),
        key("session_storage", Text(None), "\"session\"", "An entry of session storage."),
        key("cookie", Text(None), "\"d\"", "A cookie, HttpOnly ones too."),
        key("script", Text(None), "\"window.session.token\"", "The result of a script."),
        key("pattern", Text(None), "\"xoxc-.+\"", "A regular expression that the whole value must match."),
        key("required", Flag, "true", "Whether the sign-in waits for it.").default("true"),
    ],
    one_of: &[&["local_storage"], &["session_storage"], &["cookie"], &["script"]],
};
