//! Running commands, with what they print kept for a search afterwards.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read, Write as _},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::Instant,
};

/// Prints a line for the person.
#[expect(clippy::print_stderr, reason = "a chore talks to the terminal")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}

/// Whether a command can be run and ends well. Prints nothing.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    let command = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    command.is_ok_and(|status| status.success())
}

/// Runs a command in the workspace's root; what it prints is shown, and appended to `record` where there is one.
pub(crate) fn run(command: &mut Command, record: Option<&File>) -> Result<(), String> {
    let shown = format!("{command:?}").replace('"', "");
    let failed = |error: std::io::Error| format!("{shown}: {error}");
    let started = Instant::now();
    command.current_dir(root());
    let status = match record {
        None => command.status().map_err(failed)?,
        Some(record) => {
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
            let copies = [
                child.stdout.take().map(|out| copy(out, record.try_clone())),
                child.stderr.take().map(|out| copy(out, record.try_clone())),
            ];
            for copy in copies.into_iter().flatten() {
                copy.join().map_err(|_| format!("{shown}: its output could not be read"))?;
            }
            child.wait().map_err(failed)?
        }
    };
    say(&format!("    {:.1} s", started.elapsed().as_secs_f64()));
    if status.success() { Ok(()) } else { Err(format!("failed: {shown}")) }
}

/// Shows and keeps what a command prints, line by line, so that two streams don't tear each other's lines.
fn copy(from: impl Read + Send + 'static, record: std::io::Result<File>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut record = record.ok();
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let _ = std::io::stderr().write_all(&line);
            if let Some(record) = &mut record {
                let _ = record.write_all(&line);
            }
            line.clear();
        }
    })
}
