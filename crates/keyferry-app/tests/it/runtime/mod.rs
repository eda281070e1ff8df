//! The runtime, with real processes. The servers are played by the example `keyferry-test-server`.

mod calls;
mod environment;
mod harness;
mod logs;
mod orphans;
mod replace;
mod start;
mod stop;
