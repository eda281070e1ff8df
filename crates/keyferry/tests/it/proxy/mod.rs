//! `keyferry proxy` as whoever runs it has it: processes that are ended, killed, short of files, full of connections, or whose clock is set.

mod clock;
mod ended;
mod files;
mod idle;
mod load;
mod replicas;
mod stage;

#[path = "../../../../keyferry-proxy/tests/it/support/nginx.rs"]
#[expect(dead_code, reason = "the proxy's own tests need more of it")]
mod nginx;
#[path = "../../../../keyferry-proxy/tests/it/support/raw.rs"]
#[expect(dead_code, reason = "the proxy's own tests need more of it")]
mod raw;
