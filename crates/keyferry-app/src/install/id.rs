//! The name of an install under way.

use std::{fmt, str::FromStr};

/// 128 random bits, so that nobody meets another's install by chance. It is no authority: the bearer token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct InstallId(u128);

/// A text that is no install's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an install's id is 32 of 0-9 and a-f")]
pub(crate) struct InvalidInstallId;

impl InstallId {
    pub(crate) fn from_entropy(entropy: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(entropy))
    }
}

impl fmt::Display for InstallId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", self.0)
    }
}

impl FromStr for InstallId {
    type Err = InvalidInstallId;

    fn from_str(text: &str) -> Result<Self, InvalidInstallId> {
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 32 || !text.bytes().all(hexadecimal) {
            return Err(InvalidInstallId);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| InvalidInstallId)
    }
}
