//! Keeps one watchdog alive and told.

use std::{collections::BTreeSet, io, process::Stdio, time::Duration};

use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, ChildStdin, Command},
    sync::watch,
    time::sleep,
};

use super::{Wanted, WatchdogCommand, line::Order};

/// The wait before a watchdog that died is started anew, doubled each time up to the longest.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

enum Next {
    /// The app lets the watchdog go.
    Close,
    /// The watchdog died.
    Again,
}

/// Runs until the app's end is closed or dropped.
pub(super) async fn keep(
    command: WatchdogCommand,
    mut wanted: watch::Receiver<Wanted>,
    named: watch::Sender<u64>,
    mut closing: watch::Receiver<bool>,
) {
    let mut wait = SHORTEST_WAIT;
    loop {
        match one(&command, &mut wanted, &named, &mut closing).await {
            Ok(Next::Close) => return,
            Ok(Next::Again) => tracing::warn!("the watchdog ended; it is started anew"),
            Err(error) => tracing::warn!(%error, "the watchdog does not start"),
        }
        tokio::select! {
            () = sleep(wait) => wait = (wait * 2).min(LONGEST_WAIT),
            _ = closing.wait_for(|&close| close) => return,
        }
    }
}

/// The life of one watchdog.
async fn one(
    command: &WatchdogCommand,
    wanted: &mut watch::Receiver<Wanted>,
    named: &watch::Sender<u64>,
    closing: &mut watch::Receiver<bool>,
) -> io::Result<Next> {
    let mut child = spawn(command)?;
    let Some(mut pipe) = child.stdin.take() else { return Ok(Next::Again) };
    let mut told = BTreeSet::new();
    loop {
        let now = wanted.borrow_and_update().clone();
        if tell(&mut pipe, &mut told, &now.groups).await.is_err() {
            return Ok(Next::Again);
        }
        named.send_replace(now.version);
        let next = tokio::select! {
            changed = wanted.changed() => if changed.is_ok() { continue } else { Next::Close },
            _ = closing.wait_for(|&close| close) => Next::Close,
            _ = child.wait() => return Ok(Next::Again),
        };
        // The end of the pipe is the order to end.
        drop(pipe);
        _ = child.wait().await;
        return Ok(next);
    }
}

async fn tell(pipe: &mut ChildStdin, told: &mut BTreeSet<u32>, groups: &BTreeSet<u32>) -> io::Result<()> {
    let gone = told.difference(groups).map(|&group| Order::Forget(group));
    let new = groups.difference(told).map(|&group| Order::Watch(group));
    let orders: String = gone.chain(new).map(|order| order.to_string()).collect();
    pipe.write_all(orders.as_bytes()).await?;
    pipe.flush().await?;
    told.clone_from(groups);
    Ok(())
}

/// Not killed on drop: outliving the app is its purpose. It gets no environment, and sits in the root folder so that it pins none.
fn spawn(command: &WatchdogCommand) -> io::Result<Child> {
    let mut child = Command::new(&command.program);
    child
        .args(&command.args)
        .env_clear()
        .current_dir(std::path::MAIN_SEPARATOR_STR)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    #[cfg(unix)]
    child.process_group(0);
    child.spawn()
}
