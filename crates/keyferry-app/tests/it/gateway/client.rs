//! A client of the gateway: the library's own, with a person who answers, and who remembers what was told.

use std::sync::{Arc, Mutex};

use rmcp::{
    ErrorData, RoleClient,
    model::*,
    service::{NotificationContext, RequestContext, RunningService, Service, ServiceError, serve_client},
    transport::streamable_http_client::{StreamableHttpClientTransport, StreamableHttpClientTransportConfig},
};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::TestApp;

/// What the person answers, and what the client was told.
#[derive(Clone, Default)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) told: Arc<Mutex<Vec<Value>>>,
    pub(crate) news: Arc<Notify>,
    /// Held back until somebody lets it go.
    pub(crate) hesitates: Option<Arc<Notify>>,
    pub(crate) can_nothing: bool,
}

pub(crate) struct TestClient {
    pub(crate) service: RunningService<RoleClient, Person>,
    pub(crate) person: Person,
}

impl Person {
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Waits until something like that was told, and says what.
    pub(crate) async fn hears(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let news = self.news.notified();
            if let Some(found) = self.told.lock().unwrap().iter().find(|told| is_it(told)) {
                return found.clone();
            }
            tokio::time::timeout(std::time::Duration::from_secs(20), news).await.unwrap_or_else(|_| {
                panic!("{} was told only {:#?}", self.name, self.told.lock().unwrap());
            });
        }
    }

    /// What was told so far by this method.
    pub(crate) fn heard(&self, method: &str) -> Vec<Value> {
        self.told.lock().unwrap().iter().filter(|told| told["method"] == method).cloned().collect()
    }

    fn note(&self, told: &impl serde::Serialize) {
        self.told.lock().unwrap().push(serde_json::to_value(told).unwrap());
        self.news.notify_waiters();
    }
}

impl Service<RoleClient> for Person {
    async fn handle_request(
        &self,
        request: ServerRequest,
        _context: RequestContext<RoleClient>,
    ) -> Result<ClientResult, ErrorData> {
        self.note(&request);
        if let Some(hesitates) = &self.hesitates {
            hesitates.notified().await;
        }
        let answer = match request {
            ServerRequest::CreateMessageRequest(_) => json!({
                "role": "assistant", "content": { "type": "text", "text": format!("{} says hello", self.name) }, "model": "test",
            }),
            ServerRequest::ElicitRequest(_) => {
                json!({ "action": "accept", "content": { "name": self.name } })
            }
            ServerRequest::ListRootsRequest(_) => {
                json!({ "roots": [{ "uri": format!("file:///{}", self.name) }] })
            }
            other => panic!("{other:?}"),
        };
        Ok(serde_json::from_value(answer).unwrap())
    }

    async fn handle_notification(
        &self,
        notification: ServerNotification,
        _context: NotificationContext<RoleClient>,
    ) -> Result<(), ErrorData> {
        self.note(&notification);
        Ok(())
    }

    fn get_info(&self) -> ClientConfig {
        let can = if self.can_nothing {
            json!({})
        } else {
            json!({ "sampling": {}, "elicitation": {}, "roots": { "listChanged": true } })
        };
        ClientConfig::new(serde_json::from_value(can).unwrap(), Implementation::new(self.name.clone(), "1"))
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }
}

pub(crate) fn transport(app: &TestApp, path: &str) -> StreamableHttpClientTransport<reqwest::Client> {
    let config = StreamableHttpClientTransportConfig::with_uri(app.url(path))
        .auth_header(app.app.api_token().expose_secret().to_owned());
    StreamableHttpClientTransport::with_client(crate::support::client(), config)
}

impl TestClient {
    pub(crate) async fn connect(app: &TestApp, path: &str, person: Person) -> Self {
        let service = serve_client(person.clone(), transport(app, path)).await.unwrap();
        Self { service, person }
    }

    pub(crate) async fn new(app: &TestApp, path: &str) -> Self {
        Self::connect(app, path, Person::named("Ann")).await
    }

    /// The names of the tools.
    pub(crate) async fn tools(&self) -> Vec<String> {
        let tools = self.service.list_all_tools().await.unwrap();
        tools.into_iter().map(|tool| tool.name.into_owned()).collect()
    }

    /// Calls a tool, and takes the text of its answer.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        match self.try_call(tool, arguments).await {
            Ok(text) => text,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn try_call(&self, tool: &str, arguments: Value) -> Result<Value, ServiceError> {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let result = self.service.call_tool(params).await?;
        Ok(super::parsed(&result.content.first().unwrap().as_text().unwrap().text))
    }

    /// What the client is told of an error.
    pub(crate) async fn refused(&self, tool: &str, arguments: Value) -> ErrorData {
        match self.try_call(tool, arguments).await {
            Err(ServiceError::McpError(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn leave(self) {
        self.service.cancel().await.unwrap();
    }
}
