//! The gateway and the bridge with MCP clients and servers that are not ours, and MCP's own conformance suite.

mod client;
mod conformance;
mod fastmcp;
mod inspector;
mod kit;
mod python_sdk;
mod servers;
mod stage;
mod typescript_sdk;

use client::{Over, use_everything, use_reference};
use kit::Kit;
use stage::Stage;
