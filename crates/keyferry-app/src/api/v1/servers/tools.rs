//! `/api/v1/servers/{name}/tools`

use axum::{
    Json,
    extract::{Path, State},
};
use keyferry_core::id::ServerName;
use serde_json::{Map, Value};

use crate::{
    api::{
        ApiError, Shared,
        dto::{Tool, ToolList},
        extract::{Body, Named},
    },
    install,
    runtime::CallToolResult,
};

/// `GET`: the tools the server offers.
#[utoipa::path(
    get, path = "/api/v1/servers/{name}/tools", operation_id = "servers_tools_list",
    tag = "servers",
    params(("name" = String, Path, description = "The name of a server", example = "sandbox-notes")),
    responses((status = 200, description = "Done", body = ToolList))
)]
pub(crate) async fn list(
    State(engine): Shared,
    Named(name): Named<ServerName>,
) -> Result<Json<ToolList>, ApiError> {
    let tools = install::running::tools(&engine, &name).await?;
    Ok(Json(ToolList { tools: tools.into_iter().map(shown).collect() }))
}

/// `POST /{tool}`: calls a tool with the body as its arguments. Answers the server's own result.
#[utoipa::path(
    post, path = "/api/v1/servers/{name}/tools/{tool}", operation_id = "servers_tools_call",
    tag = "servers",
    params(
        ("name" = String, Path, description = "The name of a server", example = "sandbox-notes"),
        ("tool" = String, Path, description = "The name of a tool", example = "list_notes"),
    ),
    request_body = Object,
    responses((status = 200, description = "Done", body = Object))
)]
pub(crate) async fn call(
    State(engine): Shared,
    Path((name, tool)): Path<(String, String)>,
    Body(arguments): Body<Map<String, Value>>,
) -> Result<Json<CallToolResult>, ApiError> {
    let name = name.parse::<ServerName>().map_err(ApiError::bad_name)?;
    Ok(Json(install::running::call(&engine, &name, &tool, arguments).await?))
}

fn shown(tool: crate::runtime::Tool) -> Tool {
    Tool {
        name: tool.name.into_owned(),
        description: tool.description.map(std::borrow::Cow::into_owned),
        input_schema: Value::Object((*tool.input_schema).clone()),
    }
}
