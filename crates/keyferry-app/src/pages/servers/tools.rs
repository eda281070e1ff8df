//! `/servers/{name}/tools` and `/servers/{name}/tools/{tool}`

use axum::{
    extract::Path,
    response::{IntoResponse as _, Response},
};
use keyferry_core::id::ServerName;
use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;

use super::{Tab, head, tools_form};
use crate::{
    api::{
        ApiError,
        dto::{Problem, Server, Tool},
        extract::{Body, Named, Parameters},
        v1::servers,
    },
    pages::{
        failed::{Of, Shown},
        form::{Fields, Sent},
        parts::{Kind, button, problem, sends},
        shell::{Page, Place},
        visit::Visit,
    },
    runtime::CallToolResult,
};

/// Which tool is opened.
#[derive(Debug, Deserialize)]
pub(in crate::pages) struct Opened {
    tool: Option<String>,
}

/// `GET`: its tools, each with its schema and a form to try it.
pub(in crate::pages) async fn show(
    visit: Visit,
    Of(name): Of<ServerName>,
    Parameters(Opened { tool }): Parameters<Opened>,
) -> Shown {
    page(&visit, name, tool.as_deref(), None).await
}

/// `POST /{tool}`: calls it, and shows its answer where its form is.
pub(in crate::pages) async fn call(Path((name, tool)): Path<(String, String)>, sent: Sent) -> Response {
    match called(name, &tool, sent).await {
        Ok(page) => page,
        Err(failed) => failed.into_response(),
    }
}

async fn called(name: String, tool: &str, sent: Sent) -> Shown {
    let Sent { visit, fields } = sent;
    let name: ServerName = name.parse().map_err(ApiError::bad_name)?;
    let tools = servers::tools::list(visit.shared(), Named(name.clone())).await?.0.tools;
    let schema = tools.iter().find(|found| found.name == tool).map(|found| found.input_schema.clone());
    let unknown = || ApiError::not_found(Problem::new("unknown_tool", "this server has no such tool"));
    let outcome = match tools_form::arguments(&schema.ok_or_else(unknown)?, &fields) {
        Ok(arguments) => {
            let path = Path((name.to_string(), tool.to_owned()));
            let called = servers::tools::call(visit.shared(), path, Body(arguments)).await;
            called.map(|answer| answer.0).map_err(|error| error.problem().clone())
        }
        Err(wrong) => Err(wrong),
    };
    page(&visit, name, Some(tool), Some((&fields, &outcome))).await
}

/// What was sent to a tool, and what it answered.
type Answered<'a> = (&'a Fields, &'a Result<CallToolResult, Problem>);

async fn page(visit: &Visit, name: ServerName, open: Option<&str>, answered: Option<Answered<'_>>) -> Shown {
    let server = servers::show(visit.shared(), Named(name.clone())).await?.0;
    let listed = servers::tools::list(visit.shared(), Named(name)).await;
    let body = html! {
        (head(&server, Tab::Tools))
        @match &listed {
            Err(error) => (unlisted(visit, &server, error)),
            Ok(list) => {
                @if list.tools.is_empty() { p.empty { "This server offers no tools." } }
                @for tool in &list.tools {
                    @let answered = answered.filter(|_| open == Some(tool.name.as_str()));
                    (card(visit, &server, tool, open == Some(tool.name.as_str()), answered))
                }
            }
        }
    };
    Ok(visit.show(Page::new(Place::Servers, format!("Tools of {}", server.display_name), body)).await)
}

fn unlisted(visit: &Visit, server: &Server, error: &ApiError) -> Markup {
    html! {
        (problem(error.problem()))
        div.empty {
            h2 { "Its tools are known once it runs" }
            (sends(visit, &format!("/servers/{}/start", server.name), Kind::Main, "Start"))
        }
    }
}

fn card(visit: &Visit, server: &Server, tool: &Tool, open: bool, answered: Option<Answered<'_>>) -> Markup {
    let segment = utf8_percent_encode(&tool.name, NON_ALPHANUMERIC).to_string();
    let action = format!("/servers/{}/tools/{segment}", server.name);
    let id = format!("answer-{}", segment.replace('%', "-"));
    html! {
        details.card.tool open[open] {
            summary {
                h2 { code { (tool.name) } }
                @if let Some(text) = &tool.description { p.soft { (text) } }
            }
            form.stack method="post" action=(action) hx-post=(action) hx-target={ "#" (id) } hx-select={ "#" (id) } hx-swap="outerHTML" {
                (visit.form_token())
                (tools_form::fields(&tool.input_schema, &segment, answered.map(|(fields, _)| fields)))
                div.actions { (button(Kind::Main, "Try it")) }
            }
            div id=(id) aria-live="polite" { @if let Some((_, outcome)) = answered { (answer(outcome)) } }
            details.schema {
                summary { "Schema" }
                pre tabindex="0" { code { (pretty(&tool.input_schema)) } }
            }
        }
    }
}

fn answer(outcome: &Result<CallToolResult, Problem>) -> Markup {
    let result = match outcome {
        Ok(result) => serde_json::to_value(result).unwrap_or_default(),
        Err(why) => return problem(why),
    };
    let failed = result.get("isError").and_then(Value::as_bool).unwrap_or(false);
    let content = result.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    html! {
        div.answer .failed[failed] {
            h3 { @if failed { "The tool reports an error" } @else { "Answer" } }
            @for part in content { pre tabindex="0" { (part.get("text").and_then(Value::as_str).map_or_else(|| pretty(part), readable)) } }
            @if let Some(structured) = result.get("structuredContent").filter(|_| content.is_empty()) {
                pre tabindex="0" { (pretty(structured)) }
            }
        }
    }
}

/// A text as it is; JSON in one line is set out.
fn readable(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if value.is_object() || value.is_array() => pretty(&value),
        _ => text.to_owned(),
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
