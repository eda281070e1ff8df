//! What a service refuses with: the grant's death first, then whatever else was recorded.

use keyferry_app::connections::ProxyError;
use keyferry_core::flow::{
    error::FailureClass,
    reply::{TokenReply, TokenReplyError},
};

use super::{Connection, at_proxy, report::Story, scene::Scene, sign_in};

/// Hears each refusal. At the first the person has to be told to sign in again, whatever words the service has for it.
pub(super) async fn hear(scene: &Scene, story: &mut Story, connection: &Connection, refreshes: bool) {
    if !story.has("error.http", !scene.recorded.errors.is_empty()) {
        return;
    }
    let expected = scene.demands.expected.as_ref();
    let meanings = expected.map(|expected| expected.refusals.as_slice()).unwrap_or_default();
    for number in 1..=scene.recorded.errors.len() {
        scene.stand_in.refuse_with(number);
        let step = if number == 1 { "dead grant" } else { "further refusal" };
        let answer = match ask(scene, connection, refreshes).await {
            Ok(answer) => answer,
            Err(error) => {
                story.step::<()>(scene, step, Err(error));
                return;
            }
        };
        let heard = meaning(&answer);
        let told = match answer {
            Ok(_) => Err("a refusal still gives tokens: the reply is taken for a success".to_owned()),
            Err(error) if number == 1 => {
                let unclear = expected.is_some_and(|expected| expected.unclear_end);
                let reply = scene.recorded.errors.first();
                let why = || at_proxy::explained(error, &scene.oauth.token.response, reply);
                death(error, unclear, refreshes, why)
            }
            Err(error) => Ok(((), error.to_string())),
        };
        story.step(scene, step, told);
        let wanted = number.checked_sub(1).and_then(|at| meanings.get(at));
        if let Some(wanted) = wanted.filter(|wanted| **wanted != heard) {
            story.fail(step, &format!("the refusal {number} is taken for {heard}, but it means {wanted}"));
        }
    }
}

/// Spends what the service would refuse: the refresh token, or another code.
async fn ask(
    scene: &Scene,
    connection: &Connection,
    refreshes: bool,
) -> Result<Result<TokenReply, ProxyError>, String> {
    let answer = match &connection.tokens.refresh_token {
        Some(token) if refreshes => at_proxy::refresh(scene, token, connection).await,
        _ => at_proxy::exchange(scene, &sign_in::sign_in(scene).await?.0).await,
    };
    Ok(answer.map(|(reply, _)| reply))
}

/// The code that the app is told.
fn meaning(answer: &Result<TokenReply, ProxyError>) -> &'static str {
    match answer {
        Ok(_) => "a success",
        Err(ProxyError::Reply(TokenReplyError::Refused { code, .. })) => code.as_str(),
        Err(_) => "no answer",
    }
}

fn death(
    error: ProxyError,
    unclear: bool,
    refreshes: bool,
    why: impl FnOnce() -> String,
) -> Result<((), String), String> {
    match error.class() {
        FailureClass::Definite if unclear => {
            Err("the grant is taken for dead, but [expected] says that it can't be told".to_owned())
        }
        FailureClass::Definite => Ok(((), "sign in again".to_owned())),
        // A dead code fails the sign-in, whatever it is called. A refresh has to tell a dead grant from a failure that passes.
        _ if unclear || !refreshes => Ok(((), error.to_string())),
        _ => Err(format!("a dead grant is not understood as one: {}", why())),
    }
}
