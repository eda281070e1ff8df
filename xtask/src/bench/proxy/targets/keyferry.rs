//! `keyferry proxy`, as it is shipped.

use std::{net::SocketAddr, path::Path};

use super::{CLIENT_ID, CLIENT_SECRET, file, program, write};
use crate::bench::process::Process;

pub(super) fn start(
    programs: &Path,
    upstream: SocketAddr,
    folder: &Path,
) -> Result<(Process, SocketAddr), String> {
    let provider = format!(
        "display_name = \"Bench\"\n\
         [authorization]\nendpoint = \"http://{upstream}/authorize\"\n\
         [token]\nendpoint = \"http://{upstream}/token\"\n"
    );
    // A folder of its own: the log is written beside it, request by request.
    std::fs::create_dir(folder.join("providers")).map_err(|error| error.to_string())?;
    write(folder, "providers/bench.toml", &provider)?;
    let mut proxy = program(programs.join("keyferry"), folder);
    proxy.args(["proxy", "--listen", "127.0.0.1:0", "--providers", "providers", "--json"]);
    proxy.env("BENCH_CLIENT_ID", CLIENT_ID).env("BENCH_CLIENT_SECRET", CLIENT_SECRET);
    Process::start_announced("keyferry proxy", proxy.stderr(file(folder, "log")?))
}
