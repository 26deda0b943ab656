//! Annals: the event store for AI coding agents.
//!
//! Annals records every state change of every agent instance in an append-only log, replays any
//! instance to any point, and answers queries over MCP and a command line. The layers, from the
//! inside out; a layer uses only those before it:
//!
//! - [`domain`]: events, instances, the catalogue of event types, errors. No I/O, no async.
//! - [`replay`], [`integrity`], [`redact`]: folding events into a work state; hashing and `decide`;
//!   replacing secrets. Pure.
//! - [`archive`]: the format of an export. Pure.
//! - [`store`]: the [`store::EventStore`] trait and its backends. All SQL lives here.
//! - [`service`]: the use cases. Every rule that a caller can observe lives here or below.
//! - [`capture`], [`mcp`], [`http`], [`cli`]: entry layers. They translate and call `service`.

pub mod archive;
pub mod capture;
pub mod cli;
pub mod domain;
pub mod http;
pub mod integrity;
pub mod mcp;
pub mod redact;
pub mod replay;
pub mod service;
pub mod store;
