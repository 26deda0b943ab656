//! The integration tests, in one binary.

#![allow(clippy::unwrap_used, reason = "a test may fail this way")]

mod mcp_fake;
mod mcp_http;
mod mcp_stdio;
mod python_client;
mod tidy;
