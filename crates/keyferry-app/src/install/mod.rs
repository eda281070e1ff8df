//! From a manifest to a server that runs.
//!
//! `begin` checks all that can be checked without acting (`plan`); only then does an install exist. Its story stands in
//! `story`: the connection, the delivery, the start, the tools. Where it ends early, what it had made is undone, and a new
//! try starts clean; a connection that the person has just allowed is kept, so that the next try needs no second sign-in.

mod audience;
mod backoff;
mod challenge;
mod connect;
mod delivery;
mod error;
mod idle;
mod launch;
mod paths;
mod place;
mod plan;
mod progress;
mod registry;
mod rotation;
pub(crate) mod running;
mod story;
mod uninstall;
mod uses;

use std::sync::Arc;

pub(crate) use backoff::Backoff;
pub(crate) use challenge::Challenges;
pub(crate) use connect::revoke;
pub(crate) use delivery::Deliveries;
pub(crate) use error::InstallError;
pub(crate) use idle::stop_idle;
pub(crate) use progress::Record;
pub(crate) use registry::{Registry, UNDO_LIMIT};
pub(crate) use rotation::keep_rotating;
pub(crate) use uninstall::uninstall;
pub(crate) use uses::{Use, Uses};

use crate::{
    api::dto::{Install, InstallRequest},
    engine::Engine,
    events::{self, Change},
    ticket::Ticket,
};
use plan::Plan;
use progress::Progress;
use registry::NoRoom;

/// Begins an install, and returns its record as it stands. One of the same server that nobody waits for any more makes room.
pub(crate) async fn begin(engine: &Arc<Engine>, request: InstallRequest) -> Result<Install, InstallError> {
    let plan = Plan::make(engine, request.clone()).await?;
    let server = plan.server.clone();
    match admit(engine, plan) {
        Err(InstallError::UnderWay(_)) if engine.installs.end_abandoned(&server).await => {
            // What it left, such as an account that the person had allowed, makes another plan.
            admit(engine, Plan::make(engine, request).await?)
        }
        admitted => admitted,
    }
}

fn admit(engine: &Arc<Engine>, plan: Plan) -> Result<Install, InstallError> {
    let id = Ticket::from_entropy(engine.entropy.bytes());
    let progress = Progress::new(id, plan.server.clone(), plan.command.clone(), engine.clock.clone());
    let record = progress.watch();
    let cancel =
        engine.installs.admit(id, &plan.server, record.clone()).map_err(|no_room| match no_room {
            NoRoom::SameServer => InstallError::UnderWay(plan.server.clone()),
            NoRoom::Full => InstallError::Full,
        })?;
    engine.tasks.spawn(story::run(engine.clone(), plan, progress, cancel));
    engine.tasks.spawn(events::tell_while(engine.clone(), Change::Install(id), record.clone()));
    let shown = record.borrow().shown();
    Ok(shown)
}
