//! What can fail, why, and what the person can do next.

use std::{path::PathBuf, time::Duration};

use keyferry_core::id::ServerName;

/// A failure of the runtime. Clones, because every caller of one shared start gets it.
///
/// Texts of the server in it have their secrets masked and their control characters escaped, and are bounded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// A variable can't be set.
    #[error("the variable {name:?} can't be set: {reason}")]
    Variable {
        /// Its name, cut to 60 characters.
        name: String,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// An argument can't be passed.
    #[error("argument {position} can't be passed: it holds a NUL")]
    Argument {
        /// Counted from 1.
        position: usize,
    },
    /// There is no such command.
    #[error("the command {program:?} was not found")]
    ProgramNotFound {
        /// As it was asked for.
        program: String,
    },
    /// It is there, but can't be executed.
    #[error("{} can't be executed: {reason}", path.display())]
    NotExecutable {
        /// Where it is.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// No container engine answers.
    #[error("there is no container engine{}", looked_at(looked))]
    NoEngine {
        /// What is there and does not answer, with the reason.
        looked: Vec<String>,
    },
    /// The container engine refused something.
    #[error("the container engine could not {doing}: {reason}")]
    Engine {
        /// What it was to do.
        doing: &'static str,
        /// What it said.
        reason: String,
    },
    /// An image can't be had, or not be used.
    #[error("the image {image} can't be used: {reason}")]
    Image {
        /// Its name.
        image: String,
        /// Why.
        reason: String,
    },
    /// A folder or file is not shown to a container.
    #[error("{} is not shown to a container: {reason}", path.display())]
    Mount {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// This program needs the libraries of its machine, which no container has.
    #[error("{} can't run in a container: it is not linked statically", program.display())]
    NotStatic {
        /// The program.
        program: PathBuf,
    },
    /// A credential file can't be written.
    #[error("a credential file can't be written below {}: {reason}", home.display())]
    Files {
        /// The folder of the server's files.
        home: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// The server's folder is not there.
    #[error("the server's folder {} is not there", .0.display())]
    Folder(PathBuf),
    /// The operating system refused to start it.
    #[error("{} did not start: {reason}", path.display())]
    Spawn {
        /// The program.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// Its log can't be written.
    #[error("the log {} can't be opened: {reason}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// It ended before it answered `initialize`.
    #[error("{server} ended at its start ({ended}){}", said(last_lines))]
    DiedAtStart {
        /// The server.
        server: ServerName,
        /// Exit code or signal.
        ended: String,
        /// The last things it said.
        last_lines: Vec<String>,
    },
    /// What it prints is not MCP.
    #[error("{server} prints something that is not MCP to its standard output: {sample:?}")]
    NotMcp {
        /// The server.
        server: ServerName,
        /// The first of it.
        sample: String,
    },
    /// It did not answer `initialize`, or not in time.
    #[error("{server} did not answer `initialize` within {} s{}", limit.as_secs_f32(), said(last_lines))]
    NeverAnswered {
        /// The server.
        server: ServerName,
        /// The limit.
        limit: Duration,
        /// The last things it said.
        last_lines: Vec<String>,
    },
    /// It closed its output, though it went on running.
    #[error("{server} closed its standard output{}", said(last_lines))]
    ClosedOutput {
        /// The server.
        server: ServerName,
        /// The last things it said.
        last_lines: Vec<String>,
    },
    /// A server elsewhere can't be reached, or does not speak MCP.
    #[error("{server} can't be reached: {reason}")]
    Unreachable {
        /// The server.
        server: ServerName,
        /// What went wrong.
        reason: String,
    },
    /// A server elsewhere wants another token.
    #[error("{server} refuses the token that it is sent")]
    TokenRefused {
        /// The server.
        server: ServerName,
    },
    /// It sent a message above the limit.
    #[error("{server} sent a message of more than {limit} bytes")]
    MessageTooLarge {
        /// The server.
        server: ServerName,
        /// The limit in bytes.
        limit: usize,
    },
    /// It ended by itself after it had been running.
    #[error("{server} ended by itself ({ended}){}", said(last_lines))]
    Ended {
        /// The server.
        server: ServerName,
        /// Exit code or signal.
        ended: String,
        /// The last things it said.
        last_lines: Vec<String>,
    },
    /// It was stopped while it was being started.
    #[error("{server} was stopped while it was being started")]
    StoppedMeanwhile {
        /// The server.
        server: ServerName,
    },
    /// It survived `SIGKILL`, which only the kernel can cause.
    #[error("{server} did not end after it was killed")]
    Unkillable {
        /// The server.
        server: ServerName,
    },
    /// A call needs a server that runs.
    #[error("{server} does not run")]
    NotRunning {
        /// The server.
        server: ServerName,
    },
    /// A call took too long and was cancelled.
    #[error("{server} did not answer {what} within {} s", limit.as_secs_f32())]
    TimedOut {
        /// The server.
        server: ServerName,
        /// What was asked of it.
        what: String,
        /// The limit.
        limit: Duration,
    },
    /// It ended during a call.
    #[error("{server} stopped while it was asked for {what}")]
    StoppedDuringCall {
        /// The server.
        server: ServerName,
        /// What was asked of it.
        what: String,
    },
    /// It answered with an error (JSON-RPC 2.0 §5.1).
    #[error("{server} refused {what}: {message} ({code})")]
    Refused {
        /// The server.
        server: ServerName,
        /// What was asked of it.
        what: String,
        /// The JSON-RPC error code.
        code: i32,
        /// Its message.
        message: String,
    },
    /// It answered something that does not fit the question.
    #[error("{server} answered {what} with something else")]
    BadReply {
        /// The server.
        server: ServerName,
        /// What was asked of it.
        what: String,
    },
    /// More tools than a server can have, or a listing that does not end.
    #[error("{server} lists more than {limit} tools")]
    TooManyTools {
        /// The server.
        server: ServerName,
        /// The limit.
        limit: usize,
    },
    /// More servers than one app keeps.
    #[error("there are {0} servers already")]
    TooManyServers(usize),
    /// The app is ending.
    #[error("the app is shutting down")]
    ShuttingDown,
}

fn said(lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { format!(": {}", lines.join(" | ")) }
}

fn looked_at(looked: &[String]) -> String {
    if looked.is_empty() { String::new() } else { format!(" that answers: {}", looked.join("; ")) }
}

impl RuntimeError {
    /// A stable word a program can branch on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Variable { .. } => "bad_variable",
            Self::Argument { .. } => "bad_argument",
            Self::ProgramNotFound { .. } => "command_not_found",
            Self::NotExecutable { .. } => "command_not_executable",
            Self::NoEngine { .. } => "no_container_engine",
            Self::Engine { .. } => "container_engine_failed",
            Self::Image { .. } => "image_unavailable",
            Self::Mount { .. } => "mount_refused",
            Self::NotStatic { .. } => "program_not_static",
            Self::Files { .. } => "file_delivery",
            Self::Folder(_) => "server_folder_missing",
            Self::Spawn { .. } => "server_not_started",
            Self::Log { .. } => "log_not_writable",
            Self::DiedAtStart { .. } => "server_died_at_start",
            Self::NotMcp { .. } => "server_not_mcp",
            Self::NeverAnswered { .. } => "server_never_answered",
            Self::ClosedOutput { .. } => "server_closed_output",
            Self::Unreachable { .. } => "server_unreachable",
            Self::TokenRefused { .. } => "server_refuses_token",
            Self::MessageTooLarge { .. } => "server_message_too_large",
            Self::Ended { .. } => "server_ended",
            Self::StoppedMeanwhile { .. } => "server_stopped",
            Self::Unkillable { .. } => "server_unkillable",
            Self::NotRunning { .. } => "server_not_running",
            Self::TimedOut { .. } => "call_timed_out",
            Self::StoppedDuringCall { .. } => "server_stopped_during_call",
            Self::Refused { .. } => "call_refused",
            Self::BadReply { .. } => "bad_reply",
            Self::TooManyTools { .. } => "too_many_tools",
            Self::TooManyServers(_) => "too_many_servers",
            Self::ShuttingDown => "shutting_down",
        }
    }

    /// What the person can do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Variable { .. } => "change or remove the variable in the manifest's `env`".to_owned(),
            Self::Argument { .. } => "change the argument in the manifest's `args`".to_owned(),
            Self::ProgramNotFound { program } => super::process::program::hint(program).to_owned(),
            Self::NotExecutable { path, .. } => {
                format!("make it executable: chmod +x {:?}", path.display().to_string())
            }
            Self::NoEngine { .. } => "install Podman, or start Docker; or let the server run as a process, which may do what you may: \
                 --runtime process"
                .to_owned(),
            Self::Engine { .. } => "see what there is: keyferry runtime status".to_owned(),
            Self::Image { .. } => {
                "check its name, and that this machine reaches its registry; `keyferry runtime prepare` makes the base image"
                    .to_owned()
            }
            Self::Mount { .. } => "name another folder".to_owned(),
            Self::NotStatic { .. } => "build it so: RUSTFLAGS=\"-C target-feature=+crt-static\" cargo build --release --target \
                 x86_64-unknown-linux-gnu; or leave --runtime out"
                .to_owned(),
            Self::Files { .. } => "look at the permissions and the free space of the data folder".to_owned(),
            Self::Folder(_) => "install the server again".to_owned(),
            Self::Spawn { hint, .. } => (*hint).to_owned(),
            Self::Log { .. } => "check who owns the data folder, and that its disk is not full".to_owned(),
            Self::NotMcp { .. } => {
                "check the manifest's command: an MCP server speaks on its standard output alone, and writes its messages to \
                 standard error"
                    .to_owned()
            }
            Self::MessageTooLarge { .. } => "ask the server for less at a time, and start it again".to_owned(),
            Self::Unreachable { .. } => "check its URL and the network".to_owned(),
            Self::TokenRefused { .. } => {
                "sign in again: `keyferry connections list` shows the account; or install it with another token".to_owned()
            }
            Self::StoppedMeanwhile { server } | Self::NotRunning { server } => {
                format!("start it: keyferry start {server}")
            }
            Self::Unkillable { .. } => "look at the process in the system monitor; a restart of the machine ends it".to_owned(),
            Self::TimedOut { server, .. } => {
                format!("try again; if it stays so, restart it: keyferry stop {server}, keyferry start {server}")
            }
            Self::Refused { server, .. } => format!("see which tools there are and what they take: keyferry status {server}"),
            Self::DiedAtStart { server, .. }
            | Self::NeverAnswered { server, .. }
            | Self::ClosedOutput { server, .. }
            | Self::Ended { server, .. }
            | Self::StoppedDuringCall { server, .. }
            | Self::BadReply { server, .. } => format!("see what it said: keyferry logs {server}"),
            Self::TooManyTools { .. } => "report it to the server's author".to_owned(),
            Self::TooManyServers(_) => "uninstall servers that are not needed".to_owned(),
            Self::ShuttingDown => "start the app again".to_owned(),
        }
    }

    /// Whether the server's log says more.
    pub(crate) fn is_told_in_its_log(&self) -> bool {
        matches!(
            self,
            Self::DiedAtStart { .. }
                | Self::NeverAnswered { .. }
                | Self::ClosedOutput { .. }
                | Self::Ended { .. }
                | Self::StoppedDuringCall { .. }
                | Self::BadReply { .. }
        )
    }
}
