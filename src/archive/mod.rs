//! The format of an export: JSON Lines that hold events exactly as they are stored, so that a store
//! can be restored from them and every hash checked. Documented in `docs/export-format.md`.
//!
//! Pure of store details: [`record`] and [`event_line`] write and read lines, [`Reader`] holds a sequence
//! of lines to the rules, [`Lines`] splits a stream into bounded lines.

pub mod event_line;
mod lines;
mod reader;
pub mod record;

pub use lines::{Line, Lines, parse};
pub use reader::{Item, Reader};

/// The name of the format, in the header.
pub const FORMAT: &str = "annals-export";

/// The version of the format, in the header.
pub const VERSION: u32 = 1;
