//! The integration tests, in one binary.

#![allow(clippy::unwrap_used, reason = "a test may fail this way")]

mod python_client;
mod tidy;
