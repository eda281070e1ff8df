//! `keyferry vault status`

use keyferry_app::{
    entropy::Entropy,
    vault::upkeep::{Reach, UpkeepError, VaultStatus, status},
};

use super::blocking;
use crate::{cli::Global, error::CliResult, output, parts, passphrase};

pub(super) async fn run(global: &Global) -> CliResult {
    let settings = parts::settings(global, None)?;
    let told = blocking(move || {
        let access = settings.key_access(passphrase::of_the_vault());
        let told = status(&settings.data_folder, &access, &Entropy::system())?;
        told.ok_or_else(|| UpkeepError::NoVault(settings.data_folder.clone()))
    });
    output::data(global.json, &told.await?, human);
    Ok(())
}

fn human(status: &VaultStatus) -> String {
    let rotation = status.rotation.as_ref().map(|rotation| {
        format!("under way, {} values left; the next start or `keyferry vault rotate` goes on", rotation.left)
    });
    output::facts(&[
        ("vault", status.database.display().to_string()),
        ("key", status.key_description.to_owned()),
        ("key id", status.key_id.clone()),
        ("key there", reach(&status.key)),
        ("sealed", format!("{} values", status.sealed_values)),
        ("rotation", rotation.unwrap_or_default()),
    ])
}

fn reach(reach: &Reach) -> String {
    match reach {
        Reach::Found => "yes".to_owned(),
        Reach::Wrapped => "yes, wrapped".to_owned(),
        Reach::Missing { hint } => format!("no\n{hint}"),
        Reach::Unreachable { reason, hint } => format!("not known: {reason}\n{hint}"),
    }
}
