//! The name of something under way that takes a while, such as an install: whoever began it asks for news by it.

use std::{fmt, str::FromStr};

/// 128 random bits, so that nobody meets another's by chance. It is no authority: the bearer token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ticket(u128);

/// A text that is no ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("such an id is 32 of 0-9 and a-f")]
pub(crate) struct InvalidTicket;

impl Ticket {
    pub(crate) fn from_entropy(entropy: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(entropy))
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", self.0)
    }
}

impl FromStr for Ticket {
    type Err = InvalidTicket;

    fn from_str(text: &str) -> Result<Self, InvalidTicket> {
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 32 || !text.bytes().all(hexadecimal) {
            return Err(InvalidTicket);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| InvalidTicket)
    }
}
