//! `keyferry vault move`

use keyferry_app::{
    api::dto::Problem,
    vault::{KeyPlace, upkeep::Moved},
};

use super::upkeep;
use crate::{cli::Global, error::CliResult, output};

/// Moves the master key to another place.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The new place: keychain, passphrase or file
    #[arg(long, value_name = "PLACE", value_parser = place)]
    to: KeyPlace,
}

fn place(text: &str) -> Result<KeyPlace, String> {
    text.parse().map_err(|error: keyferry_app::vault::UnknownPlace| error.to_string())
}

pub(super) async fn run(global: &Global, args: Args) -> CliResult {
    let moved = upkeep(global, move |vault| vault.move_key(args.to)).await?;
    output::data(global.json, &moved, |moved| {
        if moved.from == moved.to && moved.to != KeyPlace::Passphrase {
            return format!("The master key is in {} already", moved.to.description());
        }
        format!("The master key is in {} now", moved.to.description())
    });
    if let Moved { from, left_behind: Some(reason), .. } = moved {
        let message = format!("it also still lies in {}: {reason}", from.description());
        output::warning(&Problem::new("left_behind", message).with_hint("remove it there by hand"));
    }
    Ok(())
}
