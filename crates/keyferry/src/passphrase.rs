//! Passphrases from the terminal. Never from an argument or a variable's value: those can be read by others, and stay in a history.

use std::io::IsTerminal as _;

use keyferry_app::vault::{Ask, PassphraseError, Passphrases};
use keyferry_core::secret::SecretText;

/// Asks for the vault's passphrase.
pub(crate) fn of_the_vault() -> Passphrases {
    of("the vault")
}

/// Asks for the passphrase of something.
pub(crate) fn of(thing: &'static str) -> Passphrases {
    Passphrases::new(move |what| match what {
        Ask::Known => prompt(&format!("The passphrase of {thing}: ")),
        Ask::New => {
            let shortest = Passphrases::SHORTEST;
            let one = prompt(&format!("A new passphrase for {thing}, at least {shortest} characters: "))?;
            let other = prompt("The same again: ")?;
            if one == other {
                Ok(one)
            } else {
                Err(PassphraseError::NotGiven("the two are not the same".to_owned()))
            }
        }
    })
}

/// One line of the terminal, without showing it.
fn prompt(question: &str) -> Result<SecretText, PassphraseError> {
    if !std::io::stdin().is_terminal() {
        return Err(PassphraseError::Nobody);
    }
    let line =
        rpassword::prompt_password(question).map_err(|error| PassphraseError::NotGiven(error.to_string()))?;
    if line.is_empty() {
        return Err(PassphraseError::NotGiven("the line is empty".to_owned()));
    }
    SecretText::new(line).map_err(|error| PassphraseError::NotGiven(error.to_string()))
}
