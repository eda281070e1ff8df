//! `keyferry vault rotate`

use std::{
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use keyferry_app::{
    api::dto::Problem,
    vault::upkeep::{Progress, Rotated},
};
use tokio::runtime::Handle;

use super::upkeep;
use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output, signals,
};

pub(super) async fn run(global: &Global) -> CliResult {
    let (runtime, ending, shown) = (Handle::current(), Arc::new(AtomicBool::new(false)), output::watched());
    let (mut listening, mut last) = (false, None);
    let told = Arc::clone(&ending);
    let mut on_progress = move |progress: Progress| {
        // Not before there is something to break off: until then Ctrl-C ends the program, at a question for a passphrase too.
        if !std::mem::replace(&mut listening, true) {
            let told = Arc::clone(&told);
            runtime.spawn(async move {
                signals::Ending::listen().asked().await;
                told.store(true, Ordering::Relaxed);
            });
        }
        if shown && last.replace(progress) != Some(progress) {
            output::note(&format!("{} of {} values are under the new key", progress.done, progress.total));
        }
        if told.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let rotated = upkeep(global, move |vault| vault.rotate(&mut on_progress)).await?;
    if ending.load(Ordering::Relaxed) && !rotated.finished {
        let interrupted = CliError::failed("interrupted", "the rotation was interrupted");
        return Err(interrupted.hint("nothing is lost: the next start, or `keyferry vault rotate`, goes on"));
    }
    output::data(global.json, &rotated, human);
    for stuck in &rotated.stuck {
        let problem = Problem::new("stuck", stuck.clone());
        output::warning(&problem.with_hint(
            "revoke that connection or uninstall that server, then run `keyferry vault rotate` again: until then the old key is kept",
        ));
    }
    Ok(())
}

fn human(rotated: &Rotated) -> String {
    let Rotated { resealed, finished, .. } = rotated;
    let key = if *finished { "the old one is gone" } else { "the old one is kept" };
    format!("The vault has a new master key: {resealed} values sealed under it, {key}")
}
