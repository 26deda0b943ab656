//! Turning what happened elsewhere into events, with no agent's cooperation.

pub mod git;
