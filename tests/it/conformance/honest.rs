//! honest
