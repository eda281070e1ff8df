//! Running commands, with what they print kept for a search afterwards.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read, Write as _},
    process::{Command, Stdio},
    thread,
    time::Instant,
};

use crate::machine::root;

/// Prints a line for the person.
#[expect(clippy::print_stderr, reason = "a chore talks to the terminal")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// Prints a line of result, for whoever reads on: a person, a file or a test runner.
#[expect(clippy::print_stdout, reason = "a chore talks to the terminal")]
pub(crate) fn print(line: &str) {
    println!("{line}");
}

/// Runs a command in the workspace's root, and says how long it took; what it prints is shown, and appended to `record` where
/// there is one.
pub(crate) fn run(command: &mut Command, record: Option<&File>) -> Result<(), String> {
    let shown = format!("{command:?}").replace('"', "");
    let failed = |error: std::io::Error| format!("{shown}: {error}");
    let started = Instant::now();
    command.current_dir(root()).stdin(Stdio::null());
    let status = match record {
        None => command.status().map_err(failed)?,
        Some(record) => {
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
            let copies = [
                child.stdout.take().map(|out| copy(out, record.try_clone())),
                child.stderr.take().map(|out| copy(out, record.try_clone())),
            ];
            for copy in copies.into_iter().flatten() {
                let copied = copy.join().map_err(|_| format!("{shown}: its output could not be read"))?;
                copied.map_err(|error| format!("{shown}: its output could not be kept: {error}"))?;
            }
            child.wait().map_err(failed)?
        }
    };
    say(&format!("    {:.1} s", started.elapsed().as_secs_f64()));
    if status.success() { Ok(()) } else { Err(format!("failed: {shown}")) }
}

/// Shows and keeps what a command prints, line by line, so that two streams don't tear each other's lines. Reads on when it can't
/// keep, for the command would wait for ever; that it could not is the result.
fn copy(
    from: impl Read + Send + 'static,
    record: std::io::Result<File>,
) -> thread::JoinHandle<std::io::Result<()>> {
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        let mut kept = Ok(());
        while from.read_until(b'\n', &mut line)? > 0 {
            let _ = std::io::stderr().write_all(&line);
            kept = kept.and_then(|()| match &record {
                Ok(record) => (&*record).write_all(&line),
                Err(error) => Err(error.kind().into()),
            });
            line.clear();
        }
        kept
    })
}
