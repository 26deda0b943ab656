//! The integration tests, in one binary.

#![allow(clippy::unwrap_used, reason = "a test may fail this way")]

mod backends;
mod bad_input;
mod checker;
mod cli;
mod cli_program;
mod conformance;
mod disk;
mod faults;
mod inspector;
mod kill;
mod mcp_changes;
mod mcp_client;
mod mcp_fake;
mod mcp_http;
mod mcp_resources;
mod mcp_schemas;
mod mcp_session;
mod mcp_stdio;
mod node;
mod official_conformance;
mod postgres_faults;
mod postgres_proxy;
mod postgres_server;
mod power_cut;
mod python_client;
mod redaction;
mod round_trip;
mod specification;
mod store_files;
mod tidy;
mod typescript_client;
mod writer;
