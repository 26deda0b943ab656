//! idempotent
