//! immutable
