//! The integration tests, in one binary.

#![allow(clippy::unwrap_used, reason = "a test may fail this way")]

mod bad_input;
mod cli;
mod cli_program;
mod mcp_fake;
mod mcp_http;
mod mcp_schemas;
mod mcp_session;
mod mcp_stdio;
mod python_client;
mod tidy;
