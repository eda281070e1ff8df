//! `keyferry proxy`, as it is shipped.

use std::{net::SocketAddr, path::Path};

use super::{super::load::Upstream, CLIENT_ID, CLIENT_SECRET, file, program, write};
use crate::bench::process::Process;

pub(super) fn start(
    programs: &Path,
    upstream: &Upstream,
    folder: &Path,
) -> Result<(Process, SocketAddr), String> {
    let base = match upstream.authority {
        None => format!("http://{}", upstream.address),
        Some(_) => format!("https://localhost:{}", upstream.address.port()),
    };
    let provider = format!(
        "display_name = \"Bench\"\n\
         [authorization]\nendpoint = \"{base}/authorize\"\n\
         [token]\nendpoint = \"{base}/token\"\n"
    );
    // A folder of its own: the log is written beside it, request by request.
    std::fs::create_dir(folder.join("providers")).map_err(|error| error.to_string())?;
    write(folder, "providers/bench.toml", &provider)?;
    let mut proxy = program(programs.join("keyferry"), folder);
    proxy.args(["proxy", "--listen", "127.0.0.1:0", "--providers", "providers", "--json"]);
    proxy.env("BENCH_CLIENT_ID", CLIENT_ID).env("BENCH_CLIENT_SECRET", CLIENT_SECRET);
    if let Some(authority) = &upstream.authority {
        proxy.env("KEYFERRY_PROXY_CA_FILE", authority);
    }
    Process::start_announced("keyferry proxy", proxy.stderr(file(folder, "log")?))
}
