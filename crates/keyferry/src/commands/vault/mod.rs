//! `keyferry vault`
//!
//! All but `status` need the data folder for themselves: an app that runs has the key in its memory, and writes.

mod backup;
mod move_to;
mod restore;
mod rotate;
mod status;

use std::path::PathBuf;

use keyferry_app::{
    entropy::Entropy,
    vault::upkeep::{Upkeep, UpkeepError},
};

use crate::{
    cli::Global,
    error::{CliError, CliResult},
    parts, passphrase,
};

/// What the help shows.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keyferry vault status
  keyferry vault move --to keychain
  keyferry vault backup ~/keyferry.backup

End the app first for all but `status`.";

/// What a backup's tokens are worth.
pub(super) const SPENT: &str = "the refresh tokens in a backup are spent as soon as the vault that it was made of refreshes: then those accounts have to be signed in to again. Never run both.";

/// The commands about the vault.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show where the master key is kept, and whether it is there
    #[command(after_help = "Examples:\n  keyferry vault status\n  keyferry vault status --json")]
    Status,
    /// Move the master key to another place
    #[command(
        after_help = "Examples:\n  keyferry vault move --to keychain\n  keyferry vault move --to passphrase       also sets another passphrase\n\nIt is written and read back in its new place before it is removed from the old one."
    )]
    Move(move_to::Args),
    /// Make a new master key, and seal everything under it
    #[command(
        after_help = "Example:\n  keyferry vault rotate\n\nIt can be interrupted at any point: the next start goes on."
    )]
    Rotate,
    /// Write a backup, sealed under a passphrase
    #[command(
        after_help = "Examples:\n  keyferry vault backup ~/keyferry.backup\n  keyferry vault backup ~/keyferry.backup --passphrase-file ~/.backup-passphrase"
    )]
    Backup(backup::Args),
    /// Put a backup back
    #[command(
        after_help = "Examples:\n  keyferry vault restore ~/keyferry.backup\n  keyferry vault restore ~/keyferry.backup --force    keeps the present vault in a folder beside it"
    )]
    Restore(restore::Args),
}

pub(crate) async fn run(global: &Global, command: Command) -> CliResult {
    match command {
        Command::Status => status::run(global).await,
        Command::Move(args) => move_to::run(global, args).await,
        Command::Rotate => rotate::run(global).await,
        Command::Backup(args) => backup::run(global, args).await,
        Command::Restore(args) => restore::run(global, args).await,
    }
}

/// Does something with the vault, on a thread that may wait.
async fn upkeep<T: Send + 'static>(
    global: &Global,
    work: impl FnOnce(&Upkeep) -> Result<T, UpkeepError> + Send + 'static,
) -> CliResult<T> {
    let settings = parts::settings(global, None)?;
    blocking(move || {
        let access = settings.key_access(passphrase::of_the_vault());
        work(&Upkeep::begin(&settings.data_folder, access, Entropy::system())?)
    })
    .await
}

async fn blocking<T: Send + 'static, E: Into<CliError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> CliResult<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| CliError::failed("interrupted", "interrupted"))?.map_err(Into::into)
}

/// The passphrase of a backup.
fn passphrases(file: Option<PathBuf>) -> keyferry_app::vault::Passphrases {
    file.map_or_else(|| passphrase::of("the backup"), keyferry_app::vault::Passphrases::in_file)
}
