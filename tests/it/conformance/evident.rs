//! evident
