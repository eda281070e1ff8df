//! Whose account it is, asked of a stand-in of the service.

use keyferry_sandbox::{
    SandboxConfig,
    stand_in::{Cast, Client, Endpoints, Part, RecordedReply, Recording, StandIn},
};

use super::World;

async fn service(reply: &str) -> StandIn {
    let reply = RecordedReply::parse(reply.as_bytes()).unwrap();
    let client = Client { id: String::new(), secret: String::new() };
    let cast = Cast { client, endpoints: Endpoints::default(), plain: vec!["query".to_owned()] };
    StandIn::start(Recording { account: Some(reply), ..Recording::default() }, cast).await.unwrap()
}

#[tokio::test]
async fn a_service_that_takes_post_alone_names_the_account() {
    let asking = "json = { query = \"{{ me {{ email }} }}\" }";
    for (json, format, parameters) in
        [(asking, Some("json"), vec![("query", "{ me { email } }")]), ("", None, vec![])]
    {
        let service =
            service("HTTP/1.1 200 OK\n\n{\"data\":{\"me\":{\"email\":\"ada@acme.example\"}}}").await;
        let account = format!(
            "[account]\nrequest = \"{}/api.acme.example/graphql\"\nmethod = \"POST\"\n{json}\nlabel = \"/data/me/email\"\n[env]",
            service.origin()
        );
        let file = |text: String| text.replace("[env]", &account);
        let world = World::start_of(SandboxConfig::default(), (None, None), file).await;
        let id = world.connect().await;
        assert_eq!(world.record(&id).await.account.as_deref(), Some("ada@acme.example"));
        let asked = service.take_requests().pop().unwrap();
        assert_eq!((asked.part, asked.method.as_str()), (Part::Account, "POST"));
        assert_eq!(asked.format.as_deref(), format);
        assert_eq!(asked.authorization.as_deref(), Some("Bearer [redacted]"));
        let sent: Vec<_> =
            asked.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(sent, parameters);
        world.end().await;
        service.shutdown().await;
    }
}
