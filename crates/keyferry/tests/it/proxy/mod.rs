//! `keyferry proxy` as whoever runs it has it: processes that are ended, killed, short of files, full of connections, whose
//! clock is set, or whose resolver is silent.

mod clock;
mod ended;
mod files;
mod idle;
mod load;
mod memory;
mod names;
mod replicas;
mod stage;

#[path = "../../../../keyferry-proxy/tests/it/support/nginx.rs"]
mod nginx;
#[path = "../../../../keyferry-proxy/tests/it/support/raw.rs"]
#[expect(dead_code, reason = "the proxy's own tests need more of it")]
mod raw;
#[path = "../../../../keyferry-proxy/tests/it/support/redis.rs"]
#[expect(dead_code, reason = "the proxy's own tests need more of it")]
mod redis;
