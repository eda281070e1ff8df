//! The steps that a play takes at the proxy, as the app takes them: with the app's own client.

use keyferry_app::{
    connections::{About, ProxyError},
    entropy::Entropy,
};
use keyferry_core::{
    flow::{
        Tokens,
        callback::AuthorizedCode,
        error::ErrorCode,
        reply::{TokenReply, TokenReplyError},
        revoke::TokenTypeHint,
    },
    idempotency_key::IdempotencyKey,
    secret::RefreshToken,
};

use super::scene::Scene;

type Told<T> = Result<(T, String), ProxyError>;

/// Redeems a code (RFC 6749 §4.1.3).
pub(super) async fn exchange(scene: &Scene, code: &AuthorizedCode) -> Told<TokenReply> {
    scene.proxy.exchange(code, &scene.oauth.callback, &key()).await.map(told)
}

/// Spends a refresh token (RFC 6749 §6).
pub(super) async fn refresh(scene: &Scene, token: &RefreshToken, tokens: &Tokens) -> Told<TokenReply> {
    scene.proxy.refresh(&scene.file.name, token, about(scene, tokens), &key()).await.map(told)
}

/// Revokes the refresh token first, then the access token (RFC 7009 §2.1).
pub(super) async fn revoke(scene: &Scene, tokens: &Tokens) -> Told<()> {
    let refresh =
        tokens.refresh_token.as_ref().map(|token| (token.expose_secret(), TokenTypeHint::RefreshToken));
    let access = Some((tokens.access_token.expose_secret(), TokenTypeHint::AccessToken));
    for (token, hint) in refresh.into_iter().chain(access) {
        scene.proxy.revoke(&scene.file.name, token, hint, about(scene, tokens)).await?;
    }
    Ok(((), "the tokens are revoked".to_owned()))
}

/// What a failure means for the author of the file.
pub(super) fn explained(error: ProxyError) -> String {
    let meant = match error {
        ProxyError::Reply(TokenReplyError::Refused { code: ErrorCode::ServerError, status: 502 }) => {
            "the reply gives no tokens; [token.response] says where they stand"
        }
        ProxyError::Reply(TokenReplyError::Refused { code: ErrorCode::ServerError, .. }) => {
            "the reply is an error in words of the service's own; [token.response] errors says what they mean"
        }
        ProxyError::Reply(TokenReplyError::Refused { code: ErrorCode::TemporarilyUnavailable, .. }) => {
            "the status is a failure's, and no error code was found; [token.response] error says where it stands"
        }
        _ => return error.to_string(),
    };
    format!("{error}: {meant}")
}

fn key() -> IdempotencyKey {
    IdempotencyKey::from_entropy(Entropy::system().bytes())
}

fn about<'a>(scene: &'a Scene, tokens: &'a Tokens) -> About<'a> {
    About::new(&scene.config, &tokens.metadata, &scene.oauth.callback)
}

fn told(reply: TokenReply) -> (TokenReply, String) {
    let mut came = vec!["an access token".to_owned()];
    came.extend(reply.refresh_token.iter().map(|_| "a refresh token".to_owned()));
    came.extend(reply.id_token.iter().map(|_| "an ID token".to_owned()));
    came.extend(reply.metadata.iter().map(|(name, _)| format!("{{metadata.{name}}}")));
    let life = reply.expires_in.map_or("no end is known".to_owned(), |life| format!("good for {life} s"));
    let told = format!("{}; {life}", came.join(", "));
    (reply, told)
}
