//! Who may use the proxy: nobody redeems anything under its client secrets without being let in (RFC 9700 §2.5).

use keyferry_proxy::AccessKeys;
use serde_json::json;

use crate::support::*;

const ADA: &str = "the-access-key-of-ada-0123456789";
const BOB: &str = "the-access-key-of-bob-0123456789";

#[tokio::test]
async fn without_an_access_key_no_provider_hears_anything() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    config.access = AccessKeys::parse(&format!("ada={ADA} bob={BOB}")).unwrap();
    let proxy = start(config).await;
    let body = redemption(&code(&sandbox).await);
    for key in ["", "x", "the-access-key-of-ada-012345678", "the-access-key-of-ada-01234567890"] {
        for path in ["/oauth/token", "/oauth/revoke"] {
            let reply = proxy.post_as(key, path, &body).await;
            assert_eq!(reply.error(), error(401, "invalid_client"), "{path}");
            assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"keyferry-proxy\""));
        }
        for path in ["/oauth/providers", "/oauth/providers/sandbox", "/oauth/providers/nobody"] {
            assert_eq!(send(http().get(proxy.url(path)).bearer_auth(key)).await.status, 401, "{path}");
        }
    }
    let in_the_url = proxy.post(&format!("/oauth/token?access_token={ADA}"), &body).await;
    assert_eq!(in_the_url.status, 401);
    let basic = http().post(proxy.url("/oauth/token")).basic_auth("ada", Some(ADA)).json(&body);
    assert_eq!(send(basic).await.status, 401);
    assert_eq!(sandbox.counters().token_requests(), 0);
    for path in ["/health", "/ready", "/openapi.json"] {
        assert_eq!(proxy.get(path).await.status, 200, "{path}");
    }
    assert_eq!(proxy.post_as(BOB, "/oauth/token", &body).await.status, 200);
}

#[tokio::test]
async fn the_key_of_a_caller_does_not_go_on_to_the_provider() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    config.access = AccessKeys::parse(&format!("ada={ADA}")).unwrap();
    let proxy = start(config).await;
    let mut body = refreshment("sandbox", "x");
    assert_eq!(proxy.post_as(ADA, "/oauth/token", &body).await.status, 400);
    body["extra"] = json!(ADA);
    assert!(!proxy.post_as(ADA, "/oauth/token", &body).await.text().contains(ADA));
    let request = sandbox.recorded_token_requests().pop().unwrap();
    assert_eq!(request.authorization, keyferry_sandbox::AuthorizationKind::None);
}
