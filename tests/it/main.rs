//! it
#![allow(clippy::unwrap_used)]

mod mcp_fake;
mod mcp_http;
mod mcp_stdio;
