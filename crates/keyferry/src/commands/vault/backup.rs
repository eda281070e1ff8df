//! `keyferry vault backup`

use std::path::PathBuf;

use keyferry_app::{
    api::dto::Problem,
    clock::Clock,
    vault::{Ask, VaultError, upkeep::UpkeepError},
};

use super::{SPENT, passphrases, upkeep};
use crate::{cli::Global, error::CliResult, output};

/// Writes a backup.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file to write; nothing may be there yet
    file: PathBuf,
    /// A file that holds the backup's passphrase, readable by you alone; without it you are asked
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

pub(super) async fn run(global: &Global, args: Args) -> CliResult {
    let done = upkeep(global, move |vault| {
        if args.file.symlink_metadata().is_ok() {
            return Err(UpkeepError::Exists(args.file));
        }
        let passphrase = passphrases(args.passphrase_file).ask(Ask::New).map_err(VaultError::from)?;
        vault.backup(&args.file, &passphrase, Clock::system().now())
    });
    let done = done.await?;
    output::data(global.json, &done, |done| {
        format!(
            "The vault and its key are in {}: {} bytes, sealed under the passphrase",
            done.file.display(),
            done.bytes
        )
    });
    output::warning(&Problem::new("spent", SPENT));
    Ok(())
}
