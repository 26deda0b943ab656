//! Redaction against a labelled corpus: secrets that are drawn from the published formats, and
//! ordinary text that must stay as it is.

#![allow(clippy::print_stdout, reason = "a failing test shows what it missed")]

mod contexts;
mod draw;
mod formats;
mod ordinary;
mod recall;
mod samples;
mod secrets;
mod ways;
