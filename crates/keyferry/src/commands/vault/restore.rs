//! `keyferry vault restore`

use std::path::PathBuf;

use keyferry_app::{
    api::dto::Problem,
    clock::Clock,
    vault::{Ask, VaultError, upkeep::Restored},
};

use super::{SPENT, passphrases, upkeep};
use crate::{cli::Global, error::CliResult, output};

/// Puts a backup back.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file that `keyferry vault backup` wrote
    file: PathBuf,
    /// Take the place of the vault that is there, which is kept beside
    #[arg(long)]
    force: bool,
    /// A file that holds the backup's passphrase, readable by you alone; without it you are asked
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

pub(super) async fn run(global: &Global, args: Args) -> CliResult {
    let restored = upkeep(global, move |vault| {
        let ask = || Ok(passphrases(args.passphrase_file).ask(Ask::Known).map_err(VaultError::from)?);
        vault.restore(&args.file, ask, args.force, Clock::system().now())
    });
    let restored = restored.await?;
    output::data(global.json, &restored, human);
    for stuck in &restored.stuck {
        output::warning(&Problem::new("stuck", format!("{stuck}; it was so in the backup")));
    }
    output::warning(&Problem::new("spent", SPENT));
    Ok(())
}

fn human(restored: &Restored) -> String {
    let made = output::time(restored.made_at);
    let mut text = format!(
        "The backup of {made} is in place; its new master key is in {}\n",
        restored.key_place.description()
    );
    if let Some(kept) = &restored.kept {
        text.push_str(&format!("The vault that was there is kept in {}\n", kept.display()));
    }
    text
}
