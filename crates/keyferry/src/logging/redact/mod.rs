//! The last line of defence: what looks like a secret is masked where the log leaves the program, whoever logged it.
//!
//! Secrets have types that print `[redacted]`, so nothing should ever be found here. A log line that somebody adds later, or one of a
//! library, may not know of them.
//!
//! The proxy writes a line for each request, so an ordinary line must cost next to nothing: it passes the [`gate`], which reads it once,
//! and is written as it is. Only what the gate stops meets the pattern ([`secret_pattern`]).

mod gate;
mod one_line;

use std::{
    borrow::Cow,
    io::{self, Write},
};

use keyferry_core::secret_pattern;
use tracing_subscriber::fmt::MakeWriter;

/// Standard error, behind the mask.
#[derive(Debug, Clone, Copy)]
pub(super) struct RedactedStderr;

/// Writes one log line at a time, masked and without line breaks of its own.
pub(super) struct Redacting<W>(W);

impl<'w> MakeWriter<'w> for RedactedStderr {
    type Writer = Redacting<io::Stderr>;

    fn make_writer(&'w self) -> Self::Writer {
        Redacting(io::stderr())
    }
}

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // The subscriber would tell of an error on standard error, and panic when that fails too. A full disk, or a reader of the log
        // that has gone, must not end a request, least of all one that has spent a refresh token.
        let _lost = self.0.write_all(&masked(&one_line::one_line(line)));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _lost = self.0.flush();
        Ok(())
    }
}

fn masked(line: &[u8]) -> Cow<'_, [u8]> {
    if gate::may_hold_a_secret(line) { secret_pattern::mask(line) } else { Cow::Borrowed(line) }
}

#[cfg(test)]
mod tests;
