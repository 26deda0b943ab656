//! The Model Context Protocol: the tools, over stdio ([`stdio`]) and over Streamable HTTP
//! ([`crate::http`]).
//!
//! This layer translates and holds no rule of its own: arguments become a request of the service,
//! its answer or refusal becomes a tool result. Both protocol eras are served, 2026-07-28 and
//! those with an `initialize` handshake, and no call depends on what an earlier one left behind, so
//! a client may reconnect at any time; only a subscription ends with its connection.

mod arguments;
mod calls;
mod completions;
mod expectation;
mod handler;
mod lines;
pub(crate) mod message;
mod prompts;
mod refusal;
mod resources;
mod running;
mod schema;
mod server;
pub mod stdio;
mod subscriptions;
mod teller;
mod tool;
mod tools;
mod turns;

pub use server::{Lifecycle, Server};
pub(crate) use subscriptions::LISTEN;
pub use tool::{Effect, Tool, tool};

/// The most bytes of one message, over stdio as over HTTP. A batch of 1,000 events of 16 KiB fits.
pub const MESSAGE_BYTES: usize = 16 * 1024 * 1024;
/// A message above [`MESSAGE_BYTES`] is read up to this size, so that it can be answered.
pub(crate) const READ_BYTES: usize = 4 * MESSAGE_BYTES;
