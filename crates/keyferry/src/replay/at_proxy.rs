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
    provider::ReplyFormat,
    secret::RefreshToken,
};
use keyferry_sandbox::stand_in::RecordedReply;

use super::{Connection, recorded, scene::Scene};

type Told<T> = Result<(T, String), ProxyError>;

/// Redeems a code (RFC 6749 §4.1.3).
pub(super) async fn exchange(scene: &Scene, code: &AuthorizedCode) -> Told<TokenReply> {
    scene.proxy.exchange(code, &scene.oauth.callback, &key()).await.map(told)
}

/// Spends a refresh token (RFC 6749 §6).
pub(super) async fn refresh(
    scene: &Scene,
    token: &RefreshToken,
    connection: &Connection,
) -> Told<TokenReply> {
    let redirect_uri = Some(connection.redirect_uri.as_str());
    let redirect_uri = redirect_uri.filter(|_| scene.oauth.token.refresh_redirect_uri);
    let about = about(scene, &connection.tokens);
    scene.proxy.refresh(&scene.file.name, token, redirect_uri, about, &key()).await.map(told)
}

/// Revokes the refresh token first, then the access token (RFC 7009 §2.1); of one kind alone where the service takes no other.
pub(super) async fn revoke(scene: &Scene, tokens: &Tokens) -> Told<()> {
    let refresh =
        tokens.refresh_token.as_ref().map(|token| (token.expose_secret(), TokenTypeHint::RefreshToken));
    let access = Some((tokens.access_token.expose_secret(), TokenTypeHint::AccessToken));
    let takes = |kind| scene.oauth.revocation.as_ref().is_none_or(|revocation| revocation.takes(kind));
    for (token, hint) in refresh.into_iter().chain(access).filter(|(_, kind)| takes(*kind)) {
        scene.proxy.revoke(&scene.file.name, token, hint, about(scene, tokens)).await?;
    }
    Ok(((), "the tokens are revoked".to_owned()))
}

/// What a failure means for the author of the file: as the recorded reply shows it, where it is one of its own.
pub(super) fn explained(error: ProxyError, format: &ReplyFormat, reply: Option<&RecordedReply>) -> String {
    let of_reply = reply.and_then(|reply| recorded::explained(format, reply));
    match (error, of_reply) {
        (ProxyError::Reply(_), Some(why)) => why,
        (ProxyError::Reply(TokenReplyError::Refused { code: ErrorCode::ServerError, .. }), None) => {
            format!(
                "{error}: the reply gives no tokens; [token.response] says where they stand, or what an error of the service's own means"
            )
        }
        _ => error.to_string(),
    }
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
