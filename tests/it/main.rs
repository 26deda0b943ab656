//! The integration tests, in one binary.

#![allow(clippy::unwrap_used, reason = "a test may fail this way")]

mod backends;
mod checker;
mod conformance;
mod store_files;
mod writer;
