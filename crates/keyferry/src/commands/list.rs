//! `keyferry list`

use keyferry_app::api::dto::{Server, ServerList};

use crate::{cli::Global, error::CliResult, output, session::with_api};

pub(crate) async fn run(global: &Global) -> CliResult {
    let list: ServerList = with_api(global, async |api| api.get("/servers").await).await?;
    output::data(global.json, &list, |list| {
        let rows: Vec<_> = list.servers.iter().map(row).collect();
        let empty = "No server is installed yet. `keyferry catalog list` shows what there is.";
        output::table(["NAME", "STATE", "RUNTIME", "ACCOUNT"], &rows, empty)
    });
    if !global.json {
        list.problems.iter().for_each(output::warning);
    }
    Ok(())
}

fn row(server: &Server) -> [String; 4] {
    let account = server.connection.as_ref().map(|connection| match &connection.account {
        Some(account) => format!("{} ({account})", connection.provider),
        None => connection.provider.clone(),
    });
    [server.name.clone(), state(server), server.runtime.clone(), account.unwrap_or_default()]
}

/// The state in words.
pub(super) fn state(server: &Server) -> String {
    let word = format!("{:?}", server.state).to_lowercase();
    match &server.problem {
        Some(problem) => format!("{word}: {}", problem.message),
        None => word,
    }
}
