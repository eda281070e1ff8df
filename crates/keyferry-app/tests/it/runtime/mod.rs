//! The runtime, with real processes and, below `containers`, real containers. The servers are played by the example `keyferry-test-server`.

mod calls;
#[cfg(unix)]
mod containers;
mod environment;
mod harness;
mod logs;
mod orphans;
mod replace;
mod start;
mod stop;
