//! nginx with one worker. It forwards what it gets, and so does the least that any proxy must: the floor.

use std::{net::SocketAddr, path::Path};

use super::{super::load::Upstream, program, write};
use crate::{
    bench::{loopback, process::Process},
    machine,
};

pub(super) fn start(upstream: &Upstream, folder: &Path) -> Result<(Process, SocketAddr), String> {
    let nginx = machine::nginx().ok_or("nginx is not installed; `cargo xtask setup` installs it")?;
    let address = loopback::free_address().map_err(|error| error.to_string())?;
    write(folder, "nginx.conf", &configuration(address, upstream))?;
    let mut command = program(nginx, folder);
    command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(folder);
    let process = Process::start("nginx", &mut command)?;
    loopback::wait_until_open(address)?;
    Ok((process, address))
}

/// Paths are below the prefix, which is the target's folder. Connections are kept on both sides, however many requests they carried.
fn configuration(address: SocketAddr, upstream: &Upstream) -> String {
    let Upstream { address: server, authority } = upstream;
    let (scheme, tls) = match authority {
        None => ("http", String::new()),
        Some(authority) => (
            "https",
            format!(
                "proxy_ssl_verify on; proxy_ssl_trusted_certificate {}; proxy_ssl_name localhost; proxy_ssl_server_name on;",
                authority.display()
            ),
        ),
    };
    format!(
        "daemon off;
worker_processes 1;
pid nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log access.log;
    keepalive_requests 1000000000;
    client_body_temp_path client;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    upstream provider {{
        server {server};
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {address};
        location = /oauth/token {{
            proxy_pass {scheme}://provider/forwarded;
            {tls}
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
        }}
    }}
}}
"
    )
}
